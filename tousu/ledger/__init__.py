"""Ledgers: the lists of cases a station keeps, read into one table of known columns."""
