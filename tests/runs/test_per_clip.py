"""What a run says of clips can be read like a list: one clip, some clips, a loop, a table."""

import csv
import io
import sys
from dataclasses import FrozenInstanceError, fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.errors import PackageError
from lddu.runs.explained import ClipAnswers, TimeLine
from lddu.runs.predictions import Predictions

EMOTIONS, MODALITIES = ("joy", "anger", "fear"), ("text", "audio")


def predictions(clips: int, seed: int = 0) -> Predictions:
    """Made up; the first clip has both modalities, the second no audio, and so on."""
    draw = np.random.default_rng(seed)
    probability = draw.uniform(size=(clips, 3))
    presented = np.ones((clips, 2), bool)
    presented[1::2, 1] = False
    blank = np.full(clips, "", dtype=object)
    return Predictions(
        clip=np.array([f"c{n}" for n in range(clips)], dtype=object), split=blank, group=blank, emotions=EMOTIONS,
        modalities=MODALITIES, probability=probability, label=probability >= 0.5, presence=np.full((clips, 3), np.nan),
        uncertainty=np.minimum(probability, 1 - probability), presented=presented,
    )  # fmt: skip


def answers(clips: int) -> ClipAnswers:
    found = predictions(clips)
    influence = [{"text": dict.fromkeys(EMOTIONS, 0.1), "audio": dict.fromkeys(EMOTIONS, -0.1)} for _ in range(clips)]
    files, seconds = [f"talk{n}.mp4" for n in range(clips)], np.arange(clips, dtype=float)
    return ClipAnswers(
        found, files, seconds.tolist(), (seconds + 2).tolist(), [f"words {n}" for n in range(clips)], influence,
        [TimeLine(None, {}) for _ in range(clips)], [[0.5 + n / 1000] * 3 for n in range(clips)], ["simulated"],
    )  # fmt: skip


def test_one_clip_says_what_the_arrays_say_of_it() -> None:
    found = predictions(5)
    for n, one in enumerate(found):
        assert one == found[n] == found[n - 5] and one.clip == f"c{n}"
        assert list(one.probability.items()) == list(zip(EMOTIONS, found.probability[n].tolist(), strict=True))
        assert list(one.uncertainty.values()) == found.uncertainty[n].tolist()
        assert one.emotions == tuple(e for e in EMOTIONS if one.probability[e] >= 0.5)
        assert one.missing == (("audio",) if n % 2 else ())
        assert one.label_set is None and one.cannot_tell is None
    assert n == 4 == len(found) - 1


def test_one_clip_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        predictions(1)[0].clip = "other"  # type: ignore[misc]


@pytest.mark.parametrize("n", [3, -4])
def test_a_clip_that_is_not_there_is_an_index_error(n: int) -> None:
    with pytest.raises(IndexError, match=f"Expected a clip from 0 to 2, but got {n}"):
        predictions(3)[n]


@pytest.mark.parametrize("chosen", ["c0", ["c0"], 1.0, (0, 0.5), np.zeros((1, 1), int)])
def test_what_chooses_no_clip_is_an_index_error(chosen: Any) -> None:
    with pytest.raises(IndexError, match="Expected the number of a clip, a slice, numbers or a mask, but got"):
        predictions(3)[chosen]


@given(st.integers(0, 8), st.data())
def test_some_clips_are_those_that_a_list_would_give(clips: int, data: st.DataObject) -> None:
    found, names = predictions(clips), [f"c{n}" for n in range(clips)]
    part = data.draw(st.slices(clips))
    mask = data.draw(st.lists(st.booleans(), min_size=clips, max_size=clips))
    assert [one.clip for one in found[part]] == names[part]
    assert [one.clip for one in found[np.array(mask, bool)]] == [c for c, kept in zip(names, mask, strict=True) if kept]
    assert found[mask].clip.tolist() == found[np.flatnonzero(mask).tolist()].clip.tolist()
    np.testing.assert_array_equal(found[part].probability, found.probability[part])


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_some_answers_have_of_every_field_what_belongs_to_them(mask: list[bool]) -> None:
    found = answers(len(mask))
    found = replace(found, person=[f"person {n}" for n in range(len(mask))])
    part = found[mask]
    per_clip = [f.name for f in fields(found) if isinstance(getattr(found, f.name), list) and f.name != "warnings"]
    assert {"file", "thresholds", "person"} < set(per_clip)
    assert part.clip.tolist() == found.clip[mask].tolist()
    for name in per_clip:
        assert getattr(part, name) == [one for one, kept in zip(getattr(found, name), mask, strict=True) if kept]


def test_a_mask_of_another_length_is_refused() -> None:
    with pytest.raises(IndexError):
        predictions(3)[[True, False]]


@pytest.mark.parametrize("clips", [0, 1, 3, 4, 500])
def test_a_repr_is_short_and_shows_the_first_clips(clips: int) -> None:
    shown = repr(predictions(clips))
    assert shown.startswith(f"Predictions of {clips} clip{'' if clips == 1 else 's'}") and len(shown) < 400
    assert [f"c{n}: " in shown for n in range(4)] == [n < clips for n in range(3)] + [False]
    assert ("and 497 more" in shown) == (clips == 500) and ("more" in shown) == (clips > 3)


def test_a_summary_names_emotions_by_probability_and_what_is_missing() -> None:
    found = predictions(2)
    shown = np.array([[0.6, 0.91, 0.2], [0.1, 0.2, 0.3]])
    flags = np.array([[False] * 3, [True, False, True]])
    found = Predictions(**{**vars(found), "probability": shown, "label": shown >= 0.5, "abstained": flags})
    assert repr(found[0]) == "ClipPrediction('c0': anger 0.91, joy 0.60)"
    assert repr(found[1]) == "ClipPrediction('c1': no emotion; can't tell joy, fear; without audio)"


