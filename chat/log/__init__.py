"""The rooms' logs: `RoomLog` is the only way to append to one, to read it and to follow it."""
