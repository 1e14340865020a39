"""A search for settings: trials proposed by Optuna, each trained on `train` and judged on `valid` by the score that chooses the checkpoint.

The state is a journal in the search's folder. A search that was stopped goes on from it, and several processes, also on
several machines that share the folder, may add trials to it at once. The test split is not looked at.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from lddu.argument_types import refuse_other_class, refuse_wrong_types
from lddu.config import Config, laid_over
from lddu.errors import ConfigError, RunError, parameter
from lddu.machine.atomic import write_text
from lddu.machine.processes import Workers
from lddu.models.families import family_of
from lddu.models.family import FamilyLike, Losses
from lddu.models.searched import Range, Space
from lddu.store.store import FeatureStore, StoreLike, opened_store
from lddu.training import member
from lddu.training.loop import NoCallback, TrainingCallback, score_of
from lddu.training.plan import RunOptions, chosen_modalities
from lddu.training.search.journal import JUDGED_BY, Trial, begun, ended, joined, judged_by, quiet_optuna, refuse_other
from lddu.training.search.space import nested, space_of, value_of

if TYPE_CHECKING:
    import optuna


SPARED = 0.25
"""Share of its epochs after which a trial may be given up: before, its learning rate warms up and says little of its end."""


@dataclass(frozen=True)
class SearchOptions:
    """How a search is made.

    Attributes:
        trials: how many the search shall have in the end, those of earlier sittings included.
        seed: of the proposals and of every trial's network.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        family: kind of model, or its name; by default that of the base settings.
        space: what is tried; by default what the family offers.
        modalities: that the networks may see; all of the store where left out.

    Raises:
        ConfigError: where there is nothing to try.
    """

    trials: int
    seed: int = 0
    device: str = "auto"
    family: FamilyLike | None = None
    space: Space | None = None
    modalities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_wrong_types(self)
        if self.trials < 1:
            raise ConfigError(f"Expected {parameter('trials')} to be at least 1, but got {self.trials}.")
        if self.space == ():
            raise ConfigError("Expected a setting that is free to be searched, but all are set; set fewer.")


@dataclass(frozen=True)
class SearchResult:
    """All trials, best first; `best` are the settings to train with, also in `best.toml`; `judged_by` as `training.checkpoint` has it."""

    path: Path
    trials: tuple[Trial, ...]
    best: Config
    judged_by: Literal["f1", "f1_map"]


class SearchCallback(TrainingCallback, Protocol):
    """Callback of a search."""

    def trial_begins(self, number: int, trials: int) -> None:
        """Trial (from 0) of so many; not called for trials in workers."""

    def trial_done(self, trial: Trial) -> None:
        """How it ended."""


class NoSearchCallback(NoCallback):
    """A `SearchCallback` that does nothing."""

    def trial_begins(self, number: int, trials: int) -> None:
        """Nothing."""

    def trial_done(self, trial: Trial) -> None:
        """Nothing."""


def search(
    store: StoreLike,
    out: str | Path,
    options: SearchOptions,
    base: Config | None = None,
    callback: SearchCallback | None = None,
    workers: Workers | None = None,
) -> SearchResult:
    """Look for settings that do well on `valid`, or go on with a search that was stopped.

    The first trial is `base` itself. A trial that breaks is recorded with its reason, and the next one begins.

    Args:
        store: labelled, with clips in `train` and `valid`; or its path or URL.
        out: the search's folder, new or of the same search.
        options: how many trials, of what.
        base: settings that are not searched.
        callback: called with the progress.
        workers: processes that train the trials, several at once, on the workers' device; they share `store` and `out`. None
            trains one after the other in this process.

    Raises:
        PackageError: where Optuna is not installed.
        MismatchError: where `out` holds a search on another store or with other settings.
        ConfigError: where a modality is not in the store.
        RunError: where every trial broke.
    """
    refuse_other_class("options", options, SearchOptions)
    refuse_other_class("base", base, Config)
    store, path, callback = opened_store(store), Path(out), callback or NoSearchCallback()
    options, base = _whole(options, base)
    options = replace(options, modalities=chosen_modalities(store, options.modalities) if options.modalities else ())
    with quiet_optuna():
        study = begun(path, _about(store, options, base), _start(_space(options), base))
        if workers:
            _side_by_side(
                study, _TrialOpening(store.address, path.resolve(), options, base, workers.device), workers, callback
            )
        else:
            attempt = _Attempt(store, path, options, base, callback)
            while (number := len(ended(study))) < options.trials:
                callback.trial_begins(number, options.trials)
                callback.trial_done(attempt.made(study))
        return _result(path, study, base)


def _whole(options: SearchOptions, base: Config | None) -> tuple[SearchOptions, Config]:
    """Options and settings with what was left out."""
    name = options.family if options.family is not None else "lddu" if base is None else base.family
    family = family_of(name)
    space = space_of(family) if options.space is None else options.space
    return replace(options, family=family, space=space), family.preset() if base is None else base


def _about(store: FeatureStore, options: SearchOptions, base: Config) -> dict[str, Any]:
    """What makes two searches the same one."""
    inputs = {"store": store.manifest_sha256, "base": base.to_mapping(), "seed": options.seed}
    seen = {"modalities": list(options.modalities)} if options.modalities else {}
    return {**inputs, **seen, "space": repr(options.space), JUDGED_BY: base.training.checkpoint}


def _space(options: SearchOptions) -> Space:
    assert options.space is not None
    return options.space


def _start(space: Space, base: Config) -> dict[str, Any]:
    """The base as a trial; empty where it lies outside of the space."""
    settings = {part.setting: value_of(base, part.setting) for part in space}
    return settings if all(part.holds(settings[part.setting]) for part in space) else {}


def _side_by_side(study: "optuna.Study", opening: "_TrialOpening", workers: Workers, callback: SearchCallback) -> None:
    """Trials in workers until there are enough; one whose process dies is made up for by another."""
    options = opening.options
    while (number := len(ended(study))) < options.trials:
        for outcome in workers.work_off(opening, range(number, options.trials)):
            if outcome.result is not None:
                callback.trial_done(outcome.result)
        if len(ended(study)) == number:
            raise RunError(
                f"Expected trials of {opening.path} to end, but every process that trained one died; memory may have run "
                "out: train fewer at once."
            )


@dataclass(frozen=True)
class _TrialOpening:
    """Makes a process ready to add trials to a search that another has begun."""

    store: str
    path: Path
    options: SearchOptions
    base: Config
    device: str

    def __call__(self) -> Callable[[int], Trial]:
        store, options = FeatureStore(self.store), replace(self.options, device=self.device)
        with quiet_optuna():
            study = joined(self.path)
        refuse_other(self.path, study, _about(store, options, self.base))
        attempt = _Attempt(store, self.path, options, self.base, NoCallback(), crowded=True)

        def act(_: int) -> Trial:
            with quiet_optuna():
                return attempt.made(study)

        return act


class _TrialError(Exception):
    """A trial that fails by its settings; others may not."""


@dataclass(frozen=True)
class _Attempt:
    """The function that Optuna calls with a trial."""

    store: FeatureStore
    path: Path
    options: SearchOptions
    base: Config
    callback: TrainingCallback
    crowded: bool = False

    def made(self, study: "optuna.Study") -> Trial:
        """One more trial of the study."""
        from lddu.training.search.sampler import NumberedSampler  # loads optuna

        study.sampler = NumberedSampler(self.options.seed, self.crowded)
        numbers: list[int] = []
        study.optimize(
            partial(self, judged_by(study)),
            1,
            catch=(_TrialError,),
            callbacks=[lambda _, trial: numbers.append(trial.number)],
        )
        return next(trial for trial in ended(study) if trial.number == numbers[0])

    def __call__(self, by: Literal["f1", "f1_map"], trial: "optuna.Trial") -> float:
        import optuna

        folder = self.path / f"trial-{trial.number:04d}"
        folder.mkdir(exist_ok=True)
        try:
            config = laid_over(self.base, nested(_propose(trial, _space(self.options))))
            how = RunOptions(seed=self.options.seed, device=self.options.device, modalities=self.options.modalities)
            family = family_of(self.options.family or self.base.family)
            figures = member.fit(
                self.store, folder, config, how, _Pruning(trial, self.callback, by), family
            ).best_figures
            trial.set_user_attr("f1_micro", figures["f1_micro"])
            return score_of(figures, by)
        except (optuna.TrialPruned, OSError):  # a full disk would break every other trial too
            raise
        except Exception as fault:
            trial.set_user_attr("fault", (str(fault).splitlines() or [type(fault).__name__])[0])
            raise _TrialError from fault


class _Pruning(NoCallback):
    """Reports every epoch to Optuna, and ends the training where it says so."""

    def __init__(self, trial: "optuna.Trial", callback: TrainingCallback, by: Literal["f1", "f1_map"]) -> None:
        self._trial, self._callback, self._by, self._spared = trial, callback, by, 0.0

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Pass on, and learn how many epochs there are at most."""
        self._spared = SPARED * epochs
        self._callback.epoch_begins(epoch, epochs, steps)

    def step_done(self, terms: Losses) -> None:
        """Pass on."""
        self._callback.step_done(terms)

    def epoch_done(self, record: dict[str, Any]) -> None:
        """Pass on, report, and end what is worse than the median."""
        import optuna

        self._callback.epoch_done(record)
        self._trial.report(score_of(record["valid"], self._by), record["epoch"])
        self._trial.set_user_attr("seconds", record["seconds"])
        if record["epoch"] >= self._spared and self._trial.should_prune():
            raise optuna.TrialPruned

    def stopping(self) -> None:
        """Pass on."""
        self._callback.stopping()


