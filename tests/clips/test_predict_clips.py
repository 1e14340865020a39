"""The whole path: simulated clips to features, to a trained run, to answers on raw clips."""

import csv
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from pympi.Elan import Eaf

from lddu.clips import configuration
from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import ExtractionProgress
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.simulated.drawn_face import Expression, draw_face
from lddu.clips.simulated.talking_clips import MANNERS, write_video
from lddu.commands import options
from lddu.commands.extracting import ExtractionBar
from lddu.commands.predict import predict as predict_command
from lddu.errors import ConfigError, MismatchError, RunError, SourceError
from lddu.machine.cache import VARIABLE
from lddu.runs.predict_clips import predict_clips
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.clips.conftest import SMALL


def test_clip_and_stored_features_give_the_same_answer(run: Path, talks: FeatureStore, corpus: Path) -> None:
    predictor = Predictor(run)
    stored = predictor.predict(talks)
    names = ["talk004", "talk007"]
    answers = predict_clips(predictor, [str(corpus.parent / f"{name}.mp4") for name in names])
    rows = [stored.clip.tolist().index(name) for name in names]
    assert answers.predictions.clip.tolist() == names
    np.testing.assert_allclose(answers.predictions.probability, stored.probability[rows], atol=1e-5)
    np.testing.assert_allclose(
        answers.predictions.evidence["width"].values, stored.evidence["width"].values[rows], rtol=1e-4
    )


