"""Other people's files to a store."""
