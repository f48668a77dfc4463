"""The HTTP API: each view loads its input, calls a service, and dumps the result."""
