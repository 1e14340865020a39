"""Training: a plain visible loop, its optimiser, its checkpoints, and the run around it."""
