"""Closed logs, compressed in their place."""
