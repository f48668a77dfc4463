"""The rooms' logs. Append to them, read them and follow them through `RoomLog` alone."""