@pytest.mark.parametrize(
    ("doubt", "word"),
    [
        ({}, "neutral"),
        ({"none_means": ""}, ""),
        ({"label": np.array([[True, False, False]])}, ""),
        ({"abstained": np.array([[False, True, False]])}, ""),
        ({"abstained": np.zeros((1, 3), bool)}, "neutral"),
        ({"label_set": np.array([[False, False, True]])}, ""),
        ({"unfamiliar": np.array([[True, False]])}, ""),
        ({"presented": np.zeros((1, 2), bool)}, ""),
    ],
)
def test_none_of_the_emotions_has_a_word_where_that_is_declared_and_certain(doubt: dict[str, Any], word: str) -> None:
    calm = {"label": np.zeros((1, 3), bool), "none_means": "neutral"}
    found = replace(predictions(1), **{**calm, **doubt})
    assert found.shows_none(0) == found[0].none_means == word
    assert found.none_of_them() == ({"none of them": [word]} if word else {})
    assert (
        ("neutral" in repr(found[0]))
        == ("<td" in found._repr_html_() and ">neutral<" in found._repr_html_())
        == bool(word)
    )
    declared = bool(found.none_means)
    assert found.to_records()[0].get("none_means", "undeclared") == ((word or None) if declared else "undeclared")
    assert found.to_columns().get("none_means") == ([word] if declared else None)
    assert found.answered().clips[0].none_means == word


def test_an_answer_on_a_raw_clip_also_says_where_it_lies() -> None:
    found = answers(4)
    one = found[2]
    assert (one.file, one.start, one.end, one.transcript, one.rests_on) == ("talk2.mp4", 2, 4, "words 2", "text")
    assert one.probability == found.predictions[2].probability and one.clip == "c2"
    few = found[1:3]
    assert isinstance(few, ClipAnswers) and few.file == ["talk1.mp4", "talk2.mp4"] and few.warnings == ["simulated"]
    assert few.to_records() == found.to_records()[1:3] and [a.clip for a in found] == found.predictions.clip.tolist()
    assert repr(found).startswith("ClipAnswers of 4 clips\n  c0: ")


@pytest.mark.parametrize("found", [predictions(3), answers(3)], ids=["store", "raw"])
def test_the_csv_holds_the_columns(found: Predictions | ClipAnswers) -> None:
    lines = list(csv.reader(io.StringIO(found.to_csv())))
    assert lines[0] == list(found.to_columns()) and len(lines) == 4
    assert lines[1][lines[0].index("present_joy")] == ""


@pytest.mark.parametrize("found", [predictions(3), answers(3)], ids=["store", "raw"])
def test_the_data_frame_holds_the_columns(found: Predictions | ClipAnswers) -> None:
    pytest.importorskip("pandas", reason="pandas is optional")
    frame = found.to_pandas()
    assert list(frame.columns) == list(found.to_columns()) and frame["clip"].tolist() == ["c0", "c1", "c2"]
    assert frame["probability_joy"].tolist() == found.probability[:, 0].tolist()
    assert frame["label_joy"].dtype == bool and frame["present_joy"].isna().all()


def test_without_pandas_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(PackageError, match=r"package 'pandas' .* not installed; run: pip install pandas"):
        predictions(1).to_pandas()


class _Cells(HTMLParser):
    """Rows of cells, and the tags that were met."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows, self.tags = list[list[str]](), set[str]()
        self.feed(page.partition("</table>")[0])

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.lasttag in ("td", "th", "strong"):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("clips", [0, 1, 21])
def test_a_notebook_shows_a_table_of_the_first_clips(clips: int) -> None:
    found = predictions(clips)
    shown = found._repr_html_()
    head, *rows = _Cells(shown).rows
    assert head == ["clip", *EMOTIONS] and len(rows) == min(clips, 20) and ("and 1 more" in shown) == (clips > 20)
    for one, row in zip(found, rows, strict=False):
        told = [f"{one.probability[e]:.2f}{'*' if e in one.emotions else ''}" for e in EMOTIONS]
        assert row[:4] == [one.clip, *told]


def test_a_notebook_tells_doubt_from_absence_and_runs_nothing_that_was_said() -> None:
    found = answers(2)
    unsure = np.array([[True, False, False], [False, False, False]])
    words = ["<script>alert(1)</script> & so", "b"]
    odd = replace(found, predictions=replace(found.predictions, abstained=unsure), transcript=words)
    cells = _Cells(odd._repr_html_())
    assert cells.rows[0] == ["clip", "seconds", *EMOTIONS, "rests on", "words"]
    assert cells.rows[1][2].endswith("?") and cells.rows[1][-1] == words[0] and cells.rows[1][1] == "0.0-2.0"
    assert cells.tags == {"table", "caption", "thead", "tbody", "tr", "th", "td"} | ({"strong"} & cells.tags)
    assert "? can't tell" in odd._repr_html_() and "can't tell" not in found._repr_html_()


def test_a_stored_prediction_reads_as_the_same_list(tmp_path: Path) -> None:
    from lddu.runs.predictions import read_predictions

    found = predictions(3)
    found = Predictions(**{**vars(found), "modality_distance": np.where(found.presented, 1.0, np.nan)})
    found.write_parquet(tmp_path / "p.parquet")
    assert list(read_predictions(tmp_path / "p.parquet")) == list(found)
