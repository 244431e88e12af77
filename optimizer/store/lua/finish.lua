-- Ends an attempt, if it is still the one that counts.
-- KEYS as job_keys()
-- ARGV 1 id  2 'nonce' or 'owner': which of the two proves that the caller may  3 its value  4 the ending
-- Returns 'finished' | 'already' | 'fenced'
local keys, id = job_keys(), ARGV[1]
local state = redis.call('HMGET', keys.job, 'status', ARGV[2])
if state[1] == 'running' and state[2] == ARGV[3] then
  finalize(keys, id, cjson.decode(ARGV[4]))
  return 'finished'
end
if state[1] == 'completed' or state[1] == 'failed' or state[1] == 'cancelled' then
  return 'already'
end
return 'fenced'
