"""Old temporary files, moved into quarantine."""
