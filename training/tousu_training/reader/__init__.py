"""The careful reader's training: a pretrained encoder read once, its upper layers tuned on labelled rows."""
