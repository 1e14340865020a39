"""Features on disk: the store, the importers that fill it, and the simulated corpus."""
