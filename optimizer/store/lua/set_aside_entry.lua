-- Moves an entry of a stream of which no event can be made out of the way.
-- ARGV 1 stream  2 group  3 the entry's id  4 the entry as text  5 how many are kept
-- Returns 1 where it was moved, 0 where it was not there any more
if #redis.call('XRANGE', ARGV[1], ARGV[3], ARGV[3]) == 0 then
  return 0
end
set_aside(ARGV[4], ARGV[5])
redis.call('XACK', ARGV[1], ARGV[2], ARGV[3])
redis.call('XDEL', ARGV[1], ARGV[3])
return 1
