-- Renews the lease of a job that a process of this worker is running. Called by the worker's parent process: a child
-- that is busy in C code could not do it in time.
-- KEYS 1 job  2 running   ARGV 1 id  2 owner  3 lease in ms
-- Returns 'renewed' | 'lost'
local state = redis.call('HMGET', KEYS[1], 'status', 'owner')
if state[1] ~= 'running' or state[2] ~= ARGV[2] then
  return 'lost'
end
local ends = now_ms() + ARGV[3]
redis.call('HSET', KEYS[1], 'lease_ms', ends)
redis.call('ZADD', KEYS[2], ends, ARGV[1])
return 'renewed'
