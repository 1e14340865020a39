"""From mp4 files to a model that has learned: simulated clips, spoken and drawn, and nothing but the commands."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lddu.clips.simulated.talking_clips import best_voice, write_talking_corpus
from lddu.commands.cli import main

CLIPS = 100


def lddu(*words: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    assert stop.value.code == 0


@pytest.mark.slow
@pytest.mark.skipif(best_voice() != "espeak", reason="needs real speech: apt-get install espeak-ng")
def test_a_run_on_talking_clips_learns_and_answers_new_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    manifest = write_talking_corpus(tmp_path / "clips", CLIPS, seed=1)
    lddu("extract", "clips", "--out", "store", "--jobs", "1")
    lddu("train", "store", "--out", "run", "--training.epochs", "40", "--training.patience", "40")
    test = json.loads(Path("run/metrics.json").read_text())["splits"]["test"]
    found = {baseline["name"]: baseline["f1_micro"] for baseline in test["baselines"]}
    assert test["n"] == CLIPS // 5
    assert test["f1_micro"] > found["best-constant"] + 0.2 and test["f1_micro"] > max(found.values()) - 0.1

    rows = [row for row in csv.DictReader(manifest.open()) if row["split"] == "test"][:5]
    Path("new").mkdir()
    for row in rows:
        for suffix in (".mp4", ".srt"):
            shutil.copy(tmp_path / "clips" / Path(row["file"]).with_suffix(suffix), "new")
    capsys.readouterr()
    lddu("predict", "run", "new", "--json", "--html", "page")
    fresh = {clip["clip"]: clip["probability"] for clip in json.loads(capsys.readouterr().out)["clips"]}
    lddu("predict", "run", "store", "--json")
    stored = {clip["clip"]: clip["probability"] for clip in json.loads(capsys.readouterr().out)["clips"]}
    assert set(fresh) == {row["clip"] for row in rows}
    for clip, probability in fresh.items():
        np.testing.assert_allclose(list(probability.values()), list(stored[clip].values()), atol=1e-5)
    assert (tmp_path / "page" / "index.html").is_file()
