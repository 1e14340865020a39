"""What a search promises: validation only, recorded, resumable, and a best.toml that trains."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lddu.config import Config, laid_over
from lddu.errors import ConfigError, MismatchError, RunError
from lddu.models.families import family_of, registered
from lddu.models.lddu.family import LDDU_FAMILY
from lddu.models.lddu.settings import PRESETS
from lddu.models.searched import Choice, Range
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.stream import Stream
from lddu.store.writer import StoreDescription, writing_store
from lddu.training import member
from lddu.training.run import train
from lddu.training.search import journal
from lddu.training.search.journal import Trial
from lddu.training.search.search import NoSearchCallback, SearchOptions, SearchResult, search
from lddu.training.search.space import nested, space_of, value_of
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu
from tests.training.stops import PowerCut

pytest.importorskip("optuna")

RATES = (Range("training.learning_rate", 1e-4, 1e-2, log=True), Range("model.dropout", 0.0, 0.5))
BASE = tiny_config(training={"epochs": 2})

SPACE = space_of(LDDU_FAMILY)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("search") / "store")


def tried(found: SearchResult) -> list[tuple[Any, ...]]:
    return sorted((t.number, t.state, t.score, t.f1_micro, *t.settings.values()) for t in found.trials)


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)
@pytest.mark.parametrize("part", SPACE, ids=lambda part: part.setting)
def test_every_corner_of_the_space_is_a_setting(part: Range | Choice, config: Config) -> None:
    for value in (part.low, part.high) if isinstance(part, Range) else part.values:
        assert value_of(laid_over(config, nested({part.setting: value})), part.setting) == value
        assert part.holds(value)


@pytest.mark.parametrize("name", registered())
def test_the_settings_of_a_family_lie_in_its_space(name: str) -> None:
    """So that the first trial is what a user would have without a search, published settings above all."""
    family = family_of(name)
    space = {part.setting: part for part in space_of(family)}
    assert all(part.holds(value_of(family.preset(), setting)) for setting, part in space.items())
    stated = family.preset().training.epochs
    epochs = space.get("training.epochs")
    assert epochs is None if stated == "auto" else epochs == Choice("training.epochs", (stated, "auto"))


def test_another_test_split_changes_nothing(corpus: FeatureStore, tmp_path: Path) -> None:
    """Test clips with other features, labels and lengths, and with NaN labels: not a bit of the search is different."""
    spoilt = with_other_test_clips(corpus, tmp_path / "spoilt")
    found = [
        search(store, tmp_path / f"{i}", SearchOptions(3, space=RATES), BASE)
        for i, store in enumerate((corpus, spoilt))
    ]
    assert tried(found[0]) == tried(found[1])
    logs = [[one.read_text() for one in sorted((tmp_path / f"{i}").glob("trial-*/log.jsonl"))] for i in range(2)]
    losses = [[json.loads(line)["loss"] for log in side for line in log.splitlines()] for side in logs]
    assert losses[0] == losses[1] and len(losses[0]) == 6


def with_other_test_clips(store: FeatureStore, path: Path) -> FeatureStore:
    rng = np.random.default_rng(9)
    table = store.table
    description = StoreDescription(store.emotions, {name: m.feature for name, m in store.modalities.items()})
    with writing_store(path, description) as writer:
        for i, (clip, split) in enumerate(zip(table.clip, table.split, strict=True)):
            features = {name: np.array(store.steps(name, i)) for name in store.modalities}
            shares: list[float] = table.labels[i].tolist()
            if split == "test":
                features = {name: 1e3 * rng.standard_normal((9, x.shape[1])) for name, x in features.items()}
                shares = [float("nan")] * len(shares)
            writer.add(ClipRow(clip, split, shares), features)
    return FeatureStore(path)


def test_test_clips_are_never_read(corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    steps, padded = FeatureStore.steps, Stream.padded

    def spy(self: FeatureStore, modality: str, clip: int) -> np.ndarray:
        read.add(str(corpus.table.split[clip]))
        return steps(self, modality, clip)

    def spy_on_many(self: Stream, clips: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
        read.update(corpus.table.split[clips].tolist())
        return padded(self, clips, most)

    monkeypatch.setattr(FeatureStore, "steps", spy)
    monkeypatch.setattr(Stream, "padded", spy_on_many)
    search(corpus, tmp_path / "search", SearchOptions(1, space=RATES), BASE)
    assert read == {"train", "valid"}


class StopAtOnce(NoSearchCallback):
    """Ends everything after an epoch."""

    def __init__(self, fault: type[BaseException]) -> None:
        self._fault = fault

    def epoch_done(self, record: dict[str, Any]) -> None:
        raise self._fault


def test_a_search_in_two_sittings_is_one_search(corpus: FeatureStore, tmp_path: Path) -> None:
    whole = search(corpus, tmp_path / "whole", SearchOptions(4, space=RATES), BASE)
    search(corpus, tmp_path / "parts", SearchOptions(2, space=RATES), BASE)

    with pytest.raises(PowerCut):
        search(corpus, tmp_path / "parts", SearchOptions(4, space=RATES), BASE, StopAtOnce(PowerCut))
    parts = search(corpus, tmp_path / "parts", SearchOptions(4, space=RATES), BASE)
    assert len(parts.trials) == 4
    assert tried(parts)[:2] == tried(whole)[:2]
    assert parts.trials[0].score == max(trial.score or 0 for trial in parts.trials)
    assert len({trial.settings[RATES[0].setting] for trial in parts.trials}) == 4
    with pytest.raises(MismatchError, match="but its base differs; choose another `out`"):
        search(corpus, tmp_path / "parts", SearchOptions(5, space=RATES), tiny_config())
    with pytest.raises(MismatchError, match="but its seed differs"):
        search(corpus, tmp_path / "parts", SearchOptions(5, seed=1, space=RATES), BASE)


def test_a_first_trial_that_is_broken_off_is_tried_again(corpus: FeatureStore, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(corpus, tmp_path / "search", SearchOptions(1, space=RATES), BASE, StopAtOnce(KeyboardInterrupt))
    found = search(corpus, tmp_path / "search", SearchOptions(2, space=RATES), BASE)
    base = {part.setting: value_of(BASE, part.setting) for part in RATES}
    assert [trial.settings == base for trial in sorted(found.trials, key=lambda trial: trial.number)] == [True, False]


DIES_WRITING = """
import os, pathlib, signal
from lddu.training.search.journal import joined
study = joined(pathlib.Path("search"))
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
study.ask()
"""


def test_a_search_that_was_killed_while_it_wrote_goes_on(
    corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves a lock, and maybe half a line; a folder with a relative path is named, as users do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(journal, "LOCK_SECONDS", 3)
    path = Path("search")
    search(corpus, path, SearchOptions(1, space=RATES), BASE)
    assert subprocess.run([sys.executable, "-c", DIES_WRITING], check=False).returncode == -signal.SIGKILL
    assert os.path.lexists(path / "journal.log.lock")
    with (path / journal.JOURNAL).open("ab") as stream:
        stream.write(b'{"op_code":')
    assert len(search(corpus, path, SearchOptions(2, space=RATES), BASE).trials) == 2
    assert len(search(corpus, path, SearchOptions(3, space=RATES), BASE).trials) == 3


def test_a_damaged_journal_is_refused(corpus: FeatureStore, tmp_path: Path) -> None:
    search(corpus, tmp_path / "search", SearchOptions(1, space=RATES), BASE)
    file = tmp_path / "search" / journal.JOURNAL
    whole = file.read_text()
    for damaged in ("{\n" + whole, whole + "7\n", whole + "{}\n"):
        file.write_text(damaged)
        with pytest.raises(RunError, match=r"journal.log to be the journal of a search, but it is damaged"):
            search(corpus, tmp_path / "search", SearchOptions(2, space=RATES), BASE)


def test_a_trial_is_worth_what_the_weights_that_are_kept_are(corpus: FeatureStore, tmp_path: Path) -> None:
    base = laid_over(BASE, {"training": {"checkpoint": "f1_map", "epochs": 6}})
    (trial,) = search(corpus, tmp_path / "search", SearchOptions(1, space=RATES), base).trials
    run = train(corpus, tmp_path / "run", laid_over(base, nested(trial.settings)))
    kept = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines() if json.loads(line)["kept"]]
    figures = kept[-1]["valid"]
    assert trial.f1_micro == figures["f1_micro"] != trial.score == (figures["f1_micro"] + figures["map_macro"]) / 2
    base = laid_over(base, {"training": {"checkpoint": "f1"}})
    found = search(corpus, tmp_path / "by-f1", SearchOptions(2, space=RATES), base)
    assert found.judged_by == "f1" and all(trial.score == trial.f1_micro for trial in found.trials)


def test_a_search_of_an_older_version_goes_on_with_micro_f1(corpus: FeatureStore, tmp_path: Path) -> None:
    """Its trials can be compared with no others; `about` did not say what judged them."""
    base = laid_over(BASE, {"training": {"checkpoint": "f1_map"}})
    assert search(corpus, tmp_path / "search", SearchOptions(1, space=RATES), base).judged_by == "f1_map"
    file = tmp_path / "search" / journal.JOURNAL
    whole = file.read_text()
    file.write_text(whole.replace(',"judged_by":"f1_map"', ""))
    assert file.read_text() != whole
    found = search(corpus, tmp_path / "search", SearchOptions(3, space=RATES), base)
    assert found.judged_by == "f1" and all(trial.score == trial.f1_micro for trial in found.trials if trial.number)
    with pytest.raises(MismatchError, match="but its seed differs"):
        search(corpus, tmp_path / "search", SearchOptions(4, seed=1, space=RATES), base)


def test_a_broken_trial_is_recorded_and_the_next_one_begins(
    corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    fit = member.fit

    def sometimes(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RunError("Expected a finite loss, but got nan.")
        if len(calls) == 3:
            raise ZeroDivisionError("a fault of our own")
        return fit(*arguments)

    monkeypatch.setattr(member, "fit", sometimes)
    found = search(corpus, tmp_path / "search", SearchOptions(4, space=RATES), BASE)
    by_number = sorted(found.trials, key=lambda trial: trial.number)
    assert [trial.state for trial in by_number] == ["done", "broken", "broken", "done"]
    assert by_number[1].fault == "Expected a finite loss, but got nan."
    assert by_number[2].fault == "a fault of our own"


def test_a_full_disk_ends_the_search_and_spends_no_trial(
    corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(member, "fit", full)
        search(corpus, tmp_path / "search", SearchOptions(2, space=RATES), BASE)
    found = search(corpus, tmp_path / "search", SearchOptions(2, space=RATES), BASE)
    assert [trial.state for trial in found.trials] == ["done", "done"]


def test_a_search_of_broken_trials_says_why(
    corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Any:
        raise RunError("Expected a finite loss, but got nan.")

    monkeypatch.setattr(member, "fit", never)
    with pytest.raises(RunError, match="all of 2 broke or were given up; the last fault was: Expected a finite loss"):
        search(corpus, tmp_path / "search", SearchOptions(2, space=RATES), BASE)


def test_a_trial_that_falls_behind_is_given_up_after_a_quarter_of_its_epochs(
    corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "TRIALS_BEFORE_PRUNING", 1)

    def fit(store: Any, folder: Any, config: Config, run: Any, watch: Any, family: Any) -> Any:
        for epoch in range(1, 9):
            watch.epoch_begins(epoch, 8, 1)
            watch.epoch_done({"epoch": epoch, "seconds": 1.0, "valid": figures()})
        return type("P", (), {"best_figures": figures()})

    def figures() -> dict[str, float]:
        return {"f1_micro": 0.5, "map_macro": 1 / len(calls)}

    calls: list[int] = []

    class Count(NoSearchCallback):
        def trial_begins(self, number: int, trials: int) -> None:
            calls.append(number)

    monkeypatch.setattr(member, "fit", fit)
    ended: list[Trial] = []
    monkeypatch.setattr(Count, "trial_done", lambda self, trial: ended.append(trial))
    search(corpus, tmp_path / "search", SearchOptions(3, space=RATES), BASE, Count())
    assert [(trial.state, trial.epochs) for trial in ended] == [("done", 8), ("pruned", 2), ("pruned", 2)]


def test_nothing_to_search_and_no_trials_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1, but got 0"):
        SearchOptions(0)
    with pytest.raises(ConfigError, match="free to be searched"):
        SearchOptions(1, space=())


def test_the_command_leaves_a_file_that_trains(
    corpus: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "search"
    words = ("search", corpus.path, "--trials", "2", "--out", out, "--training.epochs", "1", "--model.hidden", "16")
    said = lddu(capsys, *words, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert len(found["trials"]) == 2 and found["trials"][0]["number"] == found["best"]
    assert all("model.hidden" not in trial["settings"] for trial in found["trials"])
    assert found["config"]["model"]["hidden"] == 16
    shown = lddu(capsys, *words)
    assert "lddu train STORE --config" in " ".join(shown.out.split()) and "micro-F1" in shown.out
    trained = lddu(capsys, "train", corpus.path, "--config", out / "best.toml", "--out", tmp_path / "run", "--json")
    assert trained.code == 0, trained.err
    best = json.loads(trained.out)["splits"]["valid"]["n"]
    assert best == 4
