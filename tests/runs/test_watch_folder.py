"""A watched folder: each file's rows stand in the table exactly once, whatever arrives when and wherever a kill falls."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lddu.errors import RunError, SourceError
from lddu.exports import growing
from lddu.exports.answered import Answered, AnsweredClip
from lddu.exports.growing import GrowingTable
from lddu.runs.watch_folder import look, ready, watch_folder
from tests.exports.made_up import with_table

SUFFIXES = (".csv", ".long.csv", ".jsonl")


class Killed(BaseException):
    """The process ends here."""


def clips_of(path: Path, clip: str) -> Answered:
    """As many clips as the file has words; a file of the word "broken" is broken."""
    words = path.read_text().split()
    if words == ["broken"]:
        raise SourceError(f"Expected words in {path}, but it is broken; mend it.")
    made = [
        AnsweredClip(f"{clip}#{n}", str(path), n, n + 1, f'{word},\n"', "", {"joy": 0.5}, {"joy": "present"})
        for n, word in enumerate(words)
    ]
    return with_table(("joy",), made)


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _nothing() -> None:
    """No arrival."""


def ids(table: Path) -> list[str]:
    """Clip ids of the table's rows, sorted."""
    if not table.exists():
        return []
    if table.suffix == ".jsonl":
        return sorted(json.loads(line)["clip"] for line in table.read_text().splitlines())
    with table.open(newline="") as stream:
        return sorted(row["clip"] for row in csv.DictReader(stream))


def watch(
    folder: Path,
    table: Path,
    arrivals: Sequence[Callable[[], None]],
    answer: Callable[[Path, str], Answered] = clips_of,
) -> list[str]:
    """Watch until all has arrived and was looked at; the notes."""
    notes: list[str] = []
    steps = iter([*arrivals, _nothing, _nothing])

    def pause(_: float) -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    opened = GrowingTable(table, {"run": "made up"}, ("_late",))
    try:
        with pytest.raises(KeyboardInterrupt):
            watch_folder(folder, opened, answer, 1.0, notes.append, pause)
    finally:
        opened.close()
    return notes


def torn(kill_at: int, share: float) -> Callable[[Path, bytes], None]:
    """An append that writes a part and ends the process, at its `kill_at`-th call."""
    calls = iter(range(1_000_000))
    whole = growing._append

    def append(path: Path, content: bytes) -> None:
        if next(calls) == kill_at:
            whole(path, content[: int(share * len(content))])
            raise Killed
        whole(path, content)

    return append


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3), min_size=1),
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from([0.0, 0.3, 0.9, 1.0])), max_size=5),
    st.sampled_from(SUFFIXES),
)
@example({"a": 2}, None, [(2, 0.5)], ".csv")
@example({"a": 2}, None, [(0, 0.5), (3, 1.0)], ".jsonl")
def test_rows_stand_once_whatever_arrives_when_and_wherever_kills_fall(
    files: dict[str, int], order: Random | None, kills: list[tuple[int, float]], suffix: str
) -> None:
    with tempfile.TemporaryDirectory() as place, patch.object(os, "fsync"):  # the system stays up here
        folder, table = Path(place, "in"), Path(place, f"answers{suffix}")
        folder.mkdir()
        names = list(files)
        if order is not None:
            order.shuffle(names)
        waiting = {name: partial(_write, folder / f"{name}.txt", "word " * files[name]) for name in names}
        for kill_at, share in kills:
            with patch.object(growing, "_append", torn(kill_at, share)), suppress(Killed):
                watch(folder, table, [*waiting.values()])
            waiting = {name: step for name, step in waiting.items() if not (folder / f"{name}.txt").exists()}
        watch(folder, table, [*waiting.values()])
        expected = sorted(f"{name}.txt#{n}" for name, count in files.items() for n in range(count))
        assert ids(table) == expected


