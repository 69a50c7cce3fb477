"""A station's week: what piles up, and the firms named most."""
