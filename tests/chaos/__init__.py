"""Faults on purpose, against a real server: ``python -m tests.chaos``. Loopback only, bounded in time."""
