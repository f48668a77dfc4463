"""The live face: one namespace a kind of room."""
