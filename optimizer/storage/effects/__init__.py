"""What may be done to a file, a module an effect: each re-checks, journals, acts, and can tell what a crash left."""
