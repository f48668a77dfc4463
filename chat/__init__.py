"""A chat server: people, groups, one-to-one talks, and a history nobody loses."""

__version__ = "0.1.0"  # stands here alone; setup.cfg reads it
