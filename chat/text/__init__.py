"""Rules of text that schemas, services and repositories share."""
