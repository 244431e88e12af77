-- Gives a job to the worker that holds a message for it. The record decides; the message is only a hint.
-- ARGV 1 id  2 owner  3 nonce  4 lease in ms  5 most attempts  6 the ending where there were too many
--      7 the id of the process that will run it, a child of the owner
-- Returns {'claimed', fence, all fields} | {'final'} | {'busy'} | {'unknown'} | {'poison'}
go_on_when_full()
local id, key = ARGV[1], job_key(ARGV[1])
local job = redis.call('HMGET', key, 'status', 'lease_ms', 'attempt', 'nonce', 'fence', 'host', 'queue', 'parent_id')
local status, now = job[1], now_ms()

if not status or job[7] == '' then -- what is made of others is run by nobody
  return {'unknown'}
end
if status == 'running' and job[4] == ARGV[3] then
  return {'claimed', job[5], redis.call('HGETALL', key)} -- our own repetition after a lost reply
end
if is_final(status) then
  return {'final'}
end
if status == 'running' and tonumber(job[2]) > now then
  return {'busy'}
end
local attempt = tonumber(job[3]) + 1
if attempt > tonumber(ARGV[5]) then
  finalize(id, cjson.decode(ARGV[6]))
  return {'poison'}
end

local fence = tonumber(job[5] or '0') + 1
redis.call('HSET', key, 'status', 'running', 'attempt', attempt, 'fence', fence, 'nonce', ARGV[3],
  'owner', ARGV[2], 'process', ARGV[7], 'lease_ms', now + ARGV[4])
redis.call('HSETNX', key, 'started_ms', now)
redis.call('HINCRBY', key, 'version', 1)
redis.call('ZREM', queued_key(job[7]), id)
redis.call('ZREM', DELAYED, id)
redis.call('ZADD', RUNNING, now + ARGV[4], id)
emit(id .. ':' .. fence .. ':started', 'job.started', id, job[6],
  cjson.encode({attempt = attempt, worker = ARGV[2]}))
begin_parent(job[8])
return {'claimed', fence, redis.call('HGETALL', key)}
