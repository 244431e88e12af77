-- Moves a message of which no job can be made out of the way.
-- ARGV 1 its list, '' where a worker has taken it off already  2 the message  3 how many are kept
-- Returns 1 where it was moved, 0 where it was not the next one any more
if ARGV[1] ~= '' and redis.call('LINDEX', ARGV[1], -1) ~= ARGV[2] then
  return 0
end
set_aside(ARGV[2], ARGV[3])
if ARGV[1] ~= '' then
  redis.call('RPOP', ARGV[1])
end
return 1
