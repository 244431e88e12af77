"""Hashing: digests of files, and the cache that saves reading them again."""
