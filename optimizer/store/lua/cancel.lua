-- Cancels a job. Before its first attempt it ends here, even if no worker is up; later the worker is asked to stop,
-- because effects may exist that only it can complete or roll back.
-- KEYS as job_keys()
-- ARGV 1 id  2 the ending of a job that never ran
-- Returns 'cancelled' | 'requested' | 'ended' | 'unknown'
local keys, id = job_keys(), ARGV[1]
local state = redis.call('HMGET', keys.job, 'status', 'attempt')
if not state[1] then
  return 'unknown'
end
if state[1] ~= 'queued' and state[1] ~= 'running' then
  return 'ended'
end
if state[1] == 'queued' and tonumber(state[2]) == 0 then
  finalize(keys, id, cjson.decode(ARGV[2]))
  return 'cancelled'
end
redis.call('HSET', keys.job, 'cancel', '1')
redis.call('HINCRBY', keys.job, 'version', 1)
return 'requested'
