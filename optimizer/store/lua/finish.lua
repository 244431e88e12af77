-- Ends an attempt, if it is still the one that counts.
-- ARGV 1 id  2 'nonce' or 'owner': which of the two proves that the caller may  3 its value  4 the ending
-- Returns 'finished' | 'already' | 'fenced'
go_on_when_full()
local job = redis.call('HMGET', job_key(ARGV[1]), 'status', ARGV[2])
if job[1] == 'running' and job[2] == ARGV[3] then
  finalize(ARGV[1], cjson.decode(ARGV[4]))
  return 'finished'
end
return is_final(job[1]) and 'already' or 'fenced'
