"""Sockets, workers, the wire protocol."""
