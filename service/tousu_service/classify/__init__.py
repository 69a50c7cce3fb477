"""Texts of requests in, taggings out: micro-batches, items, streams."""
