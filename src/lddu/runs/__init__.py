"""A finished run in use: folder, predictions, figures, comparison."""
