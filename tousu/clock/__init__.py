"""Clocks: the legal periods that run for the cases of a ledger, on a calendar of real working days."""
