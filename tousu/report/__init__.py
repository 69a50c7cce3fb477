"""Tagged files in, a page for a station's monthly analysis out."""
