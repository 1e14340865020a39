"""The LDDU network: parameters around the equations."""
