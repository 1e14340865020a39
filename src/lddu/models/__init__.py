"""Model families, and how any of them is run."""
