-- Puts jobs on their queues that have become due.
-- ARGV 1 how many at most
-- Returns how many they were
go_on_when_full()
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now_ms(), 'LIMIT', 0, ARGV[1])
for _, id in ipairs(due) do
  redis.call('ZREM', DELAYED, id)
  if redis.call('HGET', job_key(id), 'status') == 'queued' then
    push(id)
  end
end
return #due
