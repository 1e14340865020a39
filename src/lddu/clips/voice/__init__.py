"""Voice features."""
