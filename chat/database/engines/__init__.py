"""The engines of the embedded database: programs with MongoDB's protocol."""