def test_a_broken_file_is_noted_once_and_its_neighbours_are_answered(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("broken")
    (folder / "b.txt").write_text("fine")
    first = watch(folder, tmp_path / "t.csv", [])
    assert sum(note.startswith("a.txt: not answered. Expected words") for note in first) == 1
    assert watch(folder, tmp_path / "t.csv", []) == []
    assert ids(tmp_path / "t.csv") == ["b.txt#0"]


def test_a_file_that_is_still_written_waits_and_one_that_is_replaced_is_answered_anew(tmp_path: Path) -> None:
    folder, file = tmp_path / "in", tmp_path / "in" / "a.txt"
    folder.mkdir()
    watch(folder, tmp_path / "t.jsonl", [partial(_write, file, "word " * count) for count in (1, 2, 3)])
    assert ids(tmp_path / "t.jsonl") == ["a.txt#0", "a.txt#1", "a.txt#2"]
    file.write_text("other")
    watch(folder, tmp_path / "t.jsonl", [])
    assert ids(tmp_path / "t.jsonl") == ["a.txt#0", "a.txt#0", "a.txt#1", "a.txt#2"]


def test_an_answer_on_a_file_that_changed_meanwhile_is_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("half")

    def slow(path: Path, clip: str) -> Answered:
        answer = clips_of(path, clip)
        if path.read_text() == "half":
            path.write_text("half whole")
        return answer

    notes = watch(folder, tmp_path / "t.csv", [_nothing, _nothing], slow)
    assert "changed while it was answered" in notes[0]
    assert ids(tmp_path / "t.csv") == ["a.txt#0", "a.txt#1"]


def test_words_beside_a_clip_are_no_clip_and_hold_it_back_while_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"film")
    (tmp_path / "talk.txt").write_text("wor")
    (tmp_path / ".hidden.txt").write_text("words")
    before = look(tmp_path)
    assert [arrival.name for arrival in ready(before, look(tmp_path))] == ["talk.mp4"]
    (tmp_path / "talk.txt").write_text("words")
    assert ready(before, look(tmp_path)) == []


def test_columns_that_come_later_are_named_and_known_ones_have_a_place(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.txt").write_text("word")

    def more(path: Path, clip: str) -> Answered:
        found = clips_of(path, clip)
        late: dict[str, list[float]] = {"_late": [0.25], "_new": [7]} if clip == "b.txt" else {}
        return with_columns(found, late)

    notes = watch(folder, tmp_path / "t.csv", [], more)
    assert notes[1] == "b.txt: 1 clip; no column in the table for _new"
    with (tmp_path / "t.csv").open(newline="") as stream:
        assert [row["_late"] for row in csv.DictReader(stream)] == ["", "0.25"]


def with_columns(found: Answered, more: dict[str, list[float]]) -> Answered:
    """The same with further columns."""
    return Answered(found.emotions, found.clips, {**found.columns, **more}, found.per_emotion, found.records)


def test_a_table_of_somebody_else_another_run_or_another_process_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("mine\n")
    with pytest.raises(RunError, match="as a watch left it, 0 bytes"):
        GrowingTable(table, {})
    assert table.read_text() == "mine\n"
    first = GrowingTable(table, {"run": "one"}, force=True)
    with pytest.raises(RunError, match="another watch"):
        GrowingTable(table, {"run": "one"})
    first.close()
    with pytest.raises(RunError, match="but run differs"):
        GrowingTable(table, {"run": "two"})


@pytest.mark.slow
def test_a_sigkill_loses_and_doubles_no_row(tmp_path: Path) -> None:
    folder, table = tmp_path / "in", tmp_path / "t.csv"
    folder.mkdir()
    for n in range(6):
        (folder / f"{n}.txt").write_text(f"I am so happy, number {n}")
    words = ["predict", str(folder), "--watch", "--every", "0.1", "--export", str(table)]
    for least in (1, 3, 6):
        process = subprocess.Popen([sys.executable, "-m", "lddu", *words], stderr=subprocess.PIPE)
        journal = Path(f"{table}.watch")
        while process.poll() is None and not (journal.exists() and journal.read_text().count('"done"') >= least):
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr and process.stderr.read()
    assert ids(table) == [f"{n}.txt" for n in range(6)]
