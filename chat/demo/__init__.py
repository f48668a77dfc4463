"""Demo data: users, rooms and messages, created by `flask --app chat.app seed demo`."""
