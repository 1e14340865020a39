"""Published systems to compare with, written from their descriptions, as model families."""
