-- Cancels a job. Before its first attempt it ends here, even if no worker is up; later the worker is asked to stop,
-- because effects may exist that only it can complete or roll back.
-- ARGV 1 id  2 the ending of a job that never ran
-- Returns 'cancelled' | 'requested' | 'ended' | 'unknown'
local id = ARGV[1]
local state = redis.call('HMGET', job_key(id), 'status', 'attempt')
if not state[1] then
  return 'unknown'
end
if is_final(state[1]) then
  return 'ended'
end
if state[1] == 'queued' and tonumber(state[2]) == 0 then
  finalize(id, cjson.decode(ARGV[2]))
  return 'cancelled'
end
redis.call('HSET', job_key(id), 'cancel', '1')
redis.call('HINCRBY', job_key(id), 'version', 1)
return 'requested'
