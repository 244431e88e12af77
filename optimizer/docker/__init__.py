"""Docker: what an engine keeps on disk, and how much of it is in use."""
