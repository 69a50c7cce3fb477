"""Labelled texts in, a model out."""
