"""The page of `predict --html`: media and answers side by side, nothing fetched, nothing of anybody else overwritten."""

import json
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

import lddu
from lddu.clips.media import SAMPLE_RATE, probe
from lddu.clips.simulated.drawn_face import Expression, draw_face
from lddu.clips.simulated.talking_clips import MANNERS, write_video
from lddu.commands.predict import predict as predict_command
from lddu.errors import ConfigError, MismatchError, RunError
from lddu.pages.clip_page import ClipPageContext, browser_note, write_clip_page
from lddu.pages.clip_view import LAST_FROM, clock, gradient, headline, sections, ticks
from lddu.runs.explained import ClipAnswers, TimeLine, answers_on
from lddu.runs.figures import PredictOptions
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore

ABOUT = ClipPageContext("run", "clips")


def answers(run: Path, talks: FeatureStore, rows: range = range(2)) -> ClipAnswers:
    return answers_on(Predictor(run), talks, PredictOptions(coverage=0.8), rows)


def text_of(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def starts(page: str) -> list[float]:
    return [float(number) for number in re.findall(r'data-start="([^"]+)"', page)]


def test_the_page_holds_the_media_and_fetches_nothing(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    found = answers(run, talks)
    write_clip_page(tmp_path / "page", found, ABOUT, with_media=True)
    page = text_of(tmp_path / "page")
    for number, file in enumerate(found.file, start=1):
        address = f"media/{number:03d}.mp4"
        assert f'<video controls playsinline preload="metadata" src="{address}">' in page
        assert (tmp_path / "page" / address).read_bytes() == Path(file).read_bytes()
    assert re.findall(r'(?:src|href)="(?!media/|#f)', page) == []
    assert "//" not in re.sub(r"//.*", "", page.replace("<!doctype html>", "")) and "url(" not in page
    assert "@import" not in page


def test_every_segment_says_what_when_and_by_what(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    found = answers(run, talks)
    write_clip_page(tmp_path / "page", found, ABOUT, with_media=True)
    page = text_of(tmp_path / "page")
    assert starts(page) == found.start
    for n, transcript in enumerate(found.transcript):
        card = unescape(page[page.index(f'id="s{n}"') :].split("</article>")[0])
        assert transcript in card
        for e, emotion in enumerate(MANNERS):
            assert f"<td>{emotion}</td>" in card and f"{found.predictions.probability[n, e]:.2f}</td>" in card
        assert found.predictions.abstained is not None
        assert card.count(">can't tell") == found.predictions.abstained[n].sum()
        assert ("rests on no single modality" in card) == (not found.rests_on(n))
        assert (
            f"rests most on {found.rests_on(n)}" in card
            or f"without {found.rests_on(n)} it stays" in card
            or not found.rests_on(n)
        )
    shades = json.loads(re.findall(r'id="shades">(.*?)</script>', page, re.DOTALL)[0])
    assert set(shades) == {"0", "1"} and set(shades["0"]["shade"]["text"]) == set(MANNERS)


def test_why_names_the_modality_and_what_would_be_without_it(run: Path, talks: FeatureStore) -> None:
    found = answers(run, talks, range(1))
    top = int(np.argmax(found.predictions.probability[0]))
    name, probability = found.predictions.emotions[top], found.predictions.probability[0, top]
    silent, present = np.zeros((1, 4), bool), np.ones((1, 4), bool)

    def why(text: float, audio: float, threshold: float = 0.0, label: np.ndarray = silent) -> str:
        gains = {m: dict.fromkeys(MANNERS, gain) for m, gain in (("text", text), ("audio", audio), ("visual", -0.1))}
        predictions = replace(found.predictions, label=label, abstained=silent)
        told = replace(found, influence=[gains], predictions=predictions, thresholds=[[threshold] * 4])
        return next(sections(told, {})).segments[0].why

    rests = f"rests most on text: without it, it would be at {probability - 0.2:.2f}, not {probability:.2f}"
    moved = f"{name.capitalize()} {rests}"
    assert f"{name.capitalize()}, the most probable, {rests}." in why(0.2, 0.1)
    assert f"{moved}, and still count as present." in why(0.2, 0.1, 0.0, present)
    assert f"{moved}, and no longer count as present." in why(0.2, 0.1, probability - 0.1, present)
    assert f"hardly rests on any single modality: without audio it stays at {probability:.2f}." in why(-0.1, 1e-5)
    assert "rests on no single modality: it would be no less probable" in why(-0.1, -0.2)


def test_none_of_the_emotions_is_said_in_the_run_s_own_word_and_not_where_it_abstains(
    run: Path, talks: FeatureStore, tmp_path: Path
) -> None:
    found = answers(run, talks)
    silent, doubt = np.zeros((2, 4), bool), np.array([[False] * 4, [False, True, False, False]])
    calm = replace(found.predictions, label=silent, abstained=doubt, none_means="neutral")
    shown = [segment for section in sections(replace(found, predictions=calm), {}) for segment in section.segments]
    verdicts = {segment.clip: segment.verdict for segment in shown}
    assert list(verdicts.values()) == ["Neutral: no emotion is likely enough", f"Can't tell: {found.emotions[1]}"]
    shown_in = "neutral in 1; can't tell, and nothing named, in 1."
    assert headline(calm, 2) == f"2 files: {shown_in}"
    assert headline(calm, 1, people=2) == f"2 people of 1 file: {shown_in}"
    assert headline(calm, 1, people=1) == f"1 person in 2 segments of 1 file: {shown_in}"
    assert [headline(calm[n : n + 1], 1) for n in range(2)] == ["1 file: neutral.", "1 file: can't tell."]
    write_clip_page(tmp_path / "page", replace(found, predictions=calm), ABOUT, with_media=False)
    page = text_of(tmp_path / "page")
    assert "Where every emotion is absent, and none in doubt, the answer is <em>neutral</em>." in page
    write_clip_page(tmp_path / "other", found, ABOUT, with_media=False)
    assert "neutral" not in text_of(tmp_path / "other").lower()


def test_the_page_says_what_resting_on_a_modality_is_where_it_is_drawn(
    run: Path, talks: FeatureStore, tmp_path: Path
) -> None:
    write_clip_page(tmp_path / "page", answers(run, talks, range(1)), ABOUT, with_media=True)
    drawn = text_of(tmp_path / "page").split('class="when"')[1].split("</section>")[0]
    assert (
        ">underlined</span>: what the answer rests on, the modality that speaks most for the most probable emotion"
        in drawn
    )


def test_what_a_modality_moves_is_moved_between_calibrated_probabilities(run: Path, talks: FeatureStore) -> None:
    predictor, found = Predictor(run), answers(run, talks, range(1))
    for name, raw in predictor.explain(talks, 0).without.items():
        left = found.predictions.probability[0] - predictor.decision.recalibration.apply(raw[None, :])[0]
        assert list(found.influence[0][name].values()) == pytest.approx(left.tolist(), abs=1e-6)


def test_the_headline_counts_all_clips_that_were_asked_about(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    found, everything = answers(run, talks, range(2)), Predictor(run).predict(talks)
    write_clip_page(tmp_path / "page", found, ClipPageContext("run", "store", everything), with_media=False)
    page = text_of(tmp_path / "page")
    often = int(everything.label.sum(axis=0).max())
    assert f"{len(talks)} clips: " in page and f" in {often}" in page.split('class="headline">')[1].split("<")[0]
    assert f"{len(talks) - 2} more clips are not on this page" in page


def test_the_threshold_is_marked_on_every_bar(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    found = replace(answers(run, talks, range(1)), thresholds=[[0.3, 0.41, 0.3, 0.3]])
    write_clip_page(tmp_path / "page", found, ABOUT, with_media=False)
    page = text_of(tmp_path / "page")
    assert re.findall(r'<b style="left:([\d.]+)%">', page) == ["30.0", "41.0", "30.0", "30.0"]
    assert re.findall(r'class="row level" style="--t:([\d.]+)"', page) == ["0.3", "0.41", "0.3", "0.3"]


def test_several_files_are_listed_first_with_their_answers(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    found = answers(run, talks, range(2))
    write_clip_page(tmp_path / "page", found, ABOUT, with_media=True)
    page = text_of(tmp_path / "page")
    links = re.findall(r'<a href="#(f\d+)">([^<]+)</a></td><td>([^<]+)</td>', page)
    verdicts = [section.segments[0].verdict for section in sections(found, {})]
    assert [(name, unescape(answer)) for _, name, answer in links] == [
        (Path(file).name, verdict) for file, verdict in zip(found.file, verdicts, strict=True)
    ]
    assert all(f'id="{place}"' in page for place, _, _ in links)


def test_files_of_one_name_are_told_apart_by_their_folders(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    found = answers(run, talks, range(2))
    names = ["monday/talk.mp4", "tuesday/talk.mp4"]
    for name, file in zip(names, found.file, strict=True):
        (tmp_path / name).parent.mkdir()
        shutil.copyfile(file, tmp_path / name)
    alike = replace(found, file=[str(tmp_path / name) for name in names])
    write_clip_page(tmp_path / "page", alike, ABOUT, with_media=True)
    page = text_of(tmp_path / "page")
    assert re.findall(r'<a href="#f\d+">([^<]+)</a>', page) == re.findall("<h2>(.*talk.mp4)</h2>", page) == names
    assert alike.timeline("monday/talk.mp4").title == "talk.mp4"
    with pytest.raises(MismatchError, match=r"names 2 of monday/talk.mp4, tuesday/talk.mp4; name one in"):
        alike.timeline("talk.mp4")


def test_a_long_file_has_marks_of_time_wherever_one_looks(run: Path, talks: FeatureStore) -> None:
    """A three-hour file has a thousand segments and is scrolled: a screen holds some fifteen of them."""
    few, times = answers(run, talks, range(1)), np.arange(1080) * 10.0
    rows = np.zeros(1080, int)
    many = replace(
        few, predictions=few.predictions.rows(rows), start=times.tolist(), end=(times + 10).tolist(),
        **{name: getattr(few, name) * 1080 for name in ("file", "transcript", "influence", "attention", "thresholds")},
    )  # fmt: skip
    ticks = next(sections(many, {})).ticks
    assert len(ticks) >= 1080 / 15


@pytest.mark.parametrize("most", [10, 13])
def test_words_on_an_axis_do_not_touch(most: int) -> None:
    """On a page of 1,000 pixels: seven letters of 8 pixels behind their mark, before it at the end."""
    wide = 5.6
    for seconds in np.geomspace(0.1, 20_000, 2000).tolist():
        reached = 0.0
        for left, words in ticks(seconds, most):
            begins = left - wide if left > LAST_FROM else left
            assert not words or begins >= reached, seconds
            reached = begins + wide if words else reached


def test_even_attention_is_a_third_dark_whatever_the_length(run: Path, talks: FeatureStore) -> None:
    found = answers(run, talks, range(1))
    lines = {m: {e: [0.25] * 4 for e in MANNERS} for m in ("text", "audio", "visual")}
    even = replace(found, attention=[TimeLine(0.5, lines, seconds=2.0)])
    segment = next(sections(even, {})).segments[0]
    assert segment.modalities[0].shade["happy"] == [33] * 4
    assert gradient([33, 100], (25, 75)) == "linear-gradient(to right,rgb(0 0 0/33%) 25%,rgb(0 0 0/100%) 75%)"


def test_attention_lies_on_the_page_where_it_was_in_the_clip(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    """2.2 s in steps of half a second: the last is a fifth of a second, and no step is moved to make room for it."""
    found = answers(run, talks, range(1))
    lines = {m: {e: [0.5 / 2.2] * 4 + [0.2 / 2.2] for e in MANNERS} for m in ("text", "audio", "visual")}
    write_clip_page(tmp_path / "page", replace(found, attention=[TimeLine(0.5, lines, 2.2)]), ABOUT, with_media=False)
    page, places = text_of(tmp_path / "page"), [11.364, 34.091, 56.818, 79.545, 95.455]
    shades = json.loads(re.findall(r'id="shades">(.*?)</script>', page, re.DOTALL)[0])
    assert shades["0"]["places"] == dict.fromkeys(("text", "audio", "visual"), places)
    assert shades["0"]["shade"]["text"]["happy"][:4] == [33] * 4
    assert page.count(" 11.36%,rgb(0 0 0/33%) 34.09%,rgb(0 0 0/33%) 56.82%,") == 3


def test_words_of_a_transcript_cannot_become_part_of_the_page(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    found = replace(answers(run, talks, range(1)), transcript=["</script><script>alert(1)</script>"])
    write_clip_page(tmp_path / "page", found, ClipPageContext("<b>run", "<i>clips"), with_media=False)
    page = text_of(tmp_path / "page")
    assert "<script>alert" not in page and "<b>run" not in page and "<i>clips" not in page


def test_a_page_promises_calibration_only_where_there_was_enough_to_calibrate_on(
    run: Path, talks: FeatureStore, tmp_path: Path
) -> None:
    found = answers(run, talks, range(1))
    for calibrated, sentence in (
        (True, "four in five should be there"),
        (False, "too few validation clips to calibrate"),
    ):
        context = ClipPageContext("run", "clips", calibrated=calibrated)
        write_clip_page(tmp_path / f"page{calibrated}", found, context, with_media=False)
        assert sentence in text_of(tmp_path / f"page{calibrated}")


def test_a_folder_of_someone_else_is_never_replaced(run: Path, corpus: Path, tmp_path: Path) -> None:
    clip, mine = str(corpus.parent / "talk004.mp4"), tmp_path / "mine"
    mine.mkdir()
    assert predict_command(run, [clip], html=mine) == 0
    with pytest.raises(RunError, match="add `force=True`"):
        predict_command(run, [clip], html=mine)
    (mine / "note.txt").touch()
    assert predict_command(run, [clip], html=mine, force=True) == 0
    assert sorted(path.name for path in mine.iterdir()) == ["index.html", "media"]
    (mine / "index.html").write_text("<html>")
    with pytest.raises(RunError, match="something else; remove it yourself"):
        predict_command(run, [clip], html=mine, force=True)
    with pytest.raises(ConfigError, match="Expected --force together with --html"):
        predict_command(run, [clip], force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]


def test_a_store_gives_a_page_without_video(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    assert predict_command(run, [str(talks.path)], html=tmp_path / "page") == 0
    page = text_of(tmp_path / "page")
    assert "<video" not in page and [path.name for path in (tmp_path / "page").iterdir()] == ["index.html"]
    assert len(starts(page)) == len(talks)


def test_features_without_times_have_an_axis_of_clips(tmp_path: Path) -> None:
    from lddu.training.plan import RunOptions
    from lddu.training.run import train
    from tests.builders import tiny_config, tiny_store

    store = tiny_store(tmp_path / "store", missing=[(10, "text")])
    trained = train(store, tmp_path / "run", tiny_config(training={"epochs": 1}), RunOptions(device="cpu"))
    found = answers_on(Predictor(trained.path), store)
    assert found.attention[0].step_seconds is None
    longest = max(int(store.lengths(name)[0]) for name in store.modalities)
    assert all(len(line) == min(20, longest) for line in found.attention[0].attention["text"].values())
    first = next(sections(found, {}))
    assert [segment.left for segment in first.segments] == [0, 50] and first.ticks == ()
    assert [segment.short[0] for segment in first.segments] == found.predictions.clip[[0, 10]].tolist()
    assert first.segments[1].modalities[1].error is None and "Without text, this run" in first.segments[1].missing_cost
    write_clip_page(tmp_path / "page", found, ABOUT, with_media=False)
    assert starts(text_of(tmp_path / "page")) == []


def test_a_file_that_browsers_cannot_play_says_so(tmp_path: Path) -> None:
    face = [draw_face(96, Expression())] * 10
    sound = np.zeros(SAMPLE_RATE // 2, np.float32)
    for name in ("old.avi", "new.mp4", "voice.wav"):
        write_video(tmp_path / name, iter(face) if name != "voice.wav" else None, sound)
    assert "mpeg4 and a .avi file" in browser_note(probe(tmp_path / "old.avi"))
    assert browser_note(probe(tmp_path / "new.mp4")) == "" == browser_note(probe(tmp_path / "voice.wav"))


def test_what_a_missing_modality_costs_is_said_everywhere(
    run: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(corpus.parent / "talk004.mp4", tmp_path / "wordless.mp4")
    assert predict_command(run, [str(tmp_path / "wordless.mp4")], json=True, html=tmp_path / "page") == 0
    told = capsys.readouterr()
    record = json.loads(told.out)["clips"][0]
    cost = next(
        one for one in json.loads((run / "metrics.json").read_text())["ablation"] if one["given"] == ["audio", "visual"]
    )
    assert record["missing"] == ["text"] and record["missing_cost"] == cost
    assert "without text this run's micro-F1 on 2 validation clips" in " ".join(told.err.split())
    assert "Without text, this run&#39;s micro-F1 on 2 validation clips" in text_of(tmp_path / "page")


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00.0"), (61.25, "1:01.2"), (3599.96, "1:00:00.0")])
def test_times_are_shown_as_players_show_them(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_every_stage_has_one_column_on_a_narrow_screen() -> None:
    """A rule for one kind of page outweighs that of narrow screens unless it is named there too."""
    css = (Path(lddu.__file__).parent / "pages" / "templates" / "clips.css").read_text(encoding="utf-8")
    [narrow] = re.findall(r"@media \(max-width: 48rem\) \{ ([^{]*) \{ grid-template", css)
    wide = re.findall(r"^  ([^@{}]*) \{[^{}]*grid-template: [^{}]*\"player cards\"", css, re.MULTILINE)
    staged = {name for names in wide for name in names.split(", ") if name.startswith(".stage")}
    assert staged == {".stage", ".stage.heard"} and staged == set(narrow.split(", "))
