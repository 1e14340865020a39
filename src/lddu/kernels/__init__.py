"""The costly parts of the equations in few passes over memory; the numbers are those of the plain formulas."""
