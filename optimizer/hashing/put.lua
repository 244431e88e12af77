-- Keeps the digests of folders for a while, and drops the oldest ones where they take too much. One step, so that no
-- other worker's folders come between the counting and the dropping. Returns the place of these folders in the order
-- of their host, and that of the last one before them.
--
-- KEYS[1]  index: a sorted set of the keys of all hosts' folders by their places, which are microseconds since 1970
-- KEYS[2]  sizes: a hash of their bytes by the same keys, with the total at '' (nothing)
-- KEYS[3]  this host's own index
-- KEYS[4…] the folders' keys
-- ARGV[1]  seconds for which a folder is kept
-- ARGV[2]  bytes that all of them may take
-- ARGV[3…] the folders, one for each key
local ttl, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
local before = tonumber(last[2] or 0)
local time = redis.call('TIME')
local place = math.max(time[1] * 1000000 + time[2], before + 1)

local function forget(key)
  local size = redis.call('HGET', KEYS[2], key)
  if size then
    redis.call('HDEL', KEYS[2], key)
    redis.call('HINCRBY', KEYS[2], '', '-' .. size)
  end
  redis.call('ZREM', KEYS[1], key)
  redis.call('ZREM', string.match(key, '^(.*):[^:]*:[^:]*:[^:]*$') .. ':index', key)
  redis.call('UNLINK', key)
end

for i = 4, #KEYS do
  local key, value = KEYS[i], ARGV[i - 1]
  forget(key)
  redis.call('SET', key, value, 'EX', ttl)
  redis.call('HSET', KEYS[2], key, #value)
  redis.call('HINCRBY', KEYS[2], '', #value)
  redis.call('ZADD', KEYS[1], place, key)
  redis.call('ZADD', KEYS[3], place, key)
end

-- Those older than that have expired by themselves; the indexes do not know yet
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', place - ttl * 1000000, 'LIMIT', 0, 1000)) do
  forget(key)
end

while tonumber(redis.call('HGET', KEYS[2], '') or 0) > room do
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  if not oldest then
    break
  end
  forget(oldest)
end

for i = 1, 3 do
  redis.call('EXPIRE', KEYS[i], ttl)
end
-- As text: not every client takes numbers of more than 32 bits
return { string.format('%.0f', place), string.format('%.0f', before) }
