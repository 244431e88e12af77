-- Keeps digests for a while, and drops the oldest ones where there are too many. One step, so that no other
-- worker's entries come between the counting and the dropping.
--
-- KEYS[1]  index: a sorted set of the entries' keys by the time at which they were put, in microseconds
-- KEYS[2…] the entries' keys
-- ARGV[1]  seconds for which an entry lives
-- ARGV[2]  entries that there may be in all
-- ARGV[3…] the entries, one for each key
local ttl, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

for i = 2, #KEYS do
  redis.call('SET', KEYS[i], ARGV[i + 1], 'EX', ttl)
  redis.call('ZADD', KEYS[1], now, KEYS[i])
end

-- Those older than that have expired by themselves; the index does not know yet
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ttl * 1000000)

local surplus = redis.call('ZCARD', KEYS[1]) - capacity
while surplus > 0 do
  -- In pieces: the stack of Lua holds some 8,000 values
  local popped = redis.call('ZPOPMIN', KEYS[1], math.min(surplus, 1000))
  for i = 1, #popped, 2 do
    redis.call('UNLINK', popped[i])
  end
  surplus = surplus - 1000
end

redis.call('EXPIRE', KEYS[1], ttl)
