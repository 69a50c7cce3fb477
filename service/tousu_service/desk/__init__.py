"""The desk: what an officer does in a browser, and what is kept of it."""
