"""CPU: who uses it, and whether anybody waits for it."""
