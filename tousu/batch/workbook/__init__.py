"""Workbooks: read, and written again with their tags."""
