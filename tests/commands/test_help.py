"""The help pages: every verb and option is explained, every example is a command that exists."""

import os
import re
import shlex

import pytest

from lddu.__main__ import main
from lddu.commands.cli import VERBS as REGISTERED
from lddu.commands.cli import app_for
from lddu.models.families import family_of
from lddu.models.lddu.settings import DEFAULT
from tests.command_line import lddu

VERBS = [verb.__name__.replace("_", "-") for _, verb, _, _ in REGISTERED]
VERBS += ["data import", "data simulate", "data talking", "data describe"]
EXAMPLE = re.compile(r"^  (?:\w+=\S+ )?lddu (.*?)(?: +#.*| > \S+)?$", re.MULTILINE)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_explained_with_examples_that_can_be_typed(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = lddu(capsys, *verb.split(), "--help").out
    assert page.startswith(f"Usage: lddu {verb}")
    examples = EXAMPLE.findall(page)
    assert examples and any(example.startswith(verb) for example in examples)
    for example in examples:
        app_for().parse_args(shlex.split(example), exit_on_error=False, print_error=False)


@pytest.mark.parametrize("verb", ["", "data", *VERBS])
def test_help_fits_a_terminal_of_80_columns(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = lddu(capsys, *verb.split(), "--help").out
    assert max(map(len, page.splitlines())) <= 80
    examples = page.partition("Example")[2]
    assert all(len(line) <= 78 for line in examples.splitlines()), "an example is broken over two lines"


def test_the_first_page_names_every_verb_in_the_order_of_work(capsys: pytest.CaptureFixture[str]) -> None:
    page = lddu(capsys, "--help").out
    places = [
        page.index(f"│ {verb} ") for verb in ("data", "extract", "train", "search", "evaluate", "predict", "bench")
    ]
    assert places == sorted(places)


def test_every_setting_is_an_option_with_an_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    page = " ".join(re.sub("[│╭╰╮╯─]", " ", lddu(capsys, "train", "--help").out).split())
    for section, settings in DEFAULT.to_mapping().items():
        if isinstance(settings, dict):
            for name in settings:
                assert f".{name.replace('_', '-')} " in page, f"{section}.{name}"  # a long option is broken at the dot


@pytest.mark.parametrize("family", ["lddu", "late-fusion"])
def test_every_setting_shows_the_default_of_its_family(family: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = " ".join(re.sub("[│╭╰╮╯─]", " ", lddu(capsys, "train", "--family", family, "--help").out).split())
    default = family_of(family).preset()
    [shown] = re.findall(r"--training\.batch-size .*?\[default: (\S+)\]", page)
    assert shown == str(default.training.batch_size)
    assert page.count("[default: ") >= sum(
        len(part) for part in default.to_mapping().values() if isinstance(part, dict)
    )


def test_a_choice_that_is_empty_is_not_offered(capsys: pytest.CaptureFixture[str]) -> None:
    assert "choices: ," not in lddu(capsys, "extract", "--help").out


def test_a_flag_that_is_off_has_no_default_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    page = lddu(capsys, "predict", "--help").out
    assert "False" not in page and '[default: ""]' not in page and "[default: auto]" in page


@pytest.mark.parametrize("given", [None, "ACTIVE"])
def test_threads_wait_asleep_unless_the_environment_says_otherwise(
    given: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", given or "")
    if given is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.setattr("sys.argv", ["lddu", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert os.environ["OMP_WAIT_POLICY"] == (given or "PASSIVE") and capsys.readouterr().out
