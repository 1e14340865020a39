"""The run-time check of every annotated shape and type that pytest turns on for the tensor code (see pyproject.toml).

It is on where tensors are: `lddu.models.equations`, `model`, `losses`, `batch`. Elsewhere mypy says as much.
"""

from typing import Any

import jaxtyping._decorator
from beartype import BeartypeConf, beartype

jaxtyping._decorator._tb_flag = (
    False  # it would load JAX, which mediapipe brings, to leave itself out of JAX's tracebacks
)

_BEARTYPE = beartype(conf=BeartypeConf(is_pep484_tower=True))  # takes an int for a float, as Python's typing rules do


def checked(annotated: Any) -> Any:
    """A function or class whose annotations are checked; protocols are left to mypy.

    From Python 3.12 on `isinstance` does not see a module's parameters as its attributes.
    """
    if not isinstance(annotated, type):
        hints = annotated.__annotations__
        annotated.__annotations__ = {
            name: object if getattr(hint, "_is_protocol", False) else hint for name, hint in hints.items()
        }
    return _BEARTYPE(annotated)
