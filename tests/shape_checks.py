"""The run-time check of every annotated shape and type that pytest turns on for the tensor code (see pyproject.toml).

It is on where tensors are: `lddu.equations`, `model`, `losses`, `batch`. Elsewhere mypy says as much.
"""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""beartype that takes an int for a float, as Python's typing rules and mypy do."""
