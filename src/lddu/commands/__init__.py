"""One module per verb of the command line: thin over the Python interface, light to import (no torch on top)."""
