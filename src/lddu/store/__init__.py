"""The feature store: features, clip table and provenance on disk."""
