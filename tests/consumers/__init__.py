"""Consumers of the rooms' logs: nothing is left out, whatever dies."""
