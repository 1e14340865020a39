"""Probabilities to decisions: everything here is fitted on validation and frozen into `decision.json`."""
