"""What people look at: reports, comparisons, clip pages."""
