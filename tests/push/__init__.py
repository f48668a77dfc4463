"""Web push: who is told what, when, and over which connection."""
