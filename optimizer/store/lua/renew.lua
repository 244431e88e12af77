-- Sets when the lease of a job ends that a process of this worker runs. Called by the worker's parent process: a child
-- that is busy in C code could not do it in time, and one that has died can do nothing.
-- KEYS 1 job  2 running   ARGV 1 id  2 owner  3 the child's process id  4 ms from now; 0 where the child has died
-- Returns 'renewed' | 'lost'
local state = redis.call('HMGET', KEYS[1], 'status', 'owner', 'process')
if state[1] ~= 'running' or state[2] ~= ARGV[2] or state[3] ~= ARGV[3] then
  return 'lost'
end
local ends = now_ms() + ARGV[4]
redis.call('HSET', KEYS[1], 'lease_ms', ends)
redis.call('ZADD', KEYS[2], ends, ARGV[1])
return 'renewed'
