-- What several scripts need; put before each of them when it is loaded.
-- Keys are named here as keys.py has them: on a server without a cluster a script may find its own way, as from a job
-- to the one that it is a part of.
local RUNNING, DELAYED, JOBS, QUEUES = 'hro:running', 'hro:delayed', 'hro:jobs', 'hro:queues'
local OUTBOX, METRICS = 'hro:outbox', 'hro:metrics'
local SET_ASIDE, MOST_BYTES_ASIDE = 'hro:set-aside', 16384
local HISTORY, QUARANTINE, MOST_HISTORY = 'hro:history', 'hro:quarantine', 10000

local function job_key(id)
  return 'hro:job:' .. id
end

local function queued_key(queue)
  return 'hro:queued:' .. queue
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- New jobs are refused while there is some memory left, so that those which were taken can run and end.
local function is_nearly_full()
  local memory = redis.call('INFO', 'memory')
  local most = tonumber(string.match(memory, '\nmaxmemory:(%d+)'))
  return most > 0 and tonumber(string.match(memory, 'used_memory:(%d+)')) > 0.9 * most
end

-- Where no memory is left, Redis refuses a script whose first write could take more. After a first write that cannot,
-- it lets the script go on: for what brings jobs to their end.
local function go_on_when_full()
  redis.call('DEL', 'hro:nothing')
end

local function is_final(status)
  return status == 'completed' or status == 'failed' or status == 'cancelled'
end

-- An event waits in the outbox until the keeper has handed it to RabbitMQ.
-- Its id is a function of the job's history, so that a repetition can be told from news.
local function emit(event_id, event_type, id, host, data)
  redis.call('XADD', OUTBOX, '*', 'event_id', event_id, 'event_type', event_type, 'optimization_id', id,
    'host', host, 'data', data, 'timestamp_ms', now_ms())
end

