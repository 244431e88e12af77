"""The Celery workers: one per resource and host."""
