"""CMU-MOSEI as its distributors ship it."""
