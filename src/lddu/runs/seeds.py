"""Several trainings of the same settings: what a figure is over seeds, and whether two settings differ beyond them.

The paired bootstrap of `lddu.runs.compare` asks what another draw of clips would give, for the very networks that were trained. Another
seed gives other networks: only several trainings of each setting show how much that matters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
from scipy.stats import t as student

from lddu.evaluate.compare import Difference, Estimate
from lddu.runs.compare import RunPair
from lddu.runs.named_runs import opened_run
from lddu.runs.run_folder import RunDescription

ROUNDING = 1e-12
"""Relative difference below which the same computation in another order may give two figures."""

ONE_EACH = "These intervals cover the choice of clips, not of seeds. To compare settings, train each with several seeds and name all the runs."


@dataclass(frozen=True)
class Seeds:
    """Runs that differ in their seed alone.

    Attributes:
        name: a letter, A of the first settings that were named.
        runs: their paths, in the order given.
        again: paths of further runs whose seeds are among theirs: the same trainings, which count once.
        mean: figure -> mean over the runs.
        deviation: figure -> standard deviation over the runs; None of a single one.
        second_less_first: figure -> mean less that of the first settings, with Welch's 95 % interval over trainings and its p;
            None of the first settings, and where either has a single run.
    """

    name: str
    runs: tuple[str, ...]
    again: tuple[str, ...]
    mean: dict[str, float]
    deviation: dict[str, float] | None
    second_less_first: dict[str, Difference] | None

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values."""
        return asdict(self)


def over_seeds(pairs: Sequence[RunPair]) -> list[Seeds]:
    """The compared runs, those of the same settings together; empty where no two of other seeds have the same settings.

    Args:
        pairs: as `lddu.runs.compare.compare_runs` gives them.
    """
    estimates = {pairs[0].first: pairs[0].comparison.first} | {pair.second: pair.comparison.second for pair in pairs}
    alike = of_same_settings(list(estimates))
    groups = [runs for runs, _ in alike]
    if all(len(runs) == 1 for runs in groups):
        return []
    names = [name for name in pairs[0].comparison.difference if all(name in figures for figures in estimates.values())]
    values = [_values([estimates[run] for run in runs], names) for runs in groups]
    return [
        Seeds(
            _letter(n),
            runs,
            again,
            {name: float(measured[name].mean()) for name in names},
            {name: float(measured[name].std(ddof=1)) for name in names} if len(runs) > 1 else None,
            _differences(values[0], measured) if n and len(runs) > 1 and len(groups[0]) > 1 else None,
        )
        for n, ((runs, again), measured) in enumerate(zip(alike, values, strict=True))
    ]


def of_same_settings(runs: Sequence[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Runs that differ in their seed alone, together, in the order of the first; beside them those that repeat a seed of theirs.

    Imported answers are never together with trainings, whatever they are called.
    """
    alike: dict[str, list[str]] = {}
    for run in dict.fromkeys(runs):
        alike.setdefault(_settings(run), []).append(run)
    once = [_once_each(named) for named in alike.values()]
    return [
        (tuple(distinct), tuple(run for run in named if run not in distinct))
        for distinct, named in zip(once, alike.values(), strict=True)
    ]


def differing(runs: Sequence[str | Path]) -> dict[str, dict[str, Any]]:
    """Run -> what the runs differ in: their modalities, and settings by their dotted names.

    What ``"auto"`` made of other modalities is no difference of its own and is left out, as is what only one model family has. Of a
    model whose answers were imported, name and decision are known, and nothing else is said.
    """
    described = {str(run): opened_run(run).description for run in runs}
    settings = {run: _known(description) for run, description in described.items()}
    trained = [run for run, description in described.items() if not description.imported] or list(described)
    shared = [name for name in settings[trained[0]] if all(name in settings[run] for run in trained)]
    names = [name for name in shared if len({repr(values[name]) for values in settings.values() if name in values}) > 1]
    if "modalities" in names:
        names = [name for name in names if not all(name in described[run].automatic for run in trained)]
    return {run: {name: values[name] for name in names if name in values} for run, values in settings.items()}


def _known(description: RunDescription) -> dict[str, Any]:
    """Modalities and settings that made a run what it is."""
    settings = _flat(description.config.to_mapping())
    if description.imported:
        return {name: settings[name] for name in ("family", "model.name", "decision.threshold", "decision.criterion")}
    return {"modalities": ", ".join(description.task.dimensions), **settings}


def _settings(run: str) -> str:
    """All that makes a run what it is, but for its seed."""
    described = opened_run(run).description
    parts = (
        described.config,
        described.members,
        described.task,
        described.store["manifest_sha256"],
        described.store.get("init_from"),
        described.store.get("folds"),
        None
        if getattr(described.config.model, "name", "")
        else described.store.get("predictions"),  # nameless tables stay alone
    )
    return repr(parts)


def _once_each(runs: Sequence[str]) -> list[str]:
    """The runs without those that repeat a seed of an earlier one; an ensemble has one for each network."""
    seen, distinct = set[int](), list[str]()
    for run in runs:
        described = opened_run(run).description
        seeds = set(range(described.seed, described.seed + described.members))
        if not seen & seeds:
            seen |= seeds
            distinct.append(run)
    return distinct


def _letter(number: int) -> str:
    """A to Z, then A2 to Z2 and so on."""
    again, place = divmod(number, len(ascii_uppercase))
    return f"{ascii_uppercase[place]}{again + 1 if again else ''}"


def _values(estimates: Sequence[Mapping[str, Estimate]], names: Sequence[str]) -> dict[str, np.ndarray]:
    return {name: np.array([run[name].value for run in estimates]) for name in names}


def _differences(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> dict[str, Difference]:
    return {name: _welch(first[name], values) for name, values in second.items()}


def _welch(first: np.ndarray, second: np.ndarray) -> Difference:
    """Second less first of figures over trainings; without any spread there is no test, which would be sure of everything."""
    value = float(second.mean() - first.mean())
    errors = np.array([_squared_error(first), _squared_error(second)])
    freedom = np.array([len(first) - 1, len(second) - 1])
    if not errors.any():
        return Difference(value, np.nan, np.nan, np.nan)
    spread = np.sqrt(errors.sum())
    shared = float(1 / np.sum((errors / errors.sum()) ** 2 / freedom))  # Welch and Satterthwaite
    half = float(student.ppf(0.975, shared) * spread)
    return Difference(value, value - half, value + half, float(2 * student.sf(abs(value) / spread, shared)))


def _squared_error(values: np.ndarray) -> float:
    """Squared standard error of a mean; 0 of values that differ by the rounding of their computation alone."""
    alike = np.ptp(values) <= ROUNDING * np.abs(values).max()
    return 0.0 if alike else float(values.var(ddof=1)) / len(values)


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else {f"{above}{name}": value}
    return flat
