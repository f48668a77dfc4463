"""Consumers follow the rooms' logs and miss no message: search, push, the files.

A consumer has a cursor in each room, in the database. It gets what comes after it, and then the
cursor moves: each message at least once, in the order of its room. One process at a time works for
a consumer; it holds a lease.
"""
