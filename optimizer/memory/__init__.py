"""Memory: what the host has, who uses it, and what can be given back."""
