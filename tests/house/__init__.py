"""The house itself: rooms, words, pages, packaging."""
