"""How the program reaches MongoDB, and the embedded stand-in for it."""
