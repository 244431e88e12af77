"""Cold files, compressed in their place."""
