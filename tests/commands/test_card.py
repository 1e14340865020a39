"""`lddu card` and what `predict` says of its model, as a user types it."""

import json
import shutil
from pathlib import Path

import pytest

from lddu.runs.about import About, LearntCorpus, write_about
from lddu.runs.run_folder import RunFolder
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu

ABOUT = About("small", corpora=(LearntCorpus("made up", ("audio", "text"), ("German",)),))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `store` and a finished run with `about.json`."""
    place = tmp_path_factory.mktemp("card")
    store = tiny_store(place / "store", clips=40, missing=[(n, "audio") for n in range(0, 40, 2)])
    options = RunOptions(device="cpu", report=False)
    write_about(train(store, place / "run", tiny_config(training={"epochs": 1}), options), ABOUT)
    return place


def test_a_card_is_printed_or_written_and_holds_the_figures_of_the_run(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lddu(capsys, "card", place / "run")
    assert found.code == 0 and found.out.startswith("# Model card: small\n")
    test = RunFolder(place / "run").metrics["test"]
    assert f"| test | {test.n} | {test.map_macro:.3f} |" in found.out
    for emotion, own in test.per_emotion.items():
        assert f"| {emotion} | {own.positives} |" in found.out
    written = lddu(capsys, "card", place / "run", "--out", place / "card.md")
    assert written.code == 0 and written.out == "" and (place / "card.md").read_text() == found.out
    assert lddu(capsys, "card", place / "run", "--out", place / "card.md").code == 1
    assert lddu(capsys, "card", place / "run", "--out", place / "card.md", "--force").code == 0


def test_a_card_lists_what_the_training_warned_of(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Known of its training" not in lddu(capsys, "card", place / "run").out
    shutil.copytree(place / "run", place / "warned")
    config = json.loads((place / "warned" / "config.json").read_text())
    config["warnings"] = ["2 clips of one split | in another"]
    (place / "warned" / "config.json").write_text(json.dumps(config))
    found = lddu(capsys, "card", place / "warned")
    assert "Known of its training:\n\n- 2 clips of one split \\| in another\n" in found.out


def test_force_without_a_file_and_a_folder_that_is_no_run_are_refused(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = lddu(capsys, "card", place / "run", "--force")
    assert alone.code == 2 and "Expected --force together with --out" in alone.err
    assert lddu(capsys, "card", place / "store").code == 1


def test_predict_says_which_run_answered_and_what_it_learnt_from(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lddu(capsys, "predict", place / "run", place / "store", "--json", "--html", place / "page")
    said = "answered by the run small, which learnt from made up (audio, text, German)"
    told = json.loads(found.out)
    assert found.code == 0 and said in found.err
    assert told["answered_by"] == {
        "run": "small", "family": "lddu", "learnt_from": ["made up"], "simulated": False
    }  # fmt: skip
    assert told["adapted"] is None
    assert said.replace("answered", "Answered") in (place / "page" / "index.html").read_text()


def test_adapt_says_what_it_did_in_json_on_stderr_and_on_the_page(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("predict", place / "run", place / "store", "--adapt")
    found = lddu(capsys, *words, "--json", "--html", place / "page", "--force")
    told = json.loads(found.out)
    assert found.code == 0
    assert {name: entry["clips"] for name, entry in told["adapted"]["modalities"].items()} == {"audio": 20, "text": 40}
    [sentence] = [one for one in told["warnings"] if one.startswith("features are re-centred on training")]
    assert f"warning: {sentence}" in found.err
    assert sentence in (place / "page" / "index.html").read_text()
    plain = json.loads(lddu(capsys, *words[:-1], "--json").out)
    assert plain["clips"][0]["probability"] != told["clips"][0]["probability"]


def test_adapt_on_few_clips_says_that_nothing_was_adapted(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tiny_store(tmp_path / "few", clips=10)
    found = lddu(capsys, "predict", place / "run", few.path, "--adapt", "--json")
    told = json.loads(found.out)
    plain = json.loads(lddu(capsys, "predict", place / "run", few.path, "--json").out)
    assert any(one.startswith("nothing was adapted") for one in told["warnings"])
    assert told["clips"] == plain["clips"]
