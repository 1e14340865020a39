"""Fast forms of attention, dropout and the contrastive loss."""
