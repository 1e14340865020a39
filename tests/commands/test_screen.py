from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.text import Text

from lddu.clips.extract import ExtractionProgress
from lddu.commands.extracting import ExtractionBar
from lddu.commands.screen import PlainConsole, notes, results, table, warn
from tests.command_line import lddu

COMMANDING = [chr(code) for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("[]/abxred\\", min_size=1, max_size=8))
def test_a_table_shows_names_with_brackets_as_they_are(capsys: pytest.CaptureFixture[str], name: str) -> None:
    capsys.readouterr()
    grid = table(name, "", name)
    grid.add_row(name, name)
    results().print(grid)
    assert capsys.readouterr().out.count(name) >= 4


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(["a", "[", *COMMANDING], min_size=1, max_size=8))
def test_no_name_gives_commands_to_a_terminal(capsys: pytest.CaptureFixture[str], name: str) -> None:
    capsys.readouterr()
    grid = table(name, "", name)
    grid.add_row(name, Text(name))
    results().print(grid)
    notes().print(name, markup=False)
    warn([name])
    shown = capsys.readouterr()
    assert not set(COMMANDING) & set(shown.out + shown.err)
    assert name.count("a") <= shown.err.count("a")


@pytest.mark.parametrize("name", [":Ghost:", ":heart:", ":smile:", "[red]:cat:"])
def test_a_name_of_an_emoji_is_shown_as_it_is(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """A person in a clip is called talk:Ghost, and a sentence about it goes on with a colon."""
    grid = table(name, "", name)
    grid.add_row(name, name)
    results().print(grid)
    results().print(name, markup=False)
    notes().print(name, markup=False)
    warn([f"talk{name} hardly any of its sound is voiced"])
    shown = capsys.readouterr()
    assert shown.out.count(name) == 5 and shown.err.count(name) == 2


def test_the_bar_shows_the_name_of_a_file_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "lddu.commands.extracting.notes", lambda: PlainConsole(stderr=True, force_terminal=True, width=120)
    )
    with ExtractionBar() as bar:
        bar.extracted(ExtractionProgress(done=1, total=2, file="[red]face:cat:.wav"))
    assert "[red]face:cat:.wav" in capsys.readouterr().err


def test_a_title_is_not_broken_at_the_width_of_a_narrow_table(capsys: pytest.CaptureFixture[str]) -> None:
    title = "second - first by _speaker: 95 % interval, chance"
    grid = table(f"\n{title}", "", "clips")
    grid.add_row("Anna", "5")
    results().print(grid)
    results().print(grid)
    assert capsys.readouterr().out.splitlines().count(title) == 2


def test_what_is_not_there_gives_no_commands_either(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert not set(COMMANDING) & set(lddu(capsys, "predict", tmp_path / "a\x1b[2J.wav").err)


def test_a_name_of_two_lines_takes_one(capsys: pytest.CaptureFixture[str]) -> None:
    with ExtractionBar() as bar:
        bar.extracted(ExtractionProgress(done=1, total=2, file="new\nline.wav"))
    assert "extracted 1 of 2: new line.wav\n" in capsys.readouterr().err
