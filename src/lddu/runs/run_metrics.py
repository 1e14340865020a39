"""The figures of a finished run, by name: the entries of a split in `metrics.json`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lddu.errors import RunError
from lddu.evaluate.metrics import EmotionMetrics, Metrics
from lddu.labels import split_named
from lddu.sentences import counted

SHOWN = ("f1_micro", "f1_macro", "map_macro", "ece")
"""Figures that a `repr` shows."""


@dataclass(frozen=True, repr=False)
class SplitMetrics(Metrics):
    """The figures of one split: those of `lddu.evaluate.metrics.Metrics`, the calibration, and the uncertainty.

    Attributes:
        ece: calibration error of the probabilities, 15 bins of equal width.
        adaptive_ece: likewise, 10 bins of equal mass.
        aurc: area under the risk-coverage curve of the uncertainty; None where the split cannot say.
        error_auroc: how well the uncertainty separates wrong decisions from right ones; None where undefined.
        intervals: figure -> (low, high) of 95 % bootstrap intervals over clips or groups.
        figures: all entries of the split in `metrics.json`; docs/run_folder.md explains the keys.
    """

    ece: float
    adaptive_ece: float
    aurc: float | None
    error_auroc: float | None
    intervals: Mapping[str, tuple[float, float]]
    figures: Mapping[str, Any]

    def __repr__(self) -> str:
        named = ((name, getattr(self, name)) for name in SHOWN)
        text = ", ".join(f"{name} {'-' if value is None else f'{value:.3f}'}" for name, value in named)
        return f"SplitMetrics({counted(self.n, 'clip')}: {text})"


class RunMetrics(Mapping[str, SplitMetrics]):
    """The figures of a run: ``valid`` or ``test`` -> those of the split.

    Args:
        splits: name -> figures.
        everything: the whole of `metrics.json`.
    """

    def __init__(self, splits: Mapping[str, SplitMetrics], everything: Mapping[str, Any]) -> None:
        self._splits = dict(splits)
        self.everything = everything

    def __getitem__(self, split: str) -> SplitMetrics:
        name = split_named(split)
        if name not in self._splits:
            raise KeyError(f"Expected a split out of {', '.join(self._splits) or 'none'}, but got {split!r}.")
        return self._splits[name]

    def __contains__(self, split: object) -> bool:
        return split_named(split) in self._splits

    def __iter__(self) -> Iterator[str]:
        return iter(self._splits)

    def __len__(self) -> int:
        return len(self._splits)

    def __repr__(self) -> str:
        return f"RunMetrics({self._splits!r})"


def run_metrics(metrics: Mapping[str, Any], file: Path) -> RunMetrics:
    """The figures that a `metrics.json` holds.

    Raises:
        RunError: where they are not of this form.
    """
    try:
        return RunMetrics({name: _split(figures) for name, figures in metrics["splits"].items()}, metrics)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise RunError(
            f"Expected {file} to hold the figures of a run, but it is damaged ({fault!r}); copy the run again."
        ) from None


def _split(figures: Mapping[str, Any]) -> SplitMetrics:
    plain = {entry.name: figures[entry.name] for entry in fields(Metrics) if entry.name != "per_emotion"}
    names = [entry.name for entry in fields(EmotionMetrics)]
    return SplitMetrics(
        **plain,
        per_emotion={
            emotion: EmotionMetrics(**{name: values[name] for name in names})
            for emotion, values in figures["per_emotion"].items()
        },
        ece=figures["ece"],
        adaptive_ece=figures["adaptive_ece"],
        aurc=figures["aurc"],
        error_auroc=figures["error_auroc"]["product"],
        intervals={name: (float(low), float(high)) for name, (low, high) in figures["intervals"].items()},
        figures=figures,
    )
