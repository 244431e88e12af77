-- Notes how far an attempt is, and tells it whether it shall go on.
-- KEYS 1 job   ARGV 1 nonce  2 progress
-- Returns 'go' | 'cancel' | 'fenced'
local state = redis.call('HMGET', KEYS[1], 'status', 'nonce', 'cancel')
if state[1] ~= 'running' or state[2] ~= ARGV[1] then
  return 'fenced'
end
redis.call('HSET', KEYS[1], 'progress', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'version', 1)
return state[3] and 'cancel' or 'go'
