"""Packages that only raw clips need: imported when used, and one sentence says how to get them."""

import importlib
from typing import Any

from lddu.errors import PackageError


def needs(module: str, extra: str, purpose: str) -> Any:
    """The imported module.

    Args:
        module: import name, such as ``av``.
        extra: this project's extra that brings it.
        purpose: what it is for, to complete "... needs".

    Raises:
        PackageError: where it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as fault:
        if fault.name and fault.name.split(".")[0] != module.split(".")[0]:
            raise  # the package is there, but something it needs is broken: its own message says what
        package = module.split(".")[0]
        raise PackageError(
            f"Expected the package {package!r} for {purpose}, but it is not installed; run: pip install 'lddu[{extra}]'."
        ) from None
