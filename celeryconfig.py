"""Celery's settings: constants only. Broker address and queues are set in workers/app.py, from the product's own.

The Celery message is a hint and the job record is the truth, so each line only has to keep hints coming.
"""

from typing import Any

# --- what a worker does with a message --------------------------------------------------------------------
task_acks_late = True  # a message that its worker took to the grave comes back
task_reject_on_worker_lost = True  # so does one whose process was killed; the claim's cap ends an endless round
task_acks_on_failure = True  # a job that failed has ended, and its record says so
task_acks_on_timeout = True  # so has one that ran too long
worker_prefetch_multiplier = 1  # nothing is held back behind a long job
task_track_started = False  # the claim writes "running"; a second writer could only disagree
task_create_missing_queues = False  # a misspelt queue fails at once, instead of filling a list that nobody reads

# --- the broker -------------------------------------------------------------------------------------------
broker_connection_retry_on_startup = True  # workers may start before Redis
broker_connection_max_retries = None  # and outlive any outage of it
worker_cancel_long_running_tasks_on_connection_loss = False  # True loses what is running when Redis restarts
broker_transport_options: dict[str, Any] = {
    # After so many seconds an unacknowledged message is delivered again. Short, because it only repeats a hint:
    # the lease in the record says whether the job is still being run.
    "visibility_timeout": 60,
    "unacked_restore_interval": 5,  # look for such messages every 5 s (kombu's default is up to 100 s)
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,  # longer than the second for which a worker blocks on an empty queue
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "priority_steps": [0],  # one list a queue: no priorities, so that queue lengths are what they seem
}

# --- the worker process -----------------------------------------------------------------------------------
worker_soft_shutdown_timeout = 10  # at SIGTERM a short job may end; a longer one's message goes back
worker_max_tasks_per_child = 200  # whatever a library leaks goes with its process
worker_send_task_events = True  # for Flower and the bridge
worker_hijack_root_logger = False  # one JSON line per record, ours and Celery's alike
worker_redirect_stdouts = False

# --- what crosses the wire --------------------------------------------------------------------------------
task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]  # never pickle: a message must not be able to run code
task_default_queue = "unrouted"  # a task without a queue of ours fails as unknown, as it should

# --- clocks -----------------------------------------------------------------------------------------------
enable_utc = True
timezone = "UTC"
