"""Words that a file shows again are said once; words that are said again stay said again."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clips.words.transcripts import Shown, read, srt

LINE = st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=2, max_size=6).map(" ".join)
many = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def shown(texts: list[str], seconds: float = 2.0) -> list[Shown]:
    """Cues that follow on one another."""
    return [(seconds * n, seconds * (n + 1), text) for n, text in enumerate(texts)]


@many
@given(st.lists(st.sampled_from(["Stop!", "Stop it now.", "What do you want?", "No."]), min_size=1, max_size=10))
def test_what_is_said_again_at_once_is_said_again(tmp_path: Path, texts: list[str]) -> None:
    found = read(tmp_path, srt(shown(texts)))
    assert found.text == " ".join(texts)
    assert not found.notes


def rolled(lines: list[str], height: int) -> list[str]:
    """Captions of some lines that roll up by one."""
    return ["\n".join(lines[max(0, n - height + 1) : n + 1]) for n in range(len(lines))]


@many
@given(st.lists(LINE, min_size=2, max_size=12), st.integers(2, 3), st.sampled_from([0.0, 0.08, -1.5]))
def test_captions_that_roll_up_are_said_once(tmp_path: Path, lines: list[str], height: int, gap: float) -> None:
    lines = [f"{line} line{n}" for n, line in enumerate(lines)]
    cues = [(start, end - gap, text) for start, end, text in shown(rolled(lines, height))]
    found = read(tmp_path, srt(cues))
    assert found.text == " ".join(lines)
    assert f"transcript: {len(lines) - 1} cue" in " ".join(found.notes)
    first = {line.split()[-1]: 2.0 * n for n, line in enumerate(lines)}
    assert all(word.start >= first[word.text] for word in found.words if word.text in first)


@many
@given(
    st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=12, max_size=40),
    st.integers(3, 8),
    st.integers(4, 6),
)
def test_rolling_captions_that_were_wrapped_anew_are_said_once(
    tmp_path: Path, letters: list[str], step: int, width: int
) -> None:
    words = [f"{word}{n}" for n, word in enumerate(letters)]
    texts = []
    for end in range(step, len(words) + step, step):
        window = words[max(0, end - 2 * step) : end]
        texts.append("\n".join(" ".join(window[k : k + width]) for k in range(0, len(window), width)))
    assert read(tmp_path, srt(shown(texts)), duration=100.0).text == " ".join(words)


@many
@given(st.lists(LINE, min_size=1, max_size=6))
def test_captions_that_grow_word_by_word_are_said_once(tmp_path: Path, lines: list[str]) -> None:
    lines = [f"{line} and line{n}" for n, line in enumerate(lines)]
    texts = [" ".join(line.split()[: k + 1]) for line in lines for k in range(len(line.split()))]
    found = read(tmp_path, srt(shown(texts, 0.5)), duration=100.0)
    assert found.text == " ".join(lines)
    assert [round(word.start, 6) for word in found.words] == [0.5 * n for n in range(len(texts))]


MARKS = ["<u>{}</u>", "<b>{}</b>", '<font color="#00ff00">{}</font>', "<c.now>{}</c>", "{{\\c&H00FF00&}}{}{{\\c}}"]


@many
@given(st.lists(LINE, min_size=1, max_size=4), st.sampled_from(MARKS), st.booleans(), st.booleans(), st.booleans())
def test_the_marked_word_of_karaoke_has_its_own_time(
    tmp_path: Path, lines: list[str], mark: str, fills: bool, pauses: bool, italic: bool
) -> None:
    cues, expected, now = list[Shown](), list[tuple[str, float, float]](), 0.0
    for line in lines:
        words = line.split()
        for n, word in enumerate(words):
            marked = mark.format(" ".join(words[: n + 1]) if fills else word)
            text = " ".join([*([] if fills else words[:n]), marked, *words[n + 1 :]])
            cues.append((now, now + 0.4, f"<i>{text}</i>" if italic else text))
            expected.append((word, now, now + 0.4))
            now = round(now + 0.4, 3)
            if pauses and n + 1 < len(words):
                cues.append((now, now + 0.06, f"<i>{line}</i>" if italic else line))
                now = round(now + 0.06, 3)
    found = read(tmp_path, srt(cues), duration=100.0)
    assert [(w.text, round(w.start, 3), round(w.end, 3)) for w in found.words] == [
        (word, round(start, 3), round(end, 3)) for word, start, end in expected
    ]


def test_karaoke_whose_marks_were_lost_is_spread_over_the_whole(tmp_path: Path) -> None:
    found = read(tmp_path, srt(shown(["Good morning to everyone in the room."] * 7, 0.4)))
    assert found.text == "Good morning to everyone in the room."
    assert found.words[0].start == 0.0 and found.words[-1].end == pytest.approx(2.8)


def test_a_line_that_is_shown_again_for_a_moment_is_said_once(tmp_path: Path) -> None:
    found = read(tmp_path, srt([(1, 3, "so we begin"), (3, 3.01, "so we begin"), (3.01, 5, "with the beans")]))
    assert found.text == "so we begin with the beans"


@many
@given(st.lists(LINE, min_size=4, max_size=9, unique=True), st.integers(1, 2), st.floats(0.2, 2.5))
def test_whole_lines_that_most_cues_show_again_after_a_pause_are_said_once(
    tmp_path: Path, lines: list[str], kept: int, pause: float
) -> None:
    lines = [f"{line} n{number}" for number, line in enumerate(lines)]
    cues, now = list[Shown](), 0.0
    for n in range(len(lines)):
        cues.append((now, now + 1.5, "\n".join(lines[max(0, n - kept) : n + 1])))
        now = round(now + 1.5 + pause, 3)
    assert read(tmp_path, srt(cues), duration=100.0).text == " ".join(lines)


def test_a_cue_that_a_file_gives_twice_is_said_once(tmp_path: Path) -> None:
    part = "WEBVTT\n\n00:01.000 --> 00:02.000\ngood day\n\n"
    found = read(tmp_path, part + part + "00:03.000 --> 00:04.000\ngood day\n", "talk.vtt")
    assert found.text == "good day good day" and found.notes == ("transcript: 1 cue: given twice, taken once",)
