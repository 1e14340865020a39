"""What each modality is worth to a model that never had the others: every subset of modalities, trained anew with several seeds.

Withholding a modality from a finished run (`ablation` in `metrics.json`) asks something else: what that run loses without it.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lddu.config import Config
from lddu.errors import ConfigError, MismatchError, parameter
from lddu.evaluate.compare import Difference
from lddu.runs.compare import compare_runs
from lddu.runs.run_folder import RunFolder
from lddu.runs.seeds import over_seeds
from lddu.sentences import counted
from lddu.store.store import FeatureStore, StoreLike, opened_store
from lddu.training.loop import NoCallback, TrainingCallback
from lddu.training.plan import Jobs, RunOptions, check_jobs, chosen_modalities, describe
from lddu.training.run import train_or_resume
from lddu.training.side_by_side import Training, pace_in, train_all


@dataclass(frozen=True)
class AblationOptions:
    """How modalities are compared by training without them.

    Attributes:
        seeds: networks of each subset, with seeds 0, 1, ...
        modalities: whose subsets are trained; all of the store where left out.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        command: the command line, for the record.
        jobs: trainings at once, as in `RunOptions`.

    Raises:
        ConfigError: where there is no seed, or jobs is below 1.
    """

    seeds: int = 3
    modalities: tuple[str, ...] = ()
    device: str = "auto"
    command: str = ""
    jobs: Jobs = 1

    def __post_init__(self) -> None:
        check_jobs(self.jobs)
        if self.seeds < 1:
            raise ConfigError(f"Expected {parameter('seeds')} to be at least 1, but got {self.seeds}.")


@dataclass(frozen=True)
class Cell:
    """One training: the modalities that it sees, its seed and its run folder."""

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
    """

    modalities: tuple[str, ...]
    runs: tuple[str, ...]
    mean: dict[str, float]
    deviation: dict[str, float] | None
    less_all: dict[str, Difference] | None


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
    subsets = [own for size in range(len(names), 0, -1) for own in itertools.combinations(names, size)]
    return [Cell(own, seed, out / f"{'+'.join(own)}-{seed}") for seed in range(options.seeds) for own in subsets]


def ablate(
    store: StoreLike,
    out: str | Path,
    config: Config,
    options: AblationOptions = AblationOptions(),
    callback: TrainingCallback | None = None,
    begins: Callable[[Cell, int, int], None] | None = None,
) -> list[SubsetRow]:
    """Train every subset of the modalities with every seed, or go on with what was stopped.

    Each cell is a run folder under `out`: a finished one is kept, an unfinished one resumed.

    Args:
        store: labelled, with clips in `train` and `valid`; or its path or URL.
        out: folder of the run folders, new or of the same ablation.
        config: settings of all trainings.
        options: seeds, modalities, device.
        callback: called with the progress of each training.
        begins: called before each cell with its place (1-based) and their number.

    Returns:
        A row per subset, all modalities first.

    Raises:
        ConfigError: where there are not several modalities.
        MismatchError: where a folder under `out` is of other settings or another store.
    """
    store, out = opened_store(store), Path(out)
    planned = cells(store, out, options)
    for cell in planned:
        refuse_other(cell.path, store, config, _options(cell, options), "ablation")
    names = {f"{', '.join(cell.modalities)}, seed {cell.seed}": cell for cell in planned}
    missing = [
        Training(name, partial(train_or_resume, store.address, cell.path, config, _options(cell, options)))
        for name, cell in names.items()
        if not RunFolder(cell.path).finished
    ]

    def begun(name: str) -> None:
        if begins is not None:
            begins(names[name], planned.index(names[name]) + 1, len(planned))

    callback = callback or NoCallback()
    largest = replace(_options(planned[0], options), jobs=options.jobs)
    train_all(missing, pace_in(store, config, largest, len(planned), callback), callback, begun)
    return rows_of(planned)


def _options(cell: Cell, options: AblationOptions) -> RunOptions:
    return RunOptions(
        seed=cell.seed,
        device=options.device,
        command=options.command,
        baselines=False,
        modalities=cell.modalities,
    )


def refuse_other(path: Path, store: FeatureStore, config: Config, options: RunOptions, whole: str) -> None:
    """Refuse to go on with a run that is not one of the trainings that are wanted.

    Args:
        path: of its folder, which need not be there.
        store: that it should be of.
        config: settings.
        options: seed, members and modalities.
        whole: what the trainings are, for the sentence.

    Raises:
        MismatchError: where it is of another store, other settings, modalities or seeds.
    """
    if not (path / "config.json").is_file():
        return
    found, wanted = RunFolder(path).description, describe(store, config, options)
    same = {
        "store": found.store["manifest_sha256"] == wanted.store["manifest_sha256"],
        "settings": found.config == wanted.config,
        "modalities": found.task == wanted.task,
        "seed": (found.seed, found.members) == (wanted.seed, wanted.members),
    }
    if other := [name for name, alike in same.items() if not alike]:
        raise MismatchError(
            f"Expected {path} to be of this {whole}, but its {' and '.join(other)} differ; choose another {parameter('out')}."
        )


def rows_of(planned: Iterable[Cell]) -> list[SubsetRow]:
    """The figures of finished cells, a row per subset in the order of the first seed."""
    of_subset: dict[tuple[str, ...], list[str]] = {}
    for cell in planned:
        of_subset.setdefault(cell.modalities, []).append(str(cell.path))
    runs = [path for paths in of_subset.values() for path in paths]
    split = "test" if all("test" in _splits(path) for path in runs) else "valid"
    pairs = compare_runs(runs, split)
    if groups := over_seeds(pairs):
        found = {one.runs[0]: one for one in groups}
        return [
            SubsetRow(
                own, tuple(paths), found[paths[0]].mean, found[paths[0]].deviation, found[paths[0]].second_less_first
            )
            for own, paths in of_subset.items()
        ]
    estimates = {pairs[0].first: pairs[0].found.first} | {pair.second: pair.found.second for pair in pairs}
    return [
        SubsetRow(own, (path,), {name: one.value for name, one in estimates[path].items()}, None, None)
        for own, (path,) in of_subset.items()
    ]


def _splits(path: str) -> dict[str, Any]:
    found: dict[str, Any] = RunFolder(Path(path)).read_json("metrics.json")["splits"]
    return found
