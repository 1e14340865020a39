"""A search for settings: trials proposed by Optuna, each trained on `train` and judged on `valid` by micro-F1.

The state is a journal in the search's folder. A search that was stopped goes on from it, and several processes, also on
several machines that share the folder, may add trials to it at once. The test split is not looked at.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lddu.config import DEFAULT, Config, laid_over
from lddu.errors import ConfigError, MismatchError, RunError
from lddu.features.atomic import write_text
from lddu.features.store import FeatureStore
from lddu.losses.objective import LossTerms
from lddu.training import member
from lddu.training.loop import Unwatched, Watch
from lddu.training.plan import RunOptions
from lddu.training.search_space import SPACE, Range, Space, nested, value_of

if TYPE_CHECKING:
    import optuna

TRIALS_BEFORE_PRUNING = 5
EPOCHS_BEFORE_PRUNING = 3


@dataclass(frozen=True)
class SearchOptions:
    """How a search is made.

    Attributes:
        trials: how many the search shall have in the end, those of earlier sittings included.
        seed: of the proposals and of every trial's network.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        space: what is tried.

    Raises:
        ConfigError: where there is nothing to try.
    """

    trials: int
    seed: int = 0
    device: str = "auto"
    space: Space = SPACE

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise ConfigError(f"Expected --trials to be at least 1, but got {self.trials}.")
        if not self.space:
            raise ConfigError("Expected a setting that is free to be searched, but all are set; set fewer.")


@dataclass(frozen=True)
class Trial:
    """One try.

    Attributes:
        number: from 0, over all sittings.
        state: ``done``; ``pruned`` where it was given up, being worse than the median of those before; ``broken``.
        f1_micro: best on validation, with the threshold tuned there; None where the trial broke.
        epochs: passes made.
        seconds: spent.
        settings: what was tried.
        fault: why it broke.
    """

    number: int
    state: str
    f1_micro: float | None
    epochs: int
    seconds: float
    settings: dict[str, Any]
    fault: str = ""


@dataclass(frozen=True)
class SearchResult:
    """All trials, best first; `best` are the settings to train with, also in `best.toml`."""

    path: Path
    trials: tuple[Trial, ...]
    best: Config


class SearchWatch(Watch, Protocol):
    """Told how a search goes."""

    def trial_begins(self, number: int, trials: int) -> None:
        """Trial (from 0) of so many."""

    def trial_done(self, trial: Trial) -> None:
        """How it ended."""


class UnwatchedSearch(Unwatched):
    """A `SearchWatch` that looks away."""

    def trial_begins(self, number: int, trials: int) -> None:
        """Nothing."""

    def trial_done(self, trial: Trial) -> None:
        """Nothing."""


def search(
    store: FeatureStore,
    out: str | Path,
    options: SearchOptions,
    base: Config = DEFAULT,
    watch: SearchWatch | None = None,
) -> SearchResult:
    """Look for settings that do well on `valid`, or go on with a search that was stopped.

    The first trial is `base` itself. A trial that breaks is recorded with its reason, and the next one begins.

    Args:
        store: labelled, with clips in `train` and `valid`.
        out: the search's folder, new or of the same search.
        options: how many trials, of what.
        base: settings that are not searched.
        watch: is told of the progress.

    Raises:
        ConfigError: where Optuna is not installed.
        MismatchError: where `out` holds a search on another store or with other settings.
        RunError: where every trial broke.
    """
    path, watch = Path(out), watch or UnwatchedSearch()
    with _quiet_optuna() as optuna:
        study = _study(optuna, path, store, options, base)
        while (number := len(_ended(study))) < options.trials:
            watch.trial_begins(number, options.trials)
            study.sampler = optuna.samplers.TPESampler(
                seed=_trial_seed(options.seed, len(study.trials)), multivariate=True
            )
            study.optimize(_Attempt(store, path, options, base, watch), n_trials=1, catch=(Exception,))
            watch.trial_done(_ended(study)[-1])
        return _result(path, _ended(study), base)


@dataclass(frozen=True)
class _Attempt:
    """The function that Optuna calls with a trial."""

    store: FeatureStore
    path: Path
    options: SearchOptions
    base: Config
    watch: SearchWatch

    def __call__(self, trial: "optuna.Trial") -> float:
        import optuna

        folder = self.path / f"trial-{trial.number:04d}"
        folder.mkdir(exist_ok=True)
        try:
            config = laid_over(self.base, nested(_propose(trial, self.options.space)))
            how = RunOptions(seed=self.options.seed, device=self.options.device)
            return member.fit(self.store, folder, config, how, _Pruning(trial, self.watch)).kept_f1
        except optuna.TrialPruned:
            raise
        except Exception as fault:
            trial.set_user_attr("fault", (str(fault).splitlines() or [type(fault).__name__])[0])
            raise


class _Pruning(Unwatched):
    """Reports every epoch to Optuna, and ends the training where it says so."""

    def __init__(self, trial: "optuna.Trial", watch: Watch) -> None:
        self._trial, self._watch = trial, watch

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Pass on."""
        self._watch.epoch_begins(epoch, epochs, steps)

    def step_done(self, terms: LossTerms) -> None:
        """Pass on."""
        self._watch.step_done(terms)

    def epoch_done(self, record: dict[str, Any]) -> None:
        """Pass on, report, and end what is worse than the median."""
        import optuna

        self._watch.epoch_done(record)
        self._trial.report(record["valid"]["f1_micro"], record["epoch"])
        self._trial.set_user_attr("seconds", record["seconds"])
        if self._trial.should_prune():
            raise optuna.TrialPruned


