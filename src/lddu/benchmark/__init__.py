"""How fast this machine trains and predicts, against what its matrix products allow and against a plain implementation."""
