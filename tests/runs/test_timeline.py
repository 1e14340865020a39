"""The picture of answers over time: what is drawn is what was answered, and runs and comparisons show themselves."""

import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image

import lddu
from lddu.errors import ConfigError, MismatchError
from lddu.runs.explained import ClipAnswers, TimeLine
from lddu.runs.run_folder import RunFolder
from lddu.runs.timeline import FULL, PRESENT, UNSURE, WEIGHT, Timeline
from tests.builders import tiny_config, tiny_store
from tests.runs.test_per_clip import EMOTIONS, MODALITIES, answers, predictions

pytestmark = pytest.mark.usefixtures("painted")


def recording(clips: int) -> ClipAnswers:
    """The made-up answers as clips of one file; where both modalities are there, text has the whole influence."""
    found = answers(clips)
    attention = [TimeLine(0.5, {m: {e: [0.1, 0.2, 0.3, 0.4] for e in EMOTIONS} for m in MODALITIES})] * clips
    return replace(found, file=["talk.mp4"] * clips, attention=attention)


def boxes(figure: Figure, panel: int, colour: str) -> list[tuple[float, float, float, float]]:
    """(start, end, floor, height) of what is drawn in a colour."""
    found = []
    for drawn in figure.axes[panel].collections:
        colours = np.atleast_2d(drawn.get_facecolor())
        if len(colours) and np.allclose(colours[:, :3], to_rgba(colour)[:3]):
            corners = [np.asarray(path.vertices, float) for path in drawn.get_paths()]
            found += [(c[0, 0], c[1, 0], c[0, 1], (c[2, 1] - c[0, 1]) / FULL) for c in corners]
    return found


def test_a_row_is_as_high_as_the_emotion_is_probable_where_it_was_found() -> None:
    found = recording(4)
    figure = found.timeline().figure()
    expected = [
        (found.start[n], found.end[n], 2 - e, found.probability[n, e])
        for e in range(3) for n in range(4) if found.label[n, e]
    ]  # fmt: skip
    np.testing.assert_allclose(sorted(boxes(figure, 1, PRESENT)), sorted(expected), atol=1e-9)


def test_the_attention_is_drawn_when_it_was_and_a_shorter_last_step_is_no_less_dark() -> None:
    """A clip of 2 s with steps of .8 s: the last one is .4 s, and an even spread gives it half of what the others get."""
    found = recording(1)
    line = TimeLine(0.8, {m: {e: [0.4, 0.4, 0.2] for e in EMOTIONS} for m in MODALITIES}, seconds=2.0)
    figure = replace(found, attention=[line]).timeline().figure()
    steps = [(start, end) for start, end, floor, _ in boxes(figure, 2, WEIGHT) if floor == 1 and end - start < 2]
    np.testing.assert_allclose(steps, [(0.0, 0.8), (0.8, 1.6), (1.6, 2.0)])
    assert [round(dark, 9) for *_, dark in line.course([0.4, 0.4, 0.2])] == [1.0, 1.0, 1.0]


def test_a_last_step_of_a_moment_is_not_black_for_being_short() -> None:
    line = TimeLine(0.5, {}, seconds=1.01)
    assert [dark for *_, dark in line.course([0.4, 0.4, 0.2])] == pytest.approx([0.808, 0.808, 0.808])


def test_doubt_looks_like_doubt() -> None:
    unsure = np.zeros((4, 3), bool)
    unsure[2, 1] = True
    found = recording(4)
    figure = replace(found, predictions=replace(found.predictions, abstained=unsure)).timeline().figure()
    [drawn] = boxes(figure, 1, UNSURE)
    assert drawn == pytest.approx((2.0, 4.0, 1.0, found.probability[2, 1]))
    assert "can't tell" in figure.axes[1].get_title(loc="left")


def test_the_weights_of_the_modalities_of_a_clip_sum_to_one_and_what_is_missing_is_none() -> None:
    stretches = recording(6).timeline().stretches
    for n, one in enumerate(stretches):
        assert np.isnan(one.weight).tolist() == [False, n % 2 == 1]
        assert np.nansum(one.weight) == pytest.approx(1) and one.weight[0] == 1
        for course in one.attention:
            np.testing.assert_allclose([(end - begin) * dark for begin, end, dark in course], [0.1, 0.2, 0.3, 0.4])
    steps = boxes(recording(2).timeline().figure(), 2, WEIGHT)
    assert sum(1 for _, _, floor, height in steps if floor == 1 and height == pytest.approx(1)) == 2 + 2 * 4


