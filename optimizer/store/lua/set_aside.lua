-- Moves a message of which no job can be made out of the way, to where an operator can look at it.
-- ARGV 1 public list  2 the message  3 how many are kept
-- Returns 1 where it was moved, 0 where it was not the next one any more
if redis.call('LINDEX', ARGV[1], -1) ~= ARGV[2] then
  return 0
end
redis.call('RPOPLPUSH', ARGV[1], 'hro:set-aside')
redis.call('LTRIM', 'hro:set-aside', 0, ARGV[3] - 1)
return 1