def test_where_the_cache_takes_no_files_clips_are_answered_all_the_same(
    run: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose home is read-only."""
    (tmp_path / "file").touch()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    answers = predict_clips(Predictor(run), [str(corpus.parent / "talk004.mp4")])
    assert answers.predictions.clip.tolist() == ["talk004"]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_an_answer_says_when_and_by_what(run: Path, corpus: Path) -> None:
    answers = predict_clips(Predictor(run), [str(corpus.parent / "talk004.mp4")])
    record = answers.to_records()[0]
    assert record["rests_on"] in {"text", "audio", "visual", None}
    assert set(record["influence"]) == {"text", "audio", "visual"} == set(record["timeline"]["modalities"])
    steps = int(np.ceil((record["end"] - record["start"]) / 0.5 - 1e-6))
    for line in record["timeline"]["modalities"].values():
        assert set(line) == set(MANNERS)
        assert all(len(shares) == steps and sum(shares) == pytest.approx(1, abs=1e-4) for shares in line.values())
    json.dumps(record)


def test_a_missing_modality_is_said_and_the_rest_answers(run: Path, corpus: Path, tmp_path: Path) -> None:
    shutil.copy(corpus.parent / "talk004.mp4", tmp_path / "wordless.mp4")
    write_video(tmp_path / "heard.wav", None, np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32))
    answers = predict_clips(Predictor(run), [str(tmp_path)])
    heard, wordless = answers.to_records()
    assert heard["missing"] == ["text", "visual"] and wordless["missing"] == ["text"]
    assert heard["rests_on"] == "audio" and heard["influence"] == {}
    assert [told.split(": ")[0] for told in answers.warnings if "missing in" in told] == [
        "only text is missing in 1 of 2 clips (no transcript)",
        "text and visual are missing in 1 of 2 clips (no transcript; no video track)",
    ]
    assert np.isfinite(answers.predictions.probability).all()


def test_the_command_answers_clips_and_exits_1_when_one_failed(
    run: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = str(corpus.parent / "talk004.mp4"), tmp_path / "bad.mp4"
    bad.write_bytes(b"")
    assert predict_command(run, [good]) == 0
    assert "talk004" in capsys.readouterr().out
    assert predict_command(run, [good, str(bad)], json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert [clip["clip"] for clip in told["clips"]] == ["talk004"] and told["failed"][0]["file"] == str(bad)
    assert predict_command(run, [good], csv=True) == 0
    header = capsys.readouterr().out.splitlines()[0].split(",")
    assert header[:5] == ["file", "start", "end", "transcript", "rests_on"] and "probability_happy" in header


def test_exports_say_what_the_json_says(
    run: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [str(corpus.parent / f"talk00{n}.mp4") for n in (4, 7)]
    paths = tuple(tmp_path / name for name in ("{name}.eaf", "{name}.TextGrid", "all.long.csv", "all.jsonl"))
    assert predict_command(run, clips, json=True, coverage=0.6, export=paths) == 0
    shown = capsys.readouterr()
    records = json.loads(shown.out)["clips"]
    assert [line for line in shown.err.splitlines() if line.startswith("export: ")] == [
        f"export: {tmp_path / name}"
        for name in ("talk004.eaf", "talk007.eaf", "talk004.TextGrid", "talk007.TextGrid", "all.long.csv", "all.jsonl")
    ]
    assert [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()] == records
    table = {(row["clip"], row["emotion"]): row for row in csv.DictReader((tmp_path / "all.long.csv").open())}
    for record in records:
        document = Eaf(tmp_path / f"{record['clip']}.eaf")
        [linked] = document.get_linked_files()
        assert any(name == "note" and "answered by the run" in value for name, value in document.get_properties())
        assert (tmp_path / linked["RELATIVE_MEDIA_URL"]).resolve() == Path(record["file"]).resolve()
        place = (round(record["start"] * 1000), round(record["end"] * 1000))
        assert document.get_annotation_data_for_tier("words") == [(*place, record["transcript"])]
        for emotion, probability in record["probability"].items():
            row = table[record["clip"], emotion]
            assert float(row["probability"]) == probability
            unsure = emotion in record["cannot_tell"]
            verdict = "can't tell" if unsure else "present" if emotion in record["emotions"] else "absent"
            assert row["verdict"] == verdict
            drawn = document.get_annotation_data_for_tier(emotion)
            assert drawn == ([] if verdict == "absent" else [(*place, verdict)])
    assert any(record["cannot_tell"] for record in records)


def test_an_export_that_cannot_be_is_refused_before_the_work(run: Path, corpus: Path, tmp_path: Path) -> None:
    clip, other = (str(corpus.parent / f"talk00{n}.mp4") for n in (4, 7))
    (tmp_path / "there.eaf").touch()
    with pytest.raises(RunError, match=r"there\.eaf to be free"):
        predict_command(run, [clip], export=(tmp_path / "there.eaf",))
    with pytest.raises(ConfigError, match=r"one recording for .* but got 2 .*talk004\.mp4.* as .*\{name\}\.srt does"):
        predict_command(run, [clip, other], export=(tmp_path / "x.srt",))
    with pytest.raises(
        ConfigError, match=r"which would be read as the transcript of talk004\.mp4; call it talk004\.emotions"
    ):
        predict_command(run, [clip], export=(corpus.parent / "talk004.vtt",), force=True)
    with pytest.raises(ConfigError, match=r"each --export once"):
        predict_command(run, [clip], export=(tmp_path / "x.srt", tmp_path / "x.srt"))
    with pytest.raises(ConfigError, match=r"to be a new file, but .* is what is predicted"):
        mine = tmp_path / "mine.csv"
        mine.write_text(f"file\n{clip}\n")
        predict_command(run, [str(mine)], export=(mine,), force=True)
    with pytest.raises(MismatchError, match=r"a time in a video or sound for .*x\.srt, but none has one"):
        predict_command(run, text=["so glad"], export=(tmp_path / "x.srt",))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.csv", "there.eaf"]


def test_clips_are_as_long_as_the_extractor_cuts_them_where_nobody_says_otherwise() -> None:
    assert options.LONGEST == configuration.LONGEST == ExtractorConfig().longest


def test_an_option_that_would_do_nothing_is_refused(run: Path, talks: FeatureStore, corpus: Path) -> None:
    clip, store = str(corpus.parent / "talk004.mp4"), str(talks.path)
    with pytest.raises(ConfigError, match="--all only for a store, but got raw clips"):
        predict_command(run, [clip], all=True)
    with pytest.raises(ConfigError, match="--cut, --transcribe only for video and audio, but got words alone"):
        predict_command(run, text=["I am glad"], cut="silence", transcribe=True)
    with pytest.raises(ConfigError, match="`longest` where files are cut, but got it with `cut='whole'`"):
        ExtractorConfig(cut="whole", longest=5.0)
    with pytest.raises(ConfigError, match="--longest, --transcribe only for raw clips, but got a store"):
        predict_command(run, [store], longest=5.0, transcribe=True)
    with pytest.raises(ConfigError, match=r"one feature store alone, .* but got 2 inputs .*; predict them one by one"):
        predict_command(run, [store, clip])
    with pytest.raises(ConfigError, match=r"answers.csv is not there: to write it, use --export"):  # as after --csv
        predict_command(run, [store, "answers.csv"])


def test_a_folder_without_clips_is_no_store_either(run: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.md").touch()
    with pytest.raises(
        SourceError, match=r"a feature store with its manifest\.json, in the folder .* but it has neither"
    ):
        predict_command(run, [str(tmp_path)])


def test_clips_are_cut_as_long_as_asked(run: Path, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict_command(run, [str(corpus.parent / "talk004.mp4")], cut="window", longest=1.0, csv=True) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) > 1 and all(float(row["end"]) - float(row["start"]) <= 1.0 + 1e-6 for row in rows)


def test_features_made_in_another_way_are_refused(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(talks.path, other)
    told = json.loads((other / "manifest.json").read_text())
    feature = told["modalities"]["audio"]["feature"].replace('"layer": 2', '"layer": 3')
    assert feature != told["modalities"]["audio"]["feature"]
    told["modalities"]["audio"]["feature"] = feature
    (other / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(MismatchError, match=r"audio made as in training.* otherwise: layer is 3, not 2; extract"):
        Predictor(run).predict(FeatureStore(other))


def test_a_run_on_other_features_cannot_answer_clips(tmp_path: Path, talking: Path) -> None:
    from tests.builders import tiny_store

    with pytest.raises(MismatchError, match="'lddu extract' made"):
        folder = train(tiny_store(tmp_path / "s"), tmp_path / "run", SMALL, RunOptions(device="cpu"))
        predict_clips(Predictor(folder.path), [str(talking)], ExtractorConfig())


class _StoppedAfterOne:
    """Ctrl-C as soon as one file is extracted, and a record of what was told."""

    def __init__(self, stop: bool) -> None:
        self.stop, self.finished, self.answers = stop, list[str](), 0

    def extracted(self, now: ExtractionProgress) -> None:
        if now.share == 1:
            self.finished.append(Path(now.file).name)
            if self.stop:
                raise KeyboardInterrupt

    def answered(self, done: int, total: int) -> None:
        self.answers += 1


def test_after_an_interruption_the_same_call_extracts_only_the_rest_and_leaves_nothing(
    run: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    clips = [str(corpus.parent / f"talk00{n}.mp4") for n in (1, 2)]
    with pytest.raises(KeyboardInterrupt):
        predict_clips(Predictor(run), clips, callback=_StoppedAfterOne(stop=True))
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1
    watch = _StoppedAfterOne(stop=False)
    answers = predict_clips(Predictor(run), clips, callback=watch)
    assert watch.finished == ["talk002.mp4"] and watch.answers == 2
    assert answers.predictions.clip.tolist() == ["talk001", "talk002"]
    assert not list((tmp_path / "clips").iterdir())


def test_two_that_predict_the_same_clip_at_once_do_not_disturb_one_another(
    run: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    clip = corpus.parent / "talk001.mp4"
    inner: list[float] = []

    class Another(_StoppedAfterOne):
        """The same call while this one is at work, as far as a lock tells processes from calls."""

        def extracted(self, now: ExtractionProgress) -> None:
            if now.share == 1 and not inner:
                inner.append(0.0)
                found = predict_clips(Predictor(run), clip)
                inner[0] = float(found.predictions.probability[0, 0])

    outer = predict_clips(Predictor(run), [clip], callback=Another(stop=False))
    assert inner == [pytest.approx(float(outer.predictions.probability[0, 0]))]
    assert not list((tmp_path / "clips").iterdir())


def test_what_nobody_goes_on_with_is_removed_after_a_week(
    run: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for name, days in (("old", 8), ("young", 6), ("busy", 8), ("at-work", 8)):
        inner = tmp_path / "clips" / name / "clips.work"
        inner.mkdir(parents=True)
        for path in (inner, inner.parent):
            then = time.time() - days * 24 * 3600
            os.utime(path, (then, then))
    (tmp_path / "clips" / "at-work" / "clips.work" / "part").touch()
    os.utime(tmp_path / "clips" / "at-work", (then, then))
    (tmp_path / "bad.mp4").touch()
    lock = tmp_path / "clips" / "busy.lock"
    with FileLock(lock):
        os.utime(lock, (then, then))
        with pytest.raises(SourceError, match="is empty"):
            predict_clips(Predictor(run), [str(tmp_path / "bad.mp4")])
    assert {path.name for path in (tmp_path / "clips").iterdir()} - {"busy.lock"} == {"young", "busy", "at-work"}


def test_ctrl_c_says_what_is_kept() -> None:
    kept = "1 of 3 files are extracted and kept; the same command goes on from there"
    with pytest.raises(KeyboardInterrupt, match=kept), ExtractionBar() as watch:
        watch.extracted(ExtractionProgress(1, 3, "a.mp4"))
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt, match="before any file was extracted"), ExtractionBar() as watch:
        watch.extracted(ExtractionProgress(0, 3, "a.mp4", share=0.5))
        raise KeyboardInterrupt


def test_a_file_that_is_cut_short_is_answered_and_said(run: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mkv"
    faces = (draw_face(192, Expression()) for _ in range(100))
    write_video(whole, faces, np.random.default_rng(0).normal(0, 0.1, 4 * SAMPLE_RATE).astype(np.float32))
    content = whole.read_bytes()
    (tmp_path / "half.mkv").write_bytes(content[: len(content) // 2])
    answers = predict_clips(Predictor(run), [str(whole), str(tmp_path / "half.mkv")])
    told = [warning for warning in answers.warnings if "cut short" in warning]
    assert len(told) == 1 and "half.mkv: its header promises 4.1 s, but it ends at" in told[0]


def test_a_run_on_a_made_up_corpus_says_so_with_every_answer(
    run: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict_command(run, [str(corpus.parent / "talk004.mp4")], json=True) == 0
    told = capsys.readouterr()
    assert "not about people" in json.loads(told.out)["warnings"][0] and "not about people" in told.err
