"""High and low watermarks: when a filesystem is too full, what is reclaimed, in which order, and when to stop."""
