"""Joint cases: matters of several authorities, firms of many complainants, hand-over sheets, the meeting's sheet (会商)."""
