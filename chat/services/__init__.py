"""The user's verbs. They know neither the wire nor MongoDB."""
