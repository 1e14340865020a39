"""The whole path: simulated clips to features, to a trained run, to answers on raw clips."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lddu.clips.extractor import ExtractorConfig
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.simulate import MANNERS, write_video
from lddu.commands.predict import predict as predict_command
from lddu.errors import ConfigError, MismatchError
from lddu.features.store import FeatureStore
from lddu.predict import Predictor
from lddu.predict_clips import predict_clips
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
    np.testing.assert_allclose(answers.predictions.width, stored.width[rows], rtol=1e-4)


def test_an_answer_says_when_and_by_what(run: Path, corpus: Path) -> None:
    answers = predict_clips(Predictor(run), [str(corpus.parent / "talk004.mp4")])
    record = answers.to_records()[0]
    assert record["decided_by"] in {"text", "audio", "visual", None}
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
    assert heard["decided_by"] == "audio" and heard["influence"] == {}
    assert [told.split(": ")[0] for told in answers.warnings if "missing" in told] == [
        "text is missing in 1 of 2 clips (no transcript)",
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
    assert header[:5] == ["file", "start", "end", "transcript", "decided_by"] and "probability_happy" in header


def test_an_option_that_would_do_nothing_is_refused(run: Path, talks: FeatureStore, corpus: Path) -> None:
    clip, store = str(corpus.parent / "talk004.mp4"), str(talks.path)
    with pytest.raises(ConfigError, match="--all only for a store, but got raw clips"):
        predict_command(run, [clip], all=True)
    with pytest.raises(ConfigError, match="--longest, --transcribe only for raw clips, but got a store"):
        predict_command(run, [store], longest=5.0, transcribe=True)
    with pytest.raises(ConfigError, match="one feature store alone, or raw clips, but got 2 inputs"):
        predict_command(run, [store, clip])


def test_clips_are_cut_as_long_as_asked(run: Path, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict_command(run, [str(corpus.parent / "talk004.mp4")], cut="window", longest=1.0, csv=True) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) > 1 and all(float(row["end"]) - float(row["start"]) <= 1.0 + 1e-6 for row in rows)


def test_features_made_in_another_way_are_refused(run: Path, talks: FeatureStore, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(talks.path, other)
    told = json.loads((other / "manifest.json").read_text())
    feature = told["modalities"]["audio"]["feature"].replace('"mel_bands": 40', '"mel_bands": 41')
    told["modalities"]["audio"]["feature"] = feature
    (other / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(MismatchError, match="audio made as in training"):
        Predictor(run).predict(FeatureStore(other))


def test_a_run_on_other_features_cannot_answer_clips(tmp_path: Path, talking: Path) -> None:
    from tests.builders import tiny_store

    with pytest.raises(MismatchError, match="'lddu extract' made"):
        folder = train(tiny_store(tmp_path / "s"), tmp_path / "run", SMALL, RunOptions(device="cpu"))
        predict_clips(Predictor(folder.path), [str(talking)], ExtractorConfig())
