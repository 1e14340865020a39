"""The simulated corpus."""
