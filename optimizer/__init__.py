"""Finds and safely reclaims what a host wastes. Knows neither Celery nor Flask."""
