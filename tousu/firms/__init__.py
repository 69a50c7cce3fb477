"""Names of firms: one firm under several spellings counts as one."""
