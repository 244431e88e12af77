-- Takes a lease, or renews one's own. ARGV 1 lease  2 holder  3 ms   Returns 1 where the caller holds it
local holder = redis.call('GET', ARGV[1])
if holder and holder ~= ARGV[2] then
  return 0
end
redis.call('SET', ARGV[1], ARGV[2], 'PX', ARGV[3])
return 1
