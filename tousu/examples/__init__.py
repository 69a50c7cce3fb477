"""Worked examples (典型案例): how a matter of a kind was handled, found again by likeness."""
