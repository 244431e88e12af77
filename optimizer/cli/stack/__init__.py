"""The programs of `hro up` and `hro demo`: a private Redis, the API and the workers, started and ended together."""
