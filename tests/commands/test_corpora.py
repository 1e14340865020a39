"""CMU-MOSEI and M3ED as a user types it: import, describe, train, in every form."""

import json
from pathlib import Path
from typing import Any

import pytest

from lddu.commands.cli import app_for, main
from lddu.store.store import FeatureStore
from tests import builders_corpora as build

TINY = (
    "--model.hidden", 16, "--model.latent", 4, "--model.layers", 1, "--model.heads", 2, "--training.epochs", 1,
    "--objective.memory-size", 32, "--model.max-steps", 20,
)  # fmt: skip


def lddu(*words: object) -> None:
    app_for()([str(word) for word in words], result_action="return_value")


def mosei(folder: Path, *options: object) -> tuple[Path, tuple[object, ...]]:
    source = build.mosei_folder(folder / "mosei", build.mosei_videos(8))
    names = [f"-video{v}" for v in range(8)]
    folds = build.write_folds(folder / "folds.json", train=names[:4], valid=names[4:6], test=names[6:])
    return source, ("--folds", folds, *options)


def corpus(form: str, folder: Path) -> tuple[Path, tuple[object, ...]]:
    """A source with some clips in every split, and the options to import it with."""
    if form == "mosei-aligned":
        return mosei(folder)
    if form == "mosei-unaligned":
        return mosei(folder, "--unaligned", "--max-steps.audio", 30)
    if form in ("tailor", "m3ed-carat"):
        return build.write_tailor(folder / "data.pt", build.tailor_content(7 if "m3ed" in form else 6, clips=8)), ()
    if form.startswith("mmsa"):
        source = build.write_pickle(folder / "aligned_50.pkl", build.mmsa_content(form == "mmsa-aligned"))
        return source, ("--labels", build.mmsa_labels(folder / "labels" / "labels.csd"))
    content = build.m3ed_content(dialogues=16)
    labels = build.write_json(folder / "annotation.json", build.annotation_content(content))
    options = ("--protocol", form.removeprefix("m3ed-"), "--labels", labels)
    return build.write_pickle(folder / "m3ed.pkl", content), options


FORMS = (
    "mosei-aligned", "mosei-unaligned", "tailor", "m3ed-carat", "mmsa-aligned", "mmsa-unaligned", "m3ed-dialogue",
    "m3ed-utterance",
)  # fmt: skip
IN_THE_GATE = ("mosei-aligned", "tailor", "m3ed-dialogue")
"""One of each corpus and of each way in; what the others read is tested in tests/corpora."""


@pytest.mark.parametrize(
    "form", [form if form in IN_THE_GATE else pytest.param(form, marks=pytest.mark.slow) for form in FORMS]
)
def test_a_corpus_is_imported_described_and_trained_on(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, options = corpus(form, tmp_path)
    lddu("data", "import", source, "--out", tmp_path / "store", *options)
    capsys.readouterr()
    lddu("data", "describe", tmp_path / "store", "--json", "--verify")
    described: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {"train", "valid", "test"} <= set(described["clips"])
    lddu("train", tmp_path / "store", "--preset", "paper", "--out", tmp_path / "run", *TINY)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["splits"]["test"]["n"] > 0


def test_describe_says_which_emotions_come_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, options = corpus("mosei-aligned", tmp_path)
    lddu("data", "import", source, "--out", tmp_path / "store", *options, "--json")
    told = {emotion["name"]: emotion["together"] for emotion in json.loads(capsys.readouterr().out)["emotions"]}
    present = FeatureStore(tmp_path / "store").table.labels > 0
    assert told["sad"]["fear"] == pytest.approx((present[:, 1] & present[:, 5]).sum() / present[:, 1].sum())
    lddu("data", "describe", tmp_path / "store")
    assert "Together" in capsys.readouterr().out


def test_the_emotionless_file_of_mmsa_asks_for_labels_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = build.write_pickle(tmp_path / "aligned_50.pkl", build.mmsa_content())
    with pytest.raises(SystemExit) as stop:
        main(["data", "import", str(source), "--out", str(tmp_path / "store")])
    shown = capsys.readouterr().err
    assert stop.value.code == 1
    assert "CMU_MOSEI_Labels.csd" in shown and "Traceback" not in shown
    assert not (tmp_path / "store").exists()


def test_an_option_that_the_format_does_not_know_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = build.write_tailor(tmp_path / "mosei.pt")
    with pytest.raises(SystemExit) as stop:
        main(["data", "import", str(source), "--out", str(tmp_path / "store"), "--protocol", "dialogue"])
    assert stop.value.code == 2
    assert "--max-steps for the format 'tailor'" in " ".join(capsys.readouterr().err.split())


def test_aligned_and_unaligned_differ_in_their_steps(tmp_path: Path) -> None:
    for form in ("mosei-aligned", "mosei-unaligned"):
        source, options = corpus(form, tmp_path / form)
        lddu("data", "import", source, "--out", tmp_path / form / "store", *options)
    aligned, unaligned = (FeatureStore(tmp_path / form / "store") for form in ("mosei-aligned", "mosei-unaligned"))
    assert (aligned.lengths("audio") == aligned.lengths("text")).all()
    assert (unaligned.lengths("audio") == 30).all()
