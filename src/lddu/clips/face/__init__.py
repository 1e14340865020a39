"""Face features."""
