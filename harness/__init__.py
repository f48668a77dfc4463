"""Shared by tests and benchmarks: servers, test users, load generators and external programs."""
