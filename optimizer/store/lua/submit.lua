-- Takes a job: record, message and event in one step, or finds the one that answers the same request.
-- ARGV 1 the job, see record(), and behind it those that it is made of  2 the caller's name for the request, or ''  3 fingerprint of the request
--      4 seconds such a name is kept  5 fingerprint of an analysis that may be joined, or ''  6 ms a finished one is fresh
-- Returns {'new' | 'same' | 'joined' | 'conflict', id} | {'full', ''}
local jobs = cjson.decode(ARGV[1])
local job = jobs[1]

if redis.call('EXISTS', job_key(job.id)) == 1 then
  return {'same', job.id} -- the submitter's own repetition after a lost reply
end

local name = 'hro:idempotency:' .. ARGV[2]
if ARGV[2] ~= '' then
  local earlier = redis.call('GET', name)
  if earlier then
    local fingerprint, its_id = string.match(earlier, '^(%S+) (%S+)$')
    return {fingerprint == ARGV[3] and 'same' or 'conflict', its_id}
  end
end

if ARGV[5] ~= '' then
  local running = redis.call('GET', 'hro:joinable:' .. ARGV[5])
  if running then
    local state = redis.call('HMGET', job_key(running), 'status', 'finished_ms', 'cancel')
    local waiting = state[1] and not is_final(state[1]) and not state[3]
    local fresh = state[1] == 'completed' and now_ms() - tonumber(state[2]) <= tonumber(ARGV[6])
    if waiting or fresh then
      return {'joined', running}
    end
  end
end

if is_nearly_full() then
  return {'full', ''}
end
if ARGV[5] ~= '' then
  redis.call('SET', 'hro:joinable:' .. ARGV[5], job.id, 'EX', 86400)
end
if ARGV[2] ~= '' then
  redis.call('SET', name, ARGV[3] .. ' ' .. job.id, 'EX', ARGV[4])
end
for _, each in ipairs(jobs) do
  record(each)
end
for place = #jobs > 1 and 2 or 1, #jobs do -- what is made of others has no place of its own
  line_up(jobs[place].id)
end

-- Records expire by themselves; their place in the index is cleared here, a few at a time.
for _, oldest in ipairs(redis.call('ZRANGE', JOBS, 0, 1)) do
  if redis.call('EXISTS', job_key(oldest)) == 0 then
    redis.call('ZREM', JOBS, oldest)
  end
end
return {'new', job.id}
