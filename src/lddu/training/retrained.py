"""What each modality is worth to a model that never had the others: every subset of modalities, trained anew with several seeds.

Withholding a modality from a finished run (`ablation` in `metrics.json`) asks something else: what that run loses without it.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lddu.config import Config
from lddu.errors import ConfigError, MismatchError, RunError, parameter
from lddu.evaluate.compare import Difference, Resampled, difference_of
from lddu.runs.compare import pairs_of, resampled_runs
from lddu.runs.run_folder import RunFolder
from lddu.runs.seeds import over_seeds
from lddu.sentences import counted, listed
from lddu.store.folds import GroupFolds
from lddu.store.store import FeatureStore, StoreLike, opened_store
from lddu.training.conclude_folds import conclude_open, reopen
from lddu.training.loop import NoCallback, TrainingCallback
from lddu.training.plan import Jobs, RunOptions, check_jobs, chosen_modalities
from lddu.training.run import train_or_resume
from lddu.training.side_by_side import Training, pace_in, train_all
from lddu.training.splits import Splits, chosen_folds, fold_splits, own_splits
from lddu.training.studies import ABLATION
from lddu.training.study import begin, refuse_other


@dataclass(frozen=True)
class AblationOptions:
    """How modalities are compared by training without them.

    Attributes:
        seeds: networks of each subset, with seeds 0, 1, ...
        modalities: whose subsets are trained; all of the store where left out.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        command: the command line, for the record.
        jobs: trainings at once, as in `RunOptions`.
        folds: to train each of these on, with the figures of all test clips together; None takes the store's own splits.

    Raises:
        ConfigError: where there is no seed, or jobs is below 1.
    """

    seeds: int = 3
    modalities: tuple[str, ...] = ()
    device: str = "auto"
    command: str = ""
    jobs: Jobs = 1
    folds: GroupFolds | None = None

    def __post_init__(self) -> None:
        check_jobs(self.jobs)
        if self.seeds < 1:
            raise ConfigError(f"Expected {parameter('seeds')} to be at least 1, but got {self.seeds}.")


@dataclass(frozen=True)
class Cell:
    """The modalities that are seen, the seed, and the run folder; over folds, the folder of a run for each."""

    modalities: tuple[str, ...]
    seed: int
    path: Path


@dataclass(frozen=True)
class SubsetRow:
    """One subset of the modalities over its seeds.

    Attributes:
        modalities: that the networks saw.
        runs: their folders.
        mean: figure -> mean over seeds, on test, or on valid where there is no test split.
        deviation: figure -> standard deviation over seeds; None of one seed.
        less_all: figure -> mean less that with all modalities, with Welch's 95 % interval over trainings; None of all modalities, and
            of one seed.
        over_clips: the same difference with its paired interval over clips, or groups of clips, for these very networks; None of all
            modalities.
        units: how many of them were drawn from.
        by: ``group`` or ``clip``.
        split: whose clips these are.
        folds: `count`, and `group` (the column), of the folds whose test clips these are together; empty without folds.
    """

    modalities: tuple[str, ...]
    runs: tuple[str, ...]
    mean: dict[str, float]
    deviation: dict[str, float] | None
    less_all: dict[str, Difference] | None
    over_clips: dict[str, Difference] | None
    units: int
    by: str
    split: str
    folds: dict[str, Any]


def cells(store: FeatureStore, out: Path, options: AblationOptions) -> list[Cell]:
    """The trainings of an ablation: of each seed all subsets, the largest first, so that what is there early can be compared.

    Raises:
        ConfigError: where there are not several modalities.
    """
    names = chosen_modalities(store, options.modalities)
    if len(names) < 2:
        raise ConfigError(
            f"Expected several modalities to train without one of them, but {store.place} offers {counted(len(names), 'modality')} "
            f"here: {', '.join(names)}; train it with 'lddu train'."
        )
    subsets = [subset for size in range(len(names), 0, -1) for subset in itertools.combinations(names, size)]
    return [
        Cell(subset, seed, out / f"{'+'.join(subset)}-{seed}") for seed in range(options.seeds) for subset in subsets
    ]


def ablate(
    store: StoreLike,
    out: str | Path,
    config: Config,
    options: AblationOptions = AblationOptions(),
    callback: TrainingCallback | None = None,
    begins: Callable[[str, int, int], None] | None = None,
) -> list[SubsetRow]:
    """Train every subset of the modalities with every seed, and on every fold, or go on with what was stopped.

    Each cell is a run folder under `out`, over folds that of a cross-validation: a finished training is kept, an unfinished one resumed.

    Args:
        store: labelled, with clips in `train` and `valid` unless there are folds; or its path or URL.
        out: folder of the run folders, new or of the same ablation.
        config: settings of all trainings.
        options: seeds, modalities, device, folds.
        callback: called with the progress of each training.
        begins: called before each training with its name, its place (1-based) and their number.

    Returns:
        A row per subset, all modalities first.

    Raises:
        ConfigError: where there are not several modalities, or too few groups for the folds.
        MismatchError: where a folder under `out` is of other settings, folds or another store.
        StoreError: where a subset or a fold of it cannot be trained.
        RunError: after all others have ended, where a training diverged or its process died.
    """
    store, out, callback = opened_store(store), Path(out), callback or NoCallback()
    planned = cells(store, out, options)
    splits = _begun(store, out, options)
    trainings = [(cell, part) for cell in planned for part in splits.parts(cell.path)]
    for cell, part in trainings:
        refuse_other(part.path, part.store, config, _options(cell, options), "ablation")
    named = {part.named(f"{', '.join(cell.modalities)}, seed {cell.seed}"): (cell, part) for cell, part in trainings}
    missing = {name: both for name, both in named.items() if not RunFolder(both[1].path).finished}
    for cell, _ in missing.values():
        reopen(splits, cell.path)
    places = {name: place for place, name in enumerate(named, start=1)}
    faults: dict[str, RunError] = {}

    def failed(name: str, fault: Exception) -> None:
        if not isinstance(fault, RunError):  # would meet all trainings
            raise fault
        faults[name] = fault
        callback.note(f"{name} has failed; the others go on")

    def begun(name: str) -> None:
        if begins is not None:
            begins(name, places[name], len(named))

    largest = replace(_options(planned[0], options), jobs=options.jobs)
    train_all(
        [
            Training(name, partial(train_or_resume, part.store.address, part.path, config, _options(cell, options)))
            for name, (cell, part) in missing.items()
        ],
        pace_in(splits.stores[0], config, largest, len(named), callback),
        callback,
        begun,
        failed,
    )
    conclude_open(splits, (cell.path for cell in planned), options.command)
    if faults:
        raise _lacking(out if any(RunFolder(cell.path).finished for cell in planned) else None, faults)
    return rows_of(planned)


def _lacking(out: Path | None, faults: Mapping[str, RunError]) -> RunError:
    """What is said of an ablation of which some trainings failed; `out` is where the others are, None where there are none."""
    told: dict[str, list[str]] = {}
    for name, fault in faults.items():
        told.setdefault(fault.sentence(parameter), []).append(f"'{name}'")
    reasons = " ".join(f"{listed(names)} did not: {sentence}" for sentence, names in told.items())
    others = "" if out is None else f" All others are in {out}; 'lddu compare' takes them."
    return RunError(f"Expected every training to end, but {reasons}{others}")


def _begun(store: FeatureStore, out: Path, options: AblationOptions) -> Splits:
    """The splits of an ablation, whose folder is claimed for its folds."""
    if options.folds is not None:
        folds = chosen_folds(store, options.folds, options.modalities)
        begin(out, ABLATION, folds.to_mapping(store), options.command)
        return fold_splits(store, out, folds)
    if (out / ABLATION.file).is_file():
        raise MismatchError(
            f"Expected {out} to hold an ablation on the splits of the store, but it is one over folds; add {parameter('folds')}, or "
            f"choose another {parameter('out')}."
        )
    return own_splits(store)


def _options(cell: Cell, options: AblationOptions) -> RunOptions:
    return RunOptions(
        seed=cell.seed,
        device=options.device,
        command=options.command,
        baselines=False,
        modalities=cell.modalities,
    )


def rows_of(planned: Iterable[Cell]) -> list[SubsetRow]:
    """The figures of finished cells, a row per subset in the order of the first seed."""
    of_subset: dict[tuple[str, ...], list[str]] = {}
    for cell in planned:
        of_subset.setdefault(cell.modalities, []).append(str(cell.path))
    runs = [path for paths in of_subset.values() for path in paths]
    split = "test" if all("test" in _splits(path) for path in runs) else "valid"
    drawn = resampled_runs(runs, split)
    by_run = {run.answers.name: run for run in drawn}
    over = {seeds.runs[0]: seeds for seeds in over_seeds(pairs_of(drawn))}
    first = next(iter(of_subset))
    of_runs = {subset: [by_run[path] for path in paths] for subset, paths in of_subset.items()}
    rows = []
    for subset, paths in of_subset.items():
        resampled, seeds = of_runs[subset], over.get(paths[0])
        mean = seeds.mean if seeds else {name: resampled[0].values[name] for name in _figures(drawn)}
        rows.append(
            SubsetRow(
                subset,
                tuple(paths),
                mean,
                seeds.deviation if seeds else None,
                seeds.second_less_first if seeds else None,
                None if subset == first else {name: _less(of_runs[first], resampled, name) for name in mean},
                *drawn[0].units,
                split,
                RunFolder(Path(paths[0])).description.store.get("folds") or {},
            )
        )
    return rows


def _figures(drawn: Sequence[Resampled]) -> list[str]:
    return [name for name in drawn[0].drawn if all(name in run.values for run in drawn)]


def _less(first: Sequence[Resampled], second: Sequence[Resampled], name: str) -> Difference:
    """The mean over the second runs less that over the first, on the same resamples of clips."""
    values = [float(np.mean([run.values[name] for run in runs])) for runs in (first, second)]
    drawn = [np.mean([run.drawn[name] for run in runs], axis=0) for runs in (first, second)]
    return difference_of(values[1] - values[0], drawn[1] - drawn[0])


def _splits(path: str) -> dict[str, Any]:
    splits: dict[str, Any] = RunFolder(Path(path)).read_json("metrics.json")["splits"]
    return splits
