"""What `import lddu` offers: light to import, documented, and what its name says."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lddu

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", lddu.__all__)
def test_every_public_name_is_there_and_on_the_page(name: str) -> None:
    assert getattr(lddu, name).__doc__
    assert f"`lddu.{name}`" in PAGE
    assert name in dir(lddu)


CALLS = re.findall(r"^\| `lddu\.(\w+)`.*? \| `(.+?)`", PAGE, re.MULTILINE)
METHODS = re.findall(r"^\| `((?!lddu)\w+\(.*?\))` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    ("owner", "call"), [(lddu, call) for _, call in CALLS] + [(lddu.Predictor, m) for m in METHODS]
)
def test_every_call_on_the_page_has_parameters_that_exist(owner: object, call: str) -> None:
    parsed = ast.parse(call, mode="eval").body
    assert isinstance(parsed, ast.Call) and isinstance(parsed.func, ast.Name)
    parameters = inspect.signature(getattr(owner, parsed.func.id)).parameters
    shown = [word.id for word in parsed.args if isinstance(word, ast.Name)]
    assert shown == [name for name in parameters if name != "self"][: len(shown)]
    for keyword in parsed.keywords:
        told, real = ast.unparse(keyword.value), parameters[str(keyword.arg)].default
        assert told in ("...", "{}") or ast.literal_eval(told) == real


def test_the_page_shows_a_call_of_every_name_and_what_a_predictor_can_do() -> None:
    assert {name for name, _ in CALLS} | {"Predictor"} == set(lddu.__all__)
    assert {method.partition("(")[0] for method in METHODS} >= {"predict", "evaluate", "robustness", "warnings"}


def test_train_stays_a_function_whatever_was_imported() -> None:
    """A package called lddu.train would take its place."""
    import lddu.training.run

    assert callable(lddu.train) and lddu.train is lddu.training.run.train


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trayn'"):
        lddu.trayn  # noqa: B018


def test_importing_lddu_loads_no_torch() -> None:
    code = "import sys, lddu; print({'torch', 'numpy', 'pyarrow', 'sklearn'} & set(sys.modules) or 'light')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "light"
