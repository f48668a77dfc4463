"""The HTTP face: load, call a service, dump."""
