-- Takes a job: record, message and event in one step, or finds the one that answers the same request.
-- KEYS 1 job  2 queue (the list that a worker pops)  3 queued  4 jobs  5 queues  6 outbox  7 idempotency  8 joinable
-- ARGV 1 id  2 queue's name  3 message  4 event data  5 fingerprint of the request or ''
--      6 seconds an idempotency key is kept  7 ms a finished analysis is fresh, -1 where none may be joined
--      8… fields of the record, name and value in turn
-- Returns {'new' | 'same' | 'joined' | 'conflict', id}
local id = ARGV[1]

if redis.call('EXISTS', KEYS[1]) == 1 then
  return {'same', id} -- the submitter's own repetition after a lost reply
end

if ARGV[5] ~= '' then
  local earlier = redis.call('GET', KEYS[7])
  if earlier then
    local fingerprint, its_id = string.match(earlier, '^(%S+) (%S+)$')
    return {fingerprint == ARGV[5] and 'same' or 'conflict', its_id}
  end
end

local fresh_ms = tonumber(ARGV[7])
if fresh_ms >= 0 then
  local running = redis.call('GET', KEYS[8])
  if running then
    local state = redis.call('HMGET', 'hro:job:' .. running, 'status', 'finished_ms', 'cancel')
    local waiting = (state[1] == 'queued' or state[1] == 'running') and not state[3]
    local fresh = state[1] == 'completed' and now_ms() - tonumber(state[2]) <= fresh_ms
    if waiting or fresh then
      return {'joined', running}
    end
  end
  redis.call('SET', KEYS[8], id, 'EX', 86400)
end

if ARGV[5] ~= '' then
  redis.call('SET', KEYS[7], ARGV[5] .. ' ' .. id, 'EX', ARGV[6])
end
record(KEYS[1], KEYS[4], KEYS[6], id, ARGV[2], ARGV[4], 8)
push(KEYS[1], KEYS[2], KEYS[3], KEYS[5], id, ARGV[2], ARGV[3])

-- Records expire by themselves; their place in the index is cleared here, a few at a time.
for _, oldest in ipairs(redis.call('ZRANGE', KEYS[4], 0, 1)) do
  if redis.call('EXISTS', 'hro:job:' .. oldest) == 0 then
    redis.call('ZREM', KEYS[4], oldest)
  end
end
return {'new', id}