-- Keeps what nothing could be made of, where an operator can look at it, newest first; `most` of that. Of a long one,
-- which may be hundreds of megabytes, its beginning and how long it was.
local function set_aside(text, most)
  if #text > MOST_BYTES_ASIDE then
    local length = string.format(' … (the first %d of %d bytes)', MOST_BYTES_ASIDE, #text)
    text = string.sub(text, 1, MOST_BYTES_ASIDE) .. length
  end
  local kind = redis.call('TYPE', SET_ASIDE).ok
  if kind ~= 'list' and kind ~= 'none' then -- it must not stop what comes behind it
    redis.call('RENAME', SET_ASIDE, SET_ASIDE .. ':spoilt')
  end
  redis.call('LPUSH', SET_ASIDE, text)
  redis.call('LTRIM', SET_ASIDE, 0, most - 1)
end

-- What marks a message as the one that was pushed last, and says since when its job waits.
local function tag_of(id, pushes, queued_ms)
  return id .. '@' .. pushes .. '@' .. queued_ms
end

-- The message to the worker, which is only a hint: to the end of the line, or again to its front. A job keeps the time
-- since when it waits; each push has a tag of its own, by which Celery knows what it has handed out.
local function push(id, to_front)
  local key = job_key(id)
  redis.call('HSETNX', key, 'queued_ms', now_ms())
  local pushes = redis.call('HINCRBY', key, 'pushes', 1)
  local job = redis.call('HMGET', key, 'queue', 'message', 'queued_ms')
  local message = string.gsub(job[2], '{tag}', tag_of(id, pushes, job[3]), 1)
  redis.call('ZADD', queued_key(job[1]), job[3], id)
  redis.call('SADD', QUEUES, job[1])
  -- The last step: where the queue's key is somebody else's, the job waits in the index until that is put right
  redis.call(to_front and 'RPUSH' or 'LPUSH', job[1], message)
end

-- A new job's place: on its queue, or among those that are not due yet.
local function line_up(id)
  local due_ms = tonumber(redis.call('HGET', job_key(id), 'due_ms'))
  if due_ms and due_ms > now_ms() then
    redis.call('ZADD', DELAYED, due_ms, id)
  else
    push(id)
  end
end

-- The one way in: record, place in the index, event. `job` is what entry() in records.py makes.
local function record(job)
  local key = job_key(job.id)
  redis.call('HSET', key, 'status', 'queued', 'attempt', 0, 'version', 1, unpack(job.fields))
  redis.call('ZADD', JOBS, now_ms(), job.id)
  emit(job.id .. ':queued', 'job.queued', job.id, redis.call('HGET', key, 'host'), job.event)
end

-- Keeps what a job left for so many seconds more.
local function keep(id, seconds)
  for _, name in ipairs({'hro:job:', 'hro:result:', 'hro:plan:', 'celery-task-meta-'}) do
    redis.call('EXPIRE', name .. id, seconds)
  end
end

-- A part of `parent` has begun, if that is a job that is made of others.
local function begin_parent(parent)
  local key = job_key(parent)
  local state = redis.call('HMGET', key, 'status', 'open', 'host')
  if state[1] == 'queued' and state[2] then
    redis.call('HSET', key, 'status', 'running', 'started_ms', now_ms())
    redis.call('HINCRBY', key, 'version', 1)
    emit(parent .. ':started', 'job.started', parent, state[3], '{}')
  end
end

local finalize

-- A part of `parent` has ended. With the last one the parent ends: failed or cancelled if any of them did.
-- Returns whether the parent is there, and still needs what its parts left.
local function end_part(parent)
  local key = job_key(parent)
  local state = redis.call('HMGET', key, 'open', 'children', 'endings')
  if not state[1] then
    return false -- that job is not made of this one: it is what this one acted on, or nothing
  end
  redis.call('HINCRBY', key, 'version', 1)
  if redis.call('HINCRBY', key, 'open', -1) > 0 then
    return true
  end
  local status = 'completed'
  for child in string.gmatch(state[2], '%S+') do
    local how = redis.call('HGET', job_key(child), 'status')
    if how == 'failed' or (how == 'cancelled' and status == 'completed') then
      status = how
    end
  end
  local ending = cjson.decode(cjson.decode(state[3])[status])
  redis.call('HDEL', key, 'open', 'endings')
  finalize(parent, ending)
  for child in string.gmatch(state[2], '%S+') do
    keep(child, ending.record_seconds)
  end
  return true
end

-- The one way into a final status: record, result, Celery's result, events, counters and indexes together.
-- `ending` is what _ending_json() in endings.py writes; its strings are JSON already and are stored as they are.
function finalize(id, ending)
  local key, celery_result = job_key(id), 'celery-task-meta-' .. id
  local job = redis.call('HMGET', key, 'host', 'queue', 'parent_id')
  redis.call('HSET', key, 'status', ending.status, 'finished_ms', now_ms(), 'error', ending.error,
    'reversible', ending.reversible, 'plan', ending.plan)
  redis.call('HINCRBY', key, 'version', 1)
  redis.call('HDEL', key, 'message', 'cancel', 'nonce')
  redis.call('SET', 'hro:tombstone:' .. id, '1', 'EX', ending.tombstone_seconds)
  if ending.result ~= '' then
    redis.call('SET', 'hro:result:' .. id, ending.result)
  end
  for _, action in ipairs(ending.actions) do
    redis.call('RPUSH', 'hro:plan:' .. id, action)
  end
  redis.call('SET', celery_result, ending.celery_result)
  redis.call('PUBLISH', celery_result, ending.celery_result) -- wakes AsyncResult.get()
  redis.call('ZREM', RUNNING, id)
  redis.call('ZREM', DELAYED, id)
  redis.call('ZREM', queued_key(job[2]), id)
  if ending.history ~= '' then
    redis.call('LPUSH', HISTORY, ending.history)
    redis.call('LTRIM', HISTORY, 0, MOST_HISTORY - 1)
  end
  if ending.quarantine ~= '' then
    redis.call('HSET', QUARANTINE, job[1], ending.quarantine)
  end
  for _, event in ipairs(ending.events) do
    emit(id .. ':' .. event.name, event.type, id, job[1], event.data)
  end
  for _, counter in ipairs(ending.counters) do
    redis.call('HINCRBYFLOAT', METRICS, counter[1], counter[2])
  end
  for _, gauge in ipairs(ending.gauges) do
    redis.call('HSET', METRICS, gauge[1], gauge[2])
  end
  if not end_part(job[3]) then
    keep(id, ending.record_seconds)
  end
end
