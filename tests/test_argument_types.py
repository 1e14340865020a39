"""What is no whole number, no text, ... is refused by the name of the parameter, before any work."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import lddu
from lddu.argument_types import refuse_wrong_types
from lddu.errors import LdduError
from tests.builders import tiny_store

OPTIONS = (
    lddu.RunOptions, lddu.PredictOptions, lddu.SimulationConfig, lddu.SearchOptions, lddu.FoldOptions, lddu.ImportOptions,
    lddu.ExtractorConfig, lddu.ScoreOptions,
)  # fmt: skip
NEEDED: dict[type, dict[str, object]] = {lddu.SearchOptions: {"trials": 1}}
WRONG = {
    "int": ("1", 1.5, True),
    "float": ("1", True),
    "bool": ("no", 1),
    "str": (3, b"x"),
    "Path": ("run",),
    "Mapping": (3,),
}


def wrong_ones() -> list[tuple[type, str, object]]:
    """A value of another type for each field that is checked."""
    found: list[tuple[type, str, object]] = []
    for options in OPTIONS:
        for field in fields(options):
            kind = str(getattr(field.type, "__name__", field.type)).split("[")[0].split(" | ")[0]
            found += [(options, field.name, value) for value in WRONG.get(kind, ())]
    return found


@pytest.mark.parametrize(("options", "name", "value"), wrong_ones())
def test_a_value_of_another_type_is_refused_by_its_name(options: type, name: str, value: object) -> None:
    with pytest.raises(LdduError, match=f"`{name}`") as met:
        options(**{**NEEDED.get(options, {}), name: value})
    assert met.value.parameters == (name,)


def test_every_class_of_options_in_public_is_checked() -> None:
    named = [getattr(lddu, name) for name in lddu.__all__ if name.endswith(("Options", "Config"))]
    assert {known for known in named if inspect.isclass(known) and is_dataclass(known)} == set(OPTIONS)


def test_numbers_of_numpy_and_every_choice_are_taken() -> None:
    @dataclass
    class Made:
        whole: int = 1
        number: float | None = 0.5
        flag: bool = True
        choice: Literal["auto"] | int = "auto"
        place: Path | None = None

        def __post_init__(self) -> None:
            refuse_wrong_types(self)

    Made(np.int64(1), np.float32(0.5), np.bool_(True), 3, Path("a"))  # type: ignore[arg-type]
    Made(2, 1, False, "auto", None)
    with pytest.raises(LdduError, match="`choice` to be 'auto' or a whole number, but got 'all'"):
        Made(choice="all")  # type: ignore[arg-type]


def test_options_of_another_class_are_refused_by_the_parameters_name(tmp_path: Path) -> None:
    store, out, other = tiny_store(tmp_path / "store"), tmp_path / "out", {"seed": 1}
    calls: dict[str, Callable[[Any], object]] = {
        "config": lambda given: lddu.train(store, out, given),
        "options": lambda given: lddu.train(store, out, None, given),
        "folds": lambda given: lddu.cross_validate(store, out, folds=given),
    }
    more: list[tuple[str, Callable[[Any], object]]] = [
        *calls.items(),
        ("options", lambda given: lddu.resume(out, options=given)),
        ("options", lambda given: lddu.search(store, out, given)),
        ("options", lambda given: lddu.import_corpus(tmp_path, out, options=given)),
        ("config", lambda given: lddu.simulate(out, given)),
        ("config", lambda given: lddu.extract(tmp_path, out, given)),
    ]
    for name, call in more:
        with pytest.raises(LdduError, match=f"Expected `{name}` to be of the class lddu.*, but got dict") as met:
            call(other)
        assert met.value.parameters == (name,)
    assert not out.exists()
