-- Gives a job to the worker that holds a message for it. The record decides; the message is only a hint.
-- KEYS as job_keys()
-- ARGV 1 id  2 owner  3 nonce  4 lease in ms  5 most attempts  6 the ending where there were too many
--      7 the id of the process that will run it, a child of the owner
-- Returns {'claimed', fence, all fields} | {'final'} | {'busy'} | {'unknown'} | {'poison'}
local keys, id = job_keys(), ARGV[1]
local state = redis.call('HMGET', keys.job, 'status', 'lease_ms', 'attempt', 'nonce', 'fence', 'host')
local status, now = state[1], now_ms()

if not status then
  return {'unknown'}
end
if status == 'running' and state[4] == ARGV[3] then
  return {'claimed', state[5], redis.call('HGETALL', keys.job)} -- our own repetition after a lost reply
end
if status ~= 'queued' and status ~= 'running' then
  return {'final'}
end
if status == 'running' and tonumber(state[2]) > now then
  return {'busy'}
end
local attempt = tonumber(state[3]) + 1
if attempt > tonumber(ARGV[5]) then
  finalize(keys, id, cjson.decode(ARGV[6]))
  return {'poison'}
end

local fence = tonumber(state[5] or '0') + 1
redis.call('HSET', keys.job, 'status', 'running', 'attempt', attempt, 'fence', fence, 'nonce', ARGV[3],
  'owner', ARGV[2], 'process', ARGV[7], 'lease_ms', now + ARGV[4])
redis.call('HSETNX', keys.job, 'started_ms', now)
redis.call('HINCRBY', keys.job, 'version', 1)
redis.call('ZREM', keys.queued, id)
redis.call('ZADD', keys.running, now + ARGV[4], id)
emit(keys.outbox, id .. ':' .. fence .. ':started', 'job.started', id, state[6],
  cjson.encode({attempt = attempt, worker = ARGV[2]}))
return {'claimed', fence, redis.call('HGETALL', keys.job)}
