"""Text rules that schemas, services and repositories share."""
