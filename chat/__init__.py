"""A chat server: people, groups, one-to-one talks, and a history nobody loses."""
