-- Takes a job from a worker that has not renewed its lease: it waits again, before all others, or is given up.
-- ARGV 1 id  2 grace in ms  3 most attempts  4 the ending where there were too many
-- Returns 'queued' | 'poison' | 'alive'
go_on_when_full()
local id, key = ARGV[1], job_key(ARGV[1])
local job = redis.call('HMGET', key, 'status', 'lease_ms', 'attempt')
if job[1] ~= 'running' then
  redis.call('ZREM', RUNNING, id)
  return 'alive'
end
if tonumber(job[2]) > now_ms() - ARGV[2] then
  return 'alive'
end
redis.call('HINCRBY', METRICS, 'rescued|lease_over', 1)
if tonumber(job[3]) >= tonumber(ARGV[3]) then
  finalize(id, cjson.decode(ARGV[4]))
  return 'poison'
end
redis.call('ZREM', RUNNING, id)
redis.call('HDEL', key, 'nonce')
redis.call('HSET', key, 'status', 'queued')
redis.call('HINCRBY', key, 'version', 1)
push(id, true)
return 'queued'
