"""The command ``tousu``: parses and prints; the work is in the other rooms."""
