"""What is delivered, tried as somebody gets it: ``python -m tests.packaging`` (needs a package index)."""
