"""The table of `lddu predict` keeps its meaning where there are no colours: in a file, a pipe, a log."""

import numpy as np
import pytest

from lddu.commands.answer_table import cell, legend, show_answers
from lddu.runs.predictions import Predictions

EMOTIONS = ("joy", "anger", "fear")


def answers(asked: bool) -> Predictions:
    """Two clips; where `asked`, with a label set and with answers that are withheld."""
    probability = np.array([[0.9, 0.52, 0.1], [0.2, 0.48, 0.6]])
    unknown, words = np.full((2, 3), np.nan), np.array(["", ""], object)
    return Predictions(
        np.array(["a#001", "[b]"], object), words, words, EMOTIONS, ("text",), probability, probability > 0.5, unknown,
        unknown, np.ones((2, 1), bool),
        label_set=probability > 0.4 if asked else None, abstained=np.abs(probability - 0.5) < 0.05 if asked else None,
    )  # fmt: skip


def test_a_mark_says_what_is_present_and_no_probability_is_hidden() -> None:
    found = answers(asked=False)
    assert [cell(found, 0, e).plain for e in range(3)] == ["0.90*", "0.52*", "0.10 "]
    assert legend(found) == "probability per emotion, 2 clips (* present)"


def test_what_was_asked_for_has_marks_of_its_own() -> None:
    found = answers(asked=True)
    assert [cell(found, 0, e).plain for e in range(3)] == ["0.90*+", "0.52?+", "0.10  "]
    assert [cell(found, 1, e).plain for e in range(3)] == ["0.20  ", "0.48?+", "0.60*+"]
    assert "? can't tell, + in the set with the promised recall" in legend(found)


def test_the_legend_says_what_an_answer_rests_on_where_that_is_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    show_answers(answers(asked=False), 2, {"clip": ["a", "b"]}, {"rests on": ["text", "-"], "words": ["", ""]})
    assert "; rests on: the modality that speaks most for the most probable emotion\n" in capsys.readouterr().out
    show_answers(answers(asked=False), 2, {"clip": ["a", "b"]})
    assert "rests on" not in capsys.readouterr().out


def test_the_printed_table_shows_every_number_whatever_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    show_answers(answers(asked=True), 2, {"clip": ["a#001", "[b]"]}, {"words": ["so " * 200, "hi"]})
    title, head, first, second = capsys.readouterr().out.splitlines()
    assert title.startswith("probability per emotion, 2 clips") and head.split() == ["clip", *EMOTIONS, "words"]
    assert first.split()[:5] == ["a#001", "0.90*+", "0.52?+", "0.10", "so"] and "…" in first
    assert second.split() == ["[b]", "0.20", "0.48?+", "0.60*+", "hi"]