def test_clips_are_drawn_in_the_order_of_time_whatever_their_order_is() -> None:
    found = recording(5)
    mixed = found.rows(np.array([3, 0, 4, 1, 2])).timeline().stretches
    assert [one.words for one in mixed] == [one.words for one in found.timeline().stretches] == found.transcript
    assert [one.start for one in found.rows(np.array([3, 0])).timeline().stretches] == [0.0, 3.0]


def test_of_several_recordings_one_is_named() -> None:
    found = answers(3)
    with pytest.raises(MismatchError, match=r"there are talk0\.mp4, talk1\.mp4, talk2\.mp4; name one in `file`"):
        found.timeline()
    assert found.timeline("talk1.mp4").title == "talk1.mp4" and len(found.timeline("talk1.mp4").stretches) == 1
    with pytest.raises(MismatchError, match="'other' names 0 of"):
        found.timeline("other")
    with pytest.raises(MismatchError, match="Expected clips to draw, but there is none"):
        answers(0).timeline()
    with pytest.raises(MismatchError, match="Expected clips to draw"):
        predictions(0).timeline()


def test_clips_without_times_stand_side_by_side() -> None:
    nowhere = replace(recording(3), start=[float("nan")] * 3, end=[float("nan")] * 3)
    for found in (nowhere.timeline(), predictions(3).timeline()):
        assert [(one.start, one.end) for one in found.stretches] == [(0, 1), (1, 2), (2, 3)] and not found.timed
        assert found.figure().axes[-1].get_xlabel() == "clip"
    assert predictions(3).timeline().modalities == () and nowhere.timeline().modalities == MODALITIES


def test_a_notebook_gets_a_picture_of_the_size_that_it_says_and_a_file_gets_the_same(tmp_path: Path) -> None:
    found = recording(3).timeline()
    content, size = found._repr_png_()
    picture = Image.open(io.BytesIO(content))
    assert picture.size == pytest.approx((2 * size["width"], 2 * size["height"]), abs=2)
    assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 20  # it is not blank
    found.save(tmp_path / "talk.png")
    found.save(tmp_path / "talk.svg")
    assert Image.open(tmp_path / "talk.png").size == picture.size
    assert "<svg" in (tmp_path / "talk.svg").read_text() and sorted(tmp_path.iterdir()) == [
        tmp_path / "talk.png",
        tmp_path / "talk.svg",
    ]
    with pytest.raises(ConfigError, match=r"ends in \.png, \.svg or \.pdf, but got .*talk\.doc; name one"):
        found.save(tmp_path / "talk.doc")
    assert not (tmp_path / "talk.doc").exists()
    assert repr(found) == "Timeline of talk.mp4: 3 clips, joy, anger, fear"


@pytest.mark.filterwarnings("ignore:Glyph")
@settings(max_examples=10)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=3), st.text(min_size=1, max_size=30))
def test_any_words_and_names_can_be_drawn(words: list[str], name: str) -> None:
    found = replace(recording(len(words)), transcript=words)
    drawn = replace(found.timeline(), title=name, emotions=(name, "$", "a_b"))
    drawn.figure().draw_without_rendering()


def test_the_figure_is_ones_own_and_pyplot_knows_nothing_of_it() -> None:
    found: Timeline = recording(2).timeline()
    from matplotlib import pyplot

    assert found.figure() is not found.figure() and pyplot.get_fignums() == []


class _Text(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self.tags = list[str](), set[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_runs_and_comparisons_show_their_figures_in_a_notebook(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", clips=60, emotions=("joy", "<b>anger</b>"))
    runs = [
        lddu.train(
            store, tmp_path / name, tiny_config(training={"epochs": 1}), lddu.RunOptions(seed=seed, report=False)
        )
        for seed, name in enumerate(("first", "second"))
    ]
    shown = _Text(runs[0]._repr_html_())
    test = runs[0].metrics["test"]
    assert f"{test.map_macro:.3f}" in shown.words and "<b>anger</b>" in shown.words and "b" not in shown.tags
    assert not any(str(tmp_path) in one for one in shown.words)
    (runs[0].path / "metrics.json").rename(tmp_path / "aside.json")
    assert _Text(runs[0]._repr_html_()).words[0].endswith("; not finished")
    (tmp_path / "aside.json").rename(runs[0].path / "metrics.json")
    [pair] = lddu.compare_runs(runs)
    told = _Text(pair._repr_html_())
    difference = pair.comparison.difference["f1_micro"]
    assert told.words[1:5] == ["first", "second", "difference (95 %)", "f1_micro"]
    assert f"{difference.value:+.3f} ({difference.low:+.3f} to {difference.high:+.3f})" in told.words


def test_what_is_no_run_says_so_in_a_notebook(tmp_path: Path) -> None:
    assert "Expected a run folder at" in RunFolder(tmp_path / "nothing")._repr_html_()
