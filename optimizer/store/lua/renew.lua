-- Sets when the lease of a job ends that a process of this worker runs. Called by the worker's parent process: a child
-- that is busy in C code could not do it in time, and one that has died can do nothing.
-- ARGV 1 id  2 owner  3 the child's process id  4 ms from now; 0 where the child has died
-- Returns 'renewed' | 'lost'
local key = job_key(ARGV[1])
local job = redis.call('HMGET', key, 'status', 'owner', 'process')
if job[1] ~= 'running' or job[2] ~= ARGV[2] or job[3] ~= ARGV[3] then
  return 'lost'
end
local ends = now_ms() + ARGV[4]
redis.call('HSET', key, 'lease_ms', ends)
redis.call('ZADD', RUNNING, ends, ARGV[1])
return 'renewed'
