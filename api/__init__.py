"""The HTTP API: validates, routes and refuses early; it never runs a job."""
