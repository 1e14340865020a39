"""Training: plan, loop, checkpoints, conclusion."""
