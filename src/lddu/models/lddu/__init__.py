"""LDDU: network, objective, explanation."""
