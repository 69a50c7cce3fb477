"""Bytes and tables of files, for whoever reads or writes them."""
