-- Puts the messages of a queue back that got lost: between the moment when a worker pops one and the moment when Celery
-- notes that it has, nobody knows of it; and what a worker has noted dies with it if it does not begin.
--
-- A queue is first in, first out, and each message says since when its job waits. So a job that has waited for longer
-- than the one whose message is popped next has no message in the list, and nothing but those few is looked at. Where
-- the list is empty, that is so for every job that waits for longer than Celery needs to note what it has popped.
--
-- ARGV 1 queue  2 grace in ms  3 how long in ms a worker may hold a message before it begins  4 how many at most
-- Returns how many were put back
go_on_when_full()
local queue, queued = ARGV[1], queued_key(ARGV[1])
local now = now_ms()
local watermark = now - ARGV[2]

local next_message = redis.call('LINDEX', queue, -1)
if next_message then
  local readable, tag = pcall(function() return cjson.decode(next_message).properties.delivery_tag end)
  local since = readable and type(tag) == 'string' and string.match(tag, '@(%d+)$')
  if not since then
    return 0 -- somebody put it there without the store; once it is popped, the next one will say
  end
  watermark = math.min(watermark, tonumber(since))
end

local lost = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', queued, '-inf', '(' .. watermark, 'LIMIT', 0, ARGV[4])) do
  local is_record = redis.call('TYPE', job_key(id)).ok == 'hash'
  local job = is_record and redis.call('HMGET', job_key(id), 'status', 'pushes', 'queued_ms') or {}
  local noted = job[2] and job[3] and redis.call('ZSCORE', 'unacked_index', tag_of(id, job[2], job[3])) -- in seconds
  if job[1] ~= 'queued' then
    redis.call('ZREM', queued, id)
  elseif not noted or noted * 1000 < now - ARGV[3] then
    table.insert(lost, id)
  end
end
local restored = 0
for place = #lost, 1, -1 do -- the oldest last, so that it is the next one
  if pcall(push, lost[place], true) then
    restored = restored + 1
  else
    redis.call('ZREM', queued, lost[place]) -- somebody has spoilt its record: no message can be made of it
  end
end
if restored > 0 then
  redis.call('HINCRBY', METRICS, 'rescued|message_lost', restored)
end
return restored
