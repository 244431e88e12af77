-- Makes a job of a message that somebody enqueued without the store: no moment at which neither list nor record has it.
-- ARGV 1 the job, see record()  2 public list; '' where a worker holds the message already
--      3 the foreign message, which must be the public list's next one  4 the ending of a job that is refused, or ''
-- Returns 'taken' | 'refused' | 'known' | 'gone' | 'full'
local job = cjson.decode(ARGV[1])

if ARGV[2] ~= '' then
  if redis.call('LINDEX', ARGV[2], -1) ~= ARGV[3] then
    return 'gone' -- another keeper was faster
  end
  if is_nearly_full() then
    return 'full' -- it can wait where it is
  end
  redis.call('RPOP', ARGV[2])
end
if redis.call('EXISTS', job_key(job.id), 'hro:tombstone:' .. job.id) > 0 then
  return 'known' -- the sender's own repetition
end
record(job)
if ARGV[4] ~= '' then
  finalize(job.id, cjson.decode(ARGV[4]))
  return 'refused'
end
line_up(job.id)
return 'taken'
