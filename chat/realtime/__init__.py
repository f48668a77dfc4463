"""The live side: who is connected, what reaches them, and how."""
