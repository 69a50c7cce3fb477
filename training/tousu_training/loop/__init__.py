"""From people's answers to a better model: what to learn from, what to hold out, and whether the new one may replace the old."""
