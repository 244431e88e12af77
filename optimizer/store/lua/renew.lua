-- Sets when the lease of a job ends that a process of this worker runs. Called by the worker's parent process: a child
-- that is busy in C code could not do it in time, and one that has died can do nothing.
-- ARGV 1 id  2 owner  3 the child's process id  4 ms from now; 0 where the child has died
-- Returns 'renewed' | 'ended' | 'lost', where it has been taken from this process
go_on_when_full()
local key = job_key(ARGV[1])
local job = redis.call('HMGET', key, 'status', 'owner', 'process')
local is_mine = job[2] == ARGV[2] and job[3] == ARGV[3]
if not is_mine or job[1] ~= 'running' then
  return is_mine and is_final(job[1]) and 'ended' or 'lost'
end
local ends = now_ms() + ARGV[4]
redis.call('HSET', key, 'lease_ms', ends)
redis.call('ZADD', RUNNING, ends, ARGV[1])
return 'renewed'
