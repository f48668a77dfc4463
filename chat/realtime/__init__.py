"""The live side: connections, what is pushed to them, and how."""
