"""WSGI middleware: each HTTP request passes it before Flask, from `access_log` to `deadline`."""
