"""The schemas of bodies and payloads, and the dumping of answers and events."""
