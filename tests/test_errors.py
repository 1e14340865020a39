"""Errors name parameters: as Python has them in Python, as options on the command line."""

import ast
import inspect
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lddu
from lddu.commands import cli, data
from lddu.commands.options import as_option
from lddu.errors import ConfigError, LdduError, RunError, SourceError, Value, parameter
from lddu.models.families import preset
from tests.builders import tiny_store

SOURCE = Path(lddu.__file__).parent


def sentences(tree: ast.AST) -> Iterator[str]:
    """Every text of a module that is no docstring, with the commands that it quotes taken out."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield re.sub(r"'(lddu|torchrun) [^']*('|$)", "", node.value)


def modules() -> list[str]:
    found = (str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))
    return sorted(name for name in found if not name.startswith(("commands/", "clips/simulated/")))


@pytest.mark.parametrize("name", modules())
def test_no_sentence_of_the_library_names_an_option(name: str) -> None:
    tree = ast.parse((SOURCE / name).read_text(encoding="utf-8"))
    named = [text for text in sentences(tree) if re.search(r"(^|[ (])--[a-z]", text)]
    assert not named


STUDIED = ("StoreError", "RunError", "MismatchError")


def raised(tree: ast.AST) -> Iterator[str]:
    """Every sentence that is raised where it is written, with what it quotes as source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) in STUDIED:
            yield ast.unparse(node.exc)


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith(("store/", "runs/"))])
def test_every_sentence_on_a_store_or_a_run_says_what_to_do(name: str) -> None:
    """The cure stands behind a semicolon or a colon."""
    told = raised(ast.parse((SOURCE / name).read_text(encoding="utf-8")))
    assert [sentence for sentence in told if not re.search("[;:] [a-z{]", sentence[:-1])] == []


def options() -> set[str]:
    """Every option of the command line."""
    verbs = [verb for _, verb, _, _ in cli.VERBS] + [data.import_, data.simulate, data.describe]
    named = {f"--{name.replace('_', '-')}" for verb in verbs for name in inspect.signature(verb).parameters}
    told = preset("default").to_mapping()
    return named | {
        f"--{section}.{name.replace('_', '-')}"
        for section, settings in told.items()
        if isinstance(settings, dict)
        for name in settings
    }


def marked() -> dict[str, Value]:
    """Every parameter that a sentence of the library names, and a value that one proposes."""
    found: dict[str, Value] = {}
    for name in modules():
        for node in ast.walk(ast.parse((SOURCE / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "parameter":
                words = [ast.literal_eval(word) for word in node.args if isinstance(word, ast.Constant)]
                found |= {words[0]: words[1] if len(words) > 1 else None} if words else {}
    return found


PYTHON_ONLY = {"rows", "network", "file"}
"""Parameters of what no command does."""


def test_every_parameter_that_a_sentence_names_is_an_option() -> None:
    names = marked()
    assert {"seed", "members", "out", "force"} <= set(names)
    shown = {as_option(name, value).split()[0] for name, value in names.items() if name not in PYTHON_ONLY}
    assert shown <= options() | {"--unaligned"}


def test_python_reads_parameters_and_the_command_line_options() -> None:
    fault = ConfigError(f"Expected {parameter('members')} of 1, but got 0; give {parameter('device', 'cpu')}.")
    assert str(fault) == "Expected `members` of 1, but got 0; give `device='cpu'`."
    assert fault.sentence(as_option) == "Expected --seeds of 1, but got 0; give --device cpu."
    assert fault.parameters == ("members", "device")


def test_a_flag_has_no_value_on_the_command_line() -> None:
    fault = RunError(f"Expected run to be free; add {parameter('force', True)}.")
    assert str(fault).endswith("add `force=True`.") and fault.sentence(as_option).endswith("add --force.")
    assert as_option("existing", "update") == "--update"


def test_an_error_names_its_parameters_after_it_came_from_another_process() -> None:
    fault = pickle.loads(pickle.dumps(SourceError(f"Expected {parameter('present_at')} to lie in (0, 1].")))
    assert fault.sentence(as_option) == "Expected --present-at to lie in (0, 1]." and fault.parameters == (
        "present_at",
    )


@given(st.text(), st.text(alphabet='\ue000\ue001[]"a,1'))
def test_a_file_name_cannot_break_a_sentence_or_pass_for_a_parameter(one: str, other: str) -> None:
    """Names of files and clips are anybody's text, with the letters of a mark too."""
    name = one + other
    fault = LdduError(f"Expected {name!r}, but got {parameter(name, name)}.")
    assert str(fault) == f"Expected {name!r}, but got `{name}={name!r}`."


def test_the_command_line_shows_the_option_of_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store").path
    with pytest.raises(SystemExit) as stop:
        cli.main(["search", "--trials", "0", str(store), "--out", str(tmp_path / "search")])
    assert stop.value.code == 2 and "Expected --trials to be at least 1, but got 0" in capsys.readouterr().err
