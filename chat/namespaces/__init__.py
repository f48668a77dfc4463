"""The Socket.IO face: one namespace for each kind of room."""
