"""docs/method.md maps every equation to its function and its test, and the map is complete."""

import inspect
import re
from pathlib import Path

import pytest

from lddu.models import equations

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
ROWS = {
    int(number): (re.findall(r"`(\w+)`", functions), re.findall(r"`([\w/.]+)::(\w+)`", tests))
    for number, functions, tests in re.findall(r"^\| \((\d+)\) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
}


def test_every_equation_is_written_out_and_has_a_row() -> None:
    assert sorted(ROWS) == list(range(1, 26))
    assert sorted(int(number) for number in re.findall(r"\\tag\{(\d+)\}", PAGE)) == list(range(1, 26))


@pytest.mark.parametrize("number", range(1, 26))
def test_functions_and_tests_of_a_row_exist(number: int) -> None:
    functions, tests = ROWS[number]
    assert functions and tests
    for function in functions:
        assert f"Eq. ({number})" in (getattr(equations, function).__doc__ or "")
    for file, test in tests:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_function_that_names_an_equation_is_in_its_row() -> None:
    for name, function in inspect.getmembers(equations, inspect.isfunction):
        if function.__module__ != equations.__name__ or name.startswith("_"):
            continue
        first_line = (function.__doc__ or "").splitlines()[0]
        for number in re.findall(r"Eq\. \((\d+)\)", first_line):
            assert name in ROWS[int(number)][0], f"{name} belongs to Eq. ({number})"
