"""Who may ask, how often, and what is kept of refusals."""
