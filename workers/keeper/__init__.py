"""The keeper: one process that hands events to RabbitMQ, takes in foreign tasks, and counts Celery's events."""
