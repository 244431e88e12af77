"""What api, beat and workers share in Redis; each atomic change is one Lua file."""
