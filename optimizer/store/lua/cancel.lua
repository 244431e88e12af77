-- Cancels a job, or all that it is made of. Before its first attempt it ends here, even if no worker is up; later the
-- worker is asked to stop, because effects may exist that only it can complete or roll back.
-- ARGV of each job: its id, the ending of a job that never ran
-- Returns whether any of them had not ended yet
go_on_when_full()
local stopped = false
for place = 1, #ARGV, 2 do
  local id = ARGV[place]
  local job = redis.call('HMGET', job_key(id), 'status', 'attempt')
  if job[1] == 'queued' and tonumber(job[2]) == 0 then
    stopped = true
    finalize(id, cjson.decode(ARGV[place + 1]))
  elseif job[1] and not is_final(job[1]) then
    stopped = true
    redis.call('HSET', job_key(id), 'cancel', '1')
    redis.call('HINCRBY', job_key(id), 'version', 1)
  end
end
return stopped
