"""What a modality is worth is measured as if the clips never had it, and told where clips lack it."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from lddu.errors import RunError
from lddu.pages.report_ablation import withheld
from lddu.runs.ablation import Ablation, ablations_of
from lddu.runs.cautions import weaknesses
from lddu.runs.figures import PredictOptions
from lddu.runs.missing_modalities import missing_in, missing_sentences
from lddu.runs.predictor import Predictor
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config, tiny_store

SIZES = {"audio": 4, "text": 6, "face": 3}


def trained(store: FeatureStore, out: Path, members: int = 1) -> Predictor:
    return Predictor(
        train(store, out, tiny_config(training={"epochs": 1}), RunOptions(device="cpu", members=members)).path
    )


def without(store: FeatureStore, path: Path, lacking: str) -> FeatureStore:
    """The same store, made anew without a modality."""
    kept = [name for name in store.modalities if name != lacking]
    description = StoreDescription(store.emotions, {name: store.modalities[name].feature for name in kept})
    table = store.table
    with writing_store(path, description) as writer:
        for row in range(len(store)):
            clip = ClipRow(table.clip[row], table.split[row], table.labels[row].tolist())
            steps = {name: np.array(store.steps(name, row)) for name in kept}
            writer.add(clip, {name: values for name, values in steps.items() if len(values)})
    return FeatureStore(path)


@pytest.mark.parametrize("members", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_withholding_a_modality_is_the_same_as_not_having_it(tmp_path: Path, members: int) -> None:
    store = tiny_store(tmp_path / "store", clips=40, dimensions=SIZES)
    predictor = trained(store, tmp_path / "run", members=members)
    measured = predictor.ablation(("audio", "text"))
    bare = predictor.evaluate(without(store, tmp_path / "bare", "face"), "valid")
    whole = predictor.evaluate(store, "valid")
    assert measured is not None and measured.n == bare["n"] == 8
    assert (measured.f1_micro, measured.map_macro) == pytest.approx((bare["f1_micro"], bare["map_macro"]))
    assert (measured.f1_micro_whole, measured.map_macro_whole) == pytest.approx((whole["f1_micro"], whole["map_macro"]))


def test_every_subset_of_few_modalities_is_measured_and_of_many_each_left_out(tmp_path: Path) -> None:
    few = trained(tiny_store(tmp_path / "few", dimensions=SIZES), tmp_path / "run")
    found = ablations_of(few.folder.read_json("metrics.json"))
    assert [one.given for one in found] == [
        ("audio",), ("text",), ("face",), ("audio", "text"), ("audio", "face"), ("text", "face"),
    ]  # fmt: skip
    many = trained(tiny_store(tmp_path / "many", dimensions=dict.fromkeys("abcde", 2)), tmp_path / "run-many")
    found = ablations_of(many.folder.read_json("metrics.json"))
    assert sorted("".join(one.given) for one in found) == ["abcd", "abce", "abde", "acde", "bcde"]
    assert many.ablation(("a",)) is None


def test_clips_that_lack_a_modality_are_decided_by_what_validation_showed_of_such_clips(tmp_path: Path) -> None:
    store = tiny_store(
        tmp_path / "store", clips=300, dimensions=SIZES, missing=[(n, "text") for n in range(3, 300, 50)]
    )
    predictor, bare = trained(store, tmp_path / "run"), without(store, tmp_path / "bare", "face")
    decision = predictor.decision
    assert {one.modalities: one.clips for one in decision.by_modalities} == {
        ("audio",): 60, ("text",): 54, ("face",): 60,
        ("audio", "text"): 54, ("audio", "face"): 60, ("text", "face"): 54, ("audio", "text", "face"): 54,
    }  # fmt: skip
    measured, valid = predictor.ablation(("audio", "text")), predictor.evaluate(bare, "valid")
    assert measured is not None and measured.f1_micro == pytest.approx(valid["f1_micro"])
    found = predictor.predict(bare, options=PredictOptions(recall=0.9))
    voice = ~found.presented[:, list(found.modalities).index("text")]
    assert voice.sum() == 6 and found.label_set is not None
    raw = predictor.infer(bare, np.arange(300)).probability[voice]
    alone = decision.given(["audio"])
    assert alone.fitted_on == decision.fitted_on and alone.recall_sets != decision.recall_sets
    np.testing.assert_array_equal(found.probability[voice], alone.recalibration.apply(raw))
    np.testing.assert_array_equal(found.label_set[voice], alone.recall_sets.sets(raw, 0.9))
    assert (found.label == (found.probability >= decision.thresholds_of(found.presented, 300))).all()


@pytest.mark.parametrize("clips", [30, 300])
def test_a_modality_errs_alone_as_often_as_the_run_errs_on_clips_that_have_no_other(tmp_path: Path, clips: int) -> None:
    """Thirty clips are too few for a decision of their own."""
    lacking = [(n, "audio") for n in range(0, clips, 7)] + [(n, "face") for n in range(0, clips, 5)]
    store = tiny_store(tmp_path / "store", clips=clips, dimensions=SIZES, missing=lacking)
    predictor = trained(store, tmp_path / "run")
    found = predictor.predict(store).evidence["modality_error"]
    assert found.evidence.axes == ("modality",) and found.evidence.prefix == "error"
    bare = without(without(store, tmp_path / "two", "face"), tmp_path / "one", "audio")
    alone = predictor.predict(bare)
    assert (alone.presented.sum(axis=1) == 1).all()
    text = list(predictor.modalities).index("text")
    np.testing.assert_allclose(found.values[:, text], alone.uncertainty.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(alone.evidence["modality_error"].values[:, text], found.values[:, text], atol=1e-6)
    presented = predictor.predict(store).presented
    assert (np.isnan(found.values) == ~presented).all()
    kept = predictor.folder.predictions()
    rows = store.rows(kept.clip)
    np.testing.assert_allclose(kept.evidence["modality_error"].values, found.values[rows], atol=1e-5)


def test_both_figures_are_of_the_clips_that_have_something_left(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", clips=40, missing=[(3, "text"), (8, "text")])
    predictor = trained(store, tmp_path / "run")
    only_text, only_audio = predictor.ablation(("text",)), predictor.ablation(("audio",))
    assert only_text is not None and only_audio is not None
    assert (only_text.n, only_audio.n) == (6, 8)


def test_one_modality_leaves_nothing_to_withhold(tmp_path: Path) -> None:
    predictor = trained(tiny_store(tmp_path / "store", dimensions={"audio": 4}), tmp_path / "run")
    assert predictor.folder.read_json("metrics.json")["ablation"] == []


def test_a_run_from_before_it_was_measured_still_predicts(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", missing=[(3, "text")])
    predictor = trained(store, tmp_path / "run")
    old = {k: v for k, v in predictor.folder.read_json("metrics.json").items() if k != "ablation"}
    predictor.folder.write_json("metrics.json", old)
    again = Predictor(predictor.folder.path)
    assert again.predict(store).to_records()[3]["missing_cost"] is None
    assert again.warnings(store)[-1] == "text is missing in 1 of 20 clips: its result rests on audio"
    (again.folder.path / "metrics.json").unlink()
    assert len(Predictor(again.folder.path).predict(store)) == 20


def test_speakers_are_what_is_too_few_where_a_recall_is_promised_for_new_ones(tmp_path: Path) -> None:
    decision = trained(tiny_store(tmp_path / "store"), tmp_path / "run").decision
    few = replace(decision.recall_sets, cuts=tuple(0.0 for _ in decision.recall_sets.cuts), units=13)
    assert list(weaknesses({}, replace(decision, recall_sets=few), 0.95)) == [
        "13 speakers or corpora are too few to promise a recall of 0.95 by anything but sets of every emotion"
    ]


def test_a_reader_of_answers_is_told_what_the_run_cannot_do(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store")
    predictor = trained(store, tmp_path / "run")
    clips = predictor.decision.recall_sets.clips
    promise = f"{clips} validation clips are too few to promise a recall of 0.99 by anything but sets of every emotion"
    assert promise in predictor.warnings(store, PredictOptions(recall=0.99)) and promise not in predictor.warnings(
        store
    )
    assert not any("validation clips" in told for told in predictor.warnings(store, PredictOptions(recall=0.5)))
    figures = predictor.folder.read_json("metrics.json")
    test = figures["splits"]["test"]
    test["f1_micro"], test["f1_macro"], test["jaccard"] = 0.0, 1.1, 1.1
    predictor.folder.write_json("metrics.json", figures)
    told = Predictor(predictor.folder.path).warnings(store)
    assert any(one.startswith("this run is no better than a constant answer in micro-F1 (0.000; ") for one in told)
    assert any(one.endswith(", on test") for one in told)


SOUND = {"given": ["text"], "n": 3, "f1_micro": 0.5, "map_macro": None, "f1_micro_whole": 0.7, "map_macro_whole": None}


@pytest.mark.parametrize(
    "damage", [{"n": -1}, {"f1_micro": 2}, {"given": "text"}, {"map_macro": "x"}, {"unknown": 1}], ids=str
)
def test_damaged_figures_are_refused(damage: dict[str, object]) -> None:
    assert ablations_of({"ablation": [SOUND]})[0].to_mapping() == SOUND
    with pytest.raises(RunError, match=r"metrics\.json\.ablation\[0\]"):
        ablations_of({"ablation": [{**SOUND, **damage}]})
    with pytest.raises(RunError, match="to be a list"):
        ablations_of({"ablation": {}})


def test_the_sentence_says_which_way_the_figures_go() -> None:
    cost = Ablation(("audio",), 30, 0.69, 0.71, 0.74, 0.71)
    assert cost.sentence() == "this run's micro-F1 on 30 validation clips falls from 0.74 to 0.69, mAP stays 0.71"
    better = Ablation(**{**asdict(cost), "f1_micro": 0.8, "map_macro": None})
    assert better.sentence() == "this run's micro-F1 on 30 validation clips rises from 0.74 to 0.80"


def test_clips_are_told_by_what_they_lack(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", missing=[(1, "text"), (2, "text"), (3, "audio"), (3, "text")])
    found = list(missing_in(store, store.rows(None), ["text", "audio", "smell"]))
    assert [(one.lacking, one.there, len(one.rows)) for one in found] == [
        (("smell",), ("text", "audio"), 17),
        (("text", "smell"), ("audio",), 2),
        (("text", "audio", "smell"), (), 1),
    ]
    told = missing_sentences(store, store.rows(None), ["text", "audio"], lambda there: None)
    assert told == [
        "only text is missing in 2 of 20 clips: their results rest on audio",
        "text and audio are missing in 1 of 20 clips: its result rests on nothing but how common each emotion is",
    ]
    some = missing_sentences(store, store.rows([0, 2]), ["text", "audio"], lambda there: None)
    assert some == ["text is missing in 1 of 2 clips: its result rests on audio"]


def measured(*given: str, without: float, whole: float = 0.7) -> dict[str, object]:
    return {**SOUND, "given": list(given), "f1_micro": without, "f1_micro_whole": whole}


def test_the_report_puts_the_modality_that_is_missed_most_first() -> None:
    entries = [
        measured("text", without=0.3),
        measured("text", "face", without=0.65),
        measured("audio", "face", without=0.4),
    ]
    found = withheld({"ablation": entries}, ["audio", "text", "face"])
    assert found is not None
    assert [row.withheld for row in found.rows] == [("text",), ("audio",), ("audio", "face")]
    assert [row.f1_change for row in found.rows] == pytest.approx([-0.3, -0.05, -0.4])
    assert [row.map_change for row in found.rows] == [None, None, None]
    told = "this run's micro-F1 on 3 validation clips falls from 0.70 to 0.40"
    assert found.sentence == f"Text is needed most: without it, {told}."


def test_the_report_says_where_no_modality_is_needed_by_itself() -> None:
    found = withheld({"ablation": [measured("audio", without=0.7), measured("text", without=0.8)]}, ["audio", "text"])
    assert found is not None
    assert found.sentence.startswith("No modality is needed by itself: even without text, ")
    assert withheld({"ablation": []}, ["audio"]) is None and withheld({}, ["audio", "text"]) is None


def test_the_report_of_a_run_shows_what_its_modalities_are_worth(tmp_path: Path) -> None:
    predictor = trained(tiny_store(tmp_path / "store", clips=40, missing=[(3, "text")]), tmp_path / "run")
    page = (predictor.folder.path / "report.html").read_text(encoding="utf-8")
    section = page[page.index("What is each modality worth?") :].split("<h2>")[0]
    for given, lacking in (("audio", "text"), ("text", "audio")):
        cost = predictor.ablation((given,))
        assert cost is not None
        row = next(row for row in section.split("<tr>") if row.startswith(f"<td>{lacking}</td>"))
        assert f"<td>{cost.n}</td><td>{cost.f1_micro:.3f}</td>" in row
    alone = trained(tiny_store(tmp_path / "one", dimensions={"audio": 4}), tmp_path / "run-of-one")
    assert "What is each modality worth?" not in (alone.folder.path / "report.html").read_text(encoding="utf-8")
