"""A run of clips of which some lack a modality: what reads its folder decides each clip by the modalities that it has."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lddu import load
from lddu.decide.decision import FittedDecision
from lddu.decide.recalibrate import Recalibration
from lddu.pages.card import model_card
from lddu.pages.report import write_report
from lddu.runs.kept_answers import answers_of
from lddu.runs.run_folder import RunFolder
from lddu.runs.subgroups import PROMISED_RECALL, with_label_sets
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config, tiny_store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Whose clips with the audio alone are recalibrated and cut in a way of their own."""
    place = tmp_path_factory.mktemp("lacking")
    store = tiny_store(place / "store", clips=300, missing=[(n, "text") for n in range(300) if n % 25 in (3, 4)])
    folder = train(store, place / "run", tiny_config(training={"epochs": 1}), RunOptions(report=False, baselines=False))
    decision = folder.load_decision()
    [audio] = decision.by_modalities
    assert audio.modalities == ("audio",) and audio.clips == 60  # of the text there are 48
    audio = replace(
        audio,
        recalibration=Recalibration("temperature", 0.5, (0.0, 0.0)),
        recall_sets=replace(audio.recall_sets, cuts=tuple(0.99 for _ in audio.recall_sets.cuts)),
    )
    whole = Recalibration("identity", 1.0, (0.0, 0.0), left_out_nll={"identity": 0.6})
    folder.write_json("decision.json", replace(decision, recalibration=whole, by_modalities=(audio,)).to_mapping())
    return folder


def test_label_sets_follow_the_clips_in_whatever_order_they_are_compared(run: RunFolder) -> None:
    answers = answers_of(run, "valid")
    turned = replace(answers, scored=answers.scored.rows(np.arange(len(answers.scored.clips))[::-1]))
    one, other = (with_label_sets(run, given).label_set for given in (answers, turned))
    assert one is not None and other is not None
    np.testing.assert_array_equal(one, other[::-1])
    kept = run.predictions()
    alone = kept.presented[kept.split == "valid"].sum(axis=1) == 1
    assert alone.any() and not one[alone].any() and one[~alone].any()
    assert run.load_decision().given(["audio"]).recall_sets.cut(PROMISED_RECALL) == 0.99


def test_card_and_report_name_the_recalibration_of_every_set_of_modalities(run: RunFolder) -> None:
    assert "of its own (audio: temperature; other clips: none): adaptive calibration error" in model_card(run)
    write_report(run)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "before recalibration (audio: temperature; other clips: none)" in page


def test_the_threshold_that_is_reported_is_the_one_that_decided(run: RunFolder, tmp_path: Path) -> None:
    decision = run.load_decision()
    [audio] = decision.by_modalities
    lower = replace(decision, by_modalities=(replace(audio, thresholds=(0.125, 0.25)),))
    run.write_json("decision.json", lower.to_mapping())
    write_report(run)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert ", in clips that have audio, text; in other clips of test 0.125 to 0.250)" in page
    voices = tiny_store(tmp_path / "voices", clips=50, missing=[(n, "text") for n in range(50)])
    figures = load(run.path).evaluate(voices, "test")
    assert [own["threshold"] for own in figures["per_emotion"].values()] == [0.125, 0.25]
    assert "in other clips" not in _page_without(run, lower)


def _page_without(run: RunFolder, decision: FittedDecision) -> str:
    """The report where every clip is decided alike."""
    run.write_json("decision.json", replace(decision, by_modalities=()).to_mapping())
    write_report(run)
    run.write_json("decision.json", decision.to_mapping())
    return (run.path / "report.html").read_text(encoding="utf-8")
