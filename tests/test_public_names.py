"""What `import lddu` offers: light to import, documented, and what its name says."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lddu
from lddu.evaluate.compare import Comparison
from lddu.runs.compare import RunPair
from lddu.runs.predictions import Predictions

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", lddu.__all__)
def test_every_public_name_is_there_and_on_the_page(name: str) -> None:
    assert getattr(lddu, name).__doc__
    assert re.search(rf"`lddu\.{name}[`(]", PAGE)
    assert name in dir(lddu)


CALLS = [(call.partition("(")[0], call) for call in re.findall(r"^\| `lddu\.(\w+\(.*?\))` \|", PAGE, re.MULTILINE)]
OWNERS = {"Predictor": lddu.Predictor, "Predictions": Predictions, "RunFolder": lddu.RunFolder}
"""Classes that have a table of their own."""
STORE_FIELDS = set(re.findall(r"self\.(\w+)[, ].*= ", inspect.getsource(lddu.FeatureStore)))


def members() -> list[tuple[type, str]]:
    """Class and method or attribute, as the tables of the page have them."""
    found = []
    for name, owner in OWNERS.items():
        [rows] = re.findall(rf"^\| `{name}` \| gives \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
        for row in rows.splitlines():
            shown = re.findall(r"`(.+?)`", row.split(" | ")[0])
            found += [(owner, code) for code in shown if re.fullmatch(r"\w+(\(.*\))?", code)]
    return found


MEMBERS = members()


@pytest.mark.parametrize(
    ("owner", "call"), [(lddu, call) for _, call in CALLS] + [(o, code) for o, code in MEMBERS if "(" in code]
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


@pytest.mark.parametrize(("owner", "name"), [(o, name) for o, name in MEMBERS if "(" not in name])
def test_every_attribute_on_the_page_exists(owner: type, name: str) -> None:
    fields = owner.__dict__.get("__dataclass_fields__", {})
    source = inspect.getsource(owner)
    assert hasattr(owner, name) or name in fields or f"self.{name} = " in source


def test_every_public_name_has_a_call_on_the_page_and_every_class_its_table() -> None:
    assert {name for name, _ in CALLS} | {"Predictor"} == set(lddu.__all__)
    told = {(owner, code.partition("(")[0]) for owner, code in MEMBERS}
    usual = ("__call__", "predict", "latents", "evaluate", "robustness", "warnings", "remarks", "explain")
    assert told >= {(lddu.Predictor, name) for name in usual} | {(lddu.RunFolder, "metrics")}
    assert told >= {(Predictions, name) for name in ("to_pandas", "to_csv", "to_records", "probability")}


def test_what_a_row_names_of_its_result_exists() -> None:
    """A store's members, and the way from a pair of runs to a difference."""
    gives = dict(re.findall(r"^\| `lddu\.(\w+)\(.*?\)` \| (.*) \|$", PAGE, re.MULTILINE))
    members = re.findall(r"`(\w+)(?:\(.*?\))?`", gives["FeatureStore"])
    assert len(members) > 5 and all(hasattr(lddu.FeatureStore, name) or name in STORE_FIELDS for name in members)
    [(first, second)] = re.findall(r"`pair\.(\w+)\.(\w+)", gives["compare_runs"])
    assert first in RunPair.__dataclass_fields__ and second in Comparison.__dataclass_fields__


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
