-- Notes how far an attempt is, and tells it whether it shall go on.
-- ARGV 1 id  2 nonce  3 progress
-- Returns 'go' | 'cancel' | 'fenced'
go_on_when_full()
local key = job_key(ARGV[1])
local job = redis.call('HMGET', key, 'status', 'nonce', 'cancel')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then
  return 'fenced'
end
redis.call('HSET', key, 'progress', ARGV[3])
redis.call('HINCRBY', key, 'version', 1)
return job[3] and 'cancel' or 'go'
