"""The MongoDB client, and the embedded database in its place."""
