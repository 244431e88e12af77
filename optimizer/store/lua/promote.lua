-- Puts jobs on their queues that have become due.
-- ARGV 1 how many at most
-- Returns how many they were
go_on_when_full()
local promoted = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now_ms(), 'LIMIT', 0, ARGV[1])) do
  redis.call('ZREM', DELAYED, id)
  -- One that somebody has spoilt, or whose queue somebody has, is not to stop the others
  local done = pcall(function()
    if redis.call('HGET', job_key(id), 'status') == 'queued' then
      push(id)
    end
  end)
  promoted = promoted + (done and 1 or 0)
end
return promoted
