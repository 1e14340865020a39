"""M3ED as its distributors ship it."""
