"""The training objective and the memory of the contrastive loss."""
