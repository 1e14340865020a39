"""The memory of a search: a journal in its folder, which any number of processes on any number of machines add to."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lddu.errors import MismatchError, PackageError, RunError, parameter

if TYPE_CHECKING:
    import optuna

JOURNAL = "journal.log"
NAME = "search"

JUDGED_BY = "judged_by"
"""What journals have recorded since trials were judged by more than micro-F1."""

TRIALS_BEFORE_PRUNING = 5

LOCK_SECONDS = 10
"""After which the lock of the journal is taken to be that of a killed process: a line is written in milliseconds."""


@dataclass(frozen=True)
class Trial:
    """One try.

    Attributes:
        number: from 0, over all sittings.
        state: ``done``; ``pruned`` where it was given up, being worse than the median of those before; ``broken``.
        score: on validation, by which trials are judged: of the weights that are kept, or, where the trial was given up, the best until
            then; None where it broke.
        f1_micro: on validation, with the threshold tuned there, of the weights that are kept; None where it was given up or broke.
        epochs: passes made.
        seconds: spent.
        settings: what was tried.
        fault: why it broke.
    """

    number: int
    state: str
    score: float | None
    f1_micro: float | None
    epochs: int
    seconds: float
    settings: dict[str, Any]
    fault: str = ""


@contextmanager
def quiet_optuna() -> Iterator[Any]:
    """Optuna, whose log is silent meanwhile: what it would say is in the result.

    Raises:
        ConfigError: where it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise PackageError.missing("optuna", "a search", "lddu[search]") from None
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        yield optuna
    finally:
        optuna.logging.set_verbosity(before)


def begun(path: Path, about: Mapping[str, Any], start: Mapping[str, Any]) -> "optuna.Study":
    """The study in a search's folder, made where it is not there.

    Args:
        path: the folder.
        about: what makes two searches the same one.
        start: settings to try first, and again where that trial was broken off; empty leaves them to the sampler.

    Raises:
        RunError: where the folder holds something else.
        MismatchError: where it holds another search.
    """
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()) and not (path / JOURNAL).is_file():
        raise RunError(
            f"Expected {path} to be free or to hold a search, but it is something else; choose another {parameter('out')}."
        )
    study = _study(path)
    if "about" in study.user_attrs:
        refuse_other(path, study, about)
    else:
        study.set_user_attr("about", _plain(about))
    if start and not any(_tried(trial, start) for trial in study.get_trials(deepcopy=False)):
        study.enqueue_trial(dict(start))
    return study


def _tried(trial: "optuna.trial.FrozenTrial", settings: Mapping[str, Any]) -> bool:
    """Whether a trial has tried these settings or waits to; one that was broken off, or that a kill left running, has not."""
    if trial.state.name == "WAITING":
        return bool(trial.system_attrs.get("fixed_params") == settings)
    return _by_itself(trial) and trial.params == settings


def _by_itself(trial: "optuna.trial.FrozenTrial") -> bool:
    """Whether a trial ended, and not by a kill or Ctrl-C."""
    return trial.state.name in _STATES and (trial.state.name != "FAIL" or "fault" in trial.user_attrs)


def refuse_other(path: Path, study: "optuna.Study", about: Mapping[str, Any]) -> None:
    """Refuse a study that is not the one of these attributes.

    Raises:
        MismatchError: naming what differs.
    """
    recorded, given = study.user_attrs["about"], _plain(about)
    if JUDGED_BY not in recorded:
        given.pop(JUDGED_BY, None)
    if recorded != given:
        what = ", ".join(name for name in given if recorded.get(name) != given[name])
        raise MismatchError(
            f"Expected {path} to hold a search of the same kind, but its {what} differs; choose another {parameter('out')}, or give "
            "the same store, settings and seed."
        )


def judged_by(study: "optuna.Study") -> Literal["f1", "f1_map"]:
    """What the trials of a study are judged by: what it was begun with, so that all its trials can be compared; once it was micro-F1 alone."""
    by: Literal["f1", "f1_map"] = study.user_attrs["about"].get(JUDGED_BY, "f1")
    return by


def _plain(about: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes back from the journal."""
    plain: dict[str, Any] = json.loads(json.dumps(about))
    return plain


def joined(path: Path) -> "optuna.Study":
    """The study that another process has begun in this folder.

    Raises:
        RunError: where it is not there.
    """
    if not (path / JOURNAL).is_file():
        raise RunError(
            f"Expected the search that was begun in {path}, but it is not there; give an {parameter('out')} that all machines share."
        )
    return _study(path)


def _study(path: Path) -> "optuna.Study":
    """Optuna's study of the journal, which a kill may have left locked and with half a line at its end.

    Raises:
        RunError: where the journal is damaged.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    # Optuna's own choice, a symbolic link, points nowhere from a relative path, and is then waited for without end.
    lock = JournalFileOpenLock(str(path / JOURNAL), LOCK_SECONDS)
    backend = JournalFileBackend(str(path / JOURNAL), lock)
    lock.acquire()
    try:
        _drop_half_line(path / JOURNAL)
    finally:
        lock.release()
    try:
        return optuna.create_study(
            storage=optuna.storages.JournalStorage(backend),
            study_name=NAME,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(TRIALS_BEFORE_PRUNING),
            load_if_exists=True,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise RunError(
            f"Expected {path / JOURNAL} to be the journal of a search, but it is damaged ({str(fault)[:160]}); choose another "
            f"{parameter('out')}."
        ) from None


def _drop_half_line(journal: Path) -> None:
    """Cut what a kill or a full disk left of a line: the next one would be written behind it, and neither could be read."""
    whole = journal.read_bytes().rfind(b"\n") + 1
    if whole < journal.stat().st_size:
        os.truncate(journal, whole)


def ended(study: "optuna.Study") -> list[Trial]:
    """The trials that ended by themselves, in order; those that a kill or Ctrl-C broke off do not count."""
    trials = []
    for trial in filter(_by_itself, study.get_trials(deepcopy=False)):
        scores = [score for score in trial.intermediate_values.values() if not math.isnan(score)]
        value = trial.value if trial.state.name == "COMPLETE" else None
        trials.append(
            Trial(
                trial.number,
                _STATES[trial.state.name],
                max(scores, default=None) if trial.state.name == "PRUNED" else value,
                trial.user_attrs.get("f1_micro", value if judged_by(study) == "f1" else None),
                len(trial.intermediate_values),
                float(trial.user_attrs.get("seconds", 0.0)),
                dict(trial.params),
                str(trial.user_attrs.get("fault", "")),
            )
        )
    return trials


_STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "broken"}
