-- Makes a job of a message that somebody enqueued without the store: no moment at which neither list nor record has it.
-- KEYS 1-9 as job_keys()  10 queue (the list that a worker pops)  11 jobs  12 queues  13 public list
-- ARGV 1 id  2 queue's name  3 message  4 event data  5 the foreign message, which must be the public list's next one;
--        '' where a worker holds it already  6 the ending of a job that is refused, or ''
--      7… fields of the record, name and value in turn
-- Returns 'taken' | 'refused' | 'known' | 'gone'
local keys, id = job_keys(), ARGV[1]

if ARGV[5] ~= '' then
  if redis.call('LINDEX', KEYS[13], -1) ~= ARGV[5] then
    return 'gone' -- another keeper was faster
  end
  redis.call('RPOP', KEYS[13])
end
if redis.call('EXISTS', keys.job, keys.tombstone) > 0 then
  return 'known' -- the sender's own repetition
end
record(keys.job, KEYS[11], keys.outbox, id, ARGV[2], ARGV[4], 7)
if ARGV[6] ~= '' then
  finalize(keys, id, cjson.decode(ARGV[6]))
  return 'refused'
end
push(keys.job, KEYS[10], keys.queued, KEYS[12], id, ARGV[2], ARGV[3])
return 'taken'