def _propose(trial: "optuna.Trial", space: Space) -> dict[str, Any]:
    return {
        part.setting: trial.suggest_float(part.setting, part.low, part.high, log=part.log)
        if isinstance(part, Range)
        else trial.suggest_categorical(part.setting, part.values)
        for part in space
    }


def _study(optuna: Any, path: Path, store: FeatureStore, options: SearchOptions, base: Config) -> Any:
    """The study in this folder; a new one begins with the base."""
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()) and not (path / "journal.log").is_file():
        raise RunError(
            f"Expected {path} to be free or to hold a search, but it is something else; choose another --out."
        )
    backend = optuna.storages.journal.JournalFileBackend(str(path / "journal.log"))
    pruner = optuna.pruners.MedianPruner(TRIALS_BEFORE_PRUNING, EPOCHS_BEFORE_PRUNING)
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name="search",
        direction="maximize",
        pruner=pruner,
        load_if_exists=True,
    )
    about = json.loads(json.dumps({
        "store": store.manifest_sha256, "base": base.to_mapping(), "seed": options.seed, "space": repr(options.space)
    }))  # fmt: skip
    found = study.user_attrs.get("about")
    if found is None:
        study.set_user_attr("about", about)
        start = {part.setting: value_of(base, part.setting) for part in options.space}
        if all(part.holds(start[part.setting]) for part in options.space):
            study.enqueue_trial(start)
    elif found != about:
        what = ", ".join(name for name in about if found.get(name) != about[name])
        raise MismatchError(
            f"Expected {path} to hold a search of the same kind, but its {what} differs; choose another --out, or give "
            "the same store, settings and seed."
        )
    return study


def _ended(study: "optuna.Study") -> list[Trial]:
    """The trials that ended by themselves, in order; those that a kill or Ctrl-C broke off do not count."""
    found = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name not in _STATES or (trial.state.name == "FAIL" and "fault" not in trial.user_attrs):
            continue
        scores = [score for score in trial.intermediate_values.values() if not math.isnan(score)]
        found.append(
            Trial(
                trial.number,
                _STATES[trial.state.name],
                None if trial.state.name == "FAIL" else max(scores),
                len(trial.intermediate_values),
                float(trial.user_attrs.get("seconds", 0.0)),
                dict(trial.params),
                str(trial.user_attrs.get("fault", "")),
            )
        )
    return found


_STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "broken"}


def _result(path: Path, trials: list[Trial], base: Config) -> SearchResult:
    ordered = sorted(trials, key=lambda trial: (trial.state != "done", -(trial.f1_micro or 0.0), trial.number))
    if ordered[0].state != "done":
        faults = [trial.fault for trial in trials if trial.fault]
        raise RunError(
            f"Expected a trial of {path} to end, but all of {len(trials)} broke or were given up; the last fault was: "
            f"{faults[-1] if faults else 'none'}"
        )
    best = laid_over(base, nested(ordered[0].settings))
    write_text(path / "best.toml", to_toml(best))
    return SearchResult(path, tuple(ordered), best)


def to_toml(config: Config) -> str:
    """Every setting, in the form that `lddu train --config` takes."""
    lines = [f"preset = {json.dumps(config.preset)}"]
    for section, settings in config.to_mapping().items():
        if isinstance(settings, dict):
            lines += ["", f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    return "\n".join(lines) + "\n"


def _trial_seed(seed: int, number: int) -> int:
    """Proposals depend on the seed and on the trials so far, not on how many sittings there were."""
    return (seed * 1_000_003 + number) % 2**32


@contextmanager
def _quiet_optuna() -> Iterator[Any]:
    """Optuna, whose log is silent meanwhile: what it would say is in the result."""
    try:
        import optuna
    except ImportError:
        raise ConfigError(
            "Expected the package 'optuna' for a search, but it is not installed; run: pip install 'lddu[search]'."
        ) from None
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        yield optuna
    finally:
        optuna.logging.set_verbosity(before)
