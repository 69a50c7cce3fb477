"""Files of complaints in, the same files with tags out."""
