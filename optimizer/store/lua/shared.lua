-- What several scripts need; put before each of them when it is loaded.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- An event waits in the outbox until the keeper has handed it to RabbitMQ.
-- Its id is a function of the job's history, so that a repetition can be told from news.
local function emit(outbox, event_id, event_type, id, host, data)
  redis.call('XADD', outbox, '*', 'event_id', event_id, 'event_type', event_type, 'optimization_id', id,
    'host', host, 'data', data, 'timestamp_ms', now_ms())
end

-- The one way in: record, place in the index, event. `fields` of the record: names and values in turn, from ARGV.
local function record(job, jobs, outbox, id, queue, event_data, first_field)
  redis.call('HSET', job, 'status', 'queued', 'queue', queue, 'attempt', 0, 'version', 1)
  redis.call('HSET', job, unpack(ARGV, first_field))
  redis.call('ZADD', jobs, now_ms(), id)
  emit(outbox, id .. ':queued', 'job.queued', id, redis.call('HGET', job, 'host'), event_data)
end

-- The message to the worker, which is only a hint, and the job's place among those that wait.
local function push(job, list, queued, queues, id, queue, message)
  redis.call('HSET', job, 'message', message)
  redis.call('LPUSH', list, message)
  redis.call('ZADD', queued, now_ms(), id)
  redis.call('SADD', queues, queue)
end

-- The one way into a final status: record, result, Celery's result, events, counters and indexes together.
-- `ending` is what ending_json() in endings.py writes; its strings are JSON already and are stored as they are.
local function finalize(keys, id, ending)
  local host = redis.call('HGET', keys.job, 'host')
  redis.call('HSET', keys.job, 'status', ending.status, 'finished_ms', now_ms(), 'error', ending.error,
    'reversible', ending.reversible, 'plan', ending.plan)
  redis.call('HINCRBY', keys.job, 'version', 1)
  redis.call('HDEL', keys.job, 'message', 'cancel', 'nonce')
  redis.call('EXPIRE', keys.job, ending.record_seconds)
  redis.call('SET', keys.tombstone, '1', 'EX', ending.tombstone_seconds)
  if ending.result ~= '' then
    redis.call('SET', keys.result, ending.result, 'EX', ending.record_seconds)
  end
  for _, action in ipairs(ending.actions) do
    redis.call('RPUSH', keys.plan, action)
  end
  redis.call('EXPIRE', keys.plan, ending.record_seconds)
  redis.call('SET', keys.celery_result, ending.celery_result, 'EX', ending.record_seconds)
  redis.call('PUBLISH', keys.celery_result, ending.celery_result) -- wakes AsyncResult.get()
  redis.call('ZREM', keys.running, id)
  redis.call('ZREM', keys.queued, id)
  for _, event in ipairs(ending.events) do
    emit(keys.outbox, id .. ':' .. event.name, event.type, id, host, event.data)
  end
  for _, counter in ipairs(ending.counters) do
    redis.call('HINCRBYFLOAT', keys.metrics, counter[1], counter[2])
  end
  for _, gauge in ipairs(ending.gauges) do
    redis.call('HSET', keys.metrics, gauge[1], gauge[2])
  end
end

local function job_keys()
  return {
    job = KEYS[1], tombstone = KEYS[2], result = KEYS[3], plan = KEYS[4], celery_result = KEYS[5],
    running = KEYS[6], queued = KEYS[7], outbox = KEYS[8], metrics = KEYS[9],
  }
end
