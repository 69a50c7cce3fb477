"""The endpoints: thin, the work is in the rooms."""