def _propose(trial: "optuna.Trial", space: Space) -> dict[str, Any]:
    return {
        part.setting: trial.suggest_float(part.setting, part.low, part.high, log=part.log)
        if isinstance(part, Range)
        else trial.suggest_categorical(part.setting, part.values)
        for part in space
    }


def _result(path: Path, study: "optuna.Study", base: Config) -> SearchResult:
    trials = ended(study)
    ordered = sorted(trials, key=lambda trial: (trial.state != "done", -(trial.score or 0.0), trial.number))
    if ordered[0].state != "done":
        faults = [trial.fault for trial in trials if trial.fault]
        raise RunError(
            f"Expected a trial of {path} to end, but all of {len(trials)} broke or were given up; the last fault was: "
            f"{faults[-1] if faults else 'none'}"
        )
    best = laid_over(base, nested(ordered[0].settings))
    write_text(path / "best.toml", to_toml(best))
    return SearchResult(path, tuple(ordered), best, judged_by(study))


def to_toml(config: Config) -> str:
    """Every setting, in the form that `lddu train --config` takes."""
    lines = [f"preset = {json.dumps(config.preset)}", f"family = {json.dumps(config.family)}"]
    for section, settings in config.to_mapping().items():
        if isinstance(settings, dict):
            lines += ["", f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    return "\n".join(lines) + "\n"
