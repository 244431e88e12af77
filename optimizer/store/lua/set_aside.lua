-- Moves a message of which no job can be made out of the way, to where an operator can look at it.
-- KEYS 1 public list  2 list of what was set aside   ARGV 1 the message  2 how many are kept
-- Returns 1 where it was moved, 0 where it was not the next one any more
if redis.call('LINDEX', KEYS[1], -1) ~= ARGV[1] then
  return 0
end
redis.call('RPOPLPUSH', KEYS[1], KEYS[2])
redis.call('LTRIM', KEYS[2], 0, ARGV[2] - 1)
return 1
