"""What each HTTP request passes before it comes to Flask, from `access_log` in to `deadline`."""
