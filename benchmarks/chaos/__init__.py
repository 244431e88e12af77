"""Kills every part of the service while it works, and then accounts for each job, effect and event."""
