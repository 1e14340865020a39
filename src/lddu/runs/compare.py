"""Runs side by side on the clips that all of them predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lddu.errors import MismatchError, RunError, parameter
from lddu.evaluate.answered import Answers
from lddu.evaluate.compare import Comparison, Resampled, aligned, compared
from lddu.evaluate.scored import Scored
from lddu.runs.named_runs import opened_run
from lddu.runs.notebook import html_comparison
from lddu.runs.run_folder import RunFolder, RunLike

LOWER_IS_BETTER = ("hamming_loss", "brier", "adaptive_ece")


@dataclass(frozen=True, repr=False)
class RunPair:
    """A run beside the first one.

    Attributes:
        first: path of the first run.
        second: path of the other.
        clips: how many clips both predicted.
        found: figures, intervals and differences (second less first).
    """

    first: str
    second: str
    clips: int
    found: Comparison

    def __repr__(self) -> str:
        return f"RunPair({self.second!r} beside {self.first!r}, {self.clips} clips)"

    def _repr_html_(self) -> str:
        return html_comparison(self.first, self.second, self.clips, self.found)

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values."""
        return {"first_run": self.first, "second_run": self.second, "clips": self.clips, **self.found.to_mapping()}


def compare_runs(runs: Sequence[RunLike], split: str = "test") -> list[RunPair]:
    """Each later run beside the first, by paired bootstrap over the clips (or groups of clips) of a split.

    Args:
        runs: two or more finished runs, or their folders.
        split: ``test`` or ``valid``.

    Raises:
        RunError: where a run is unfinished or did not predict that split.
        MismatchError: where the runs did not predict the same clips with the same labels.
    """
    return pairs_of(resampled_runs(runs, split))


def resampled_runs(runs: Sequence[RunLike], split: str = "test") -> list[Resampled]:
    """The figures of each run on the same resamples, clips in the first one's order; see `compare_runs`."""
    runs = [runs] if isinstance(runs, str | Path | RunFolder) else runs
    if len(runs) < 2:
        raise MismatchError(f"Expected two or more runs to compare, but got {len(runs)}.")
    answers = [answers_of(opened_run(run), split) for run in runs]
    return [Resampled.of(aligned(answers[0], one) if n else one) for n, one in enumerate(answers)]


def pairs_of(drawn: Sequence[Resampled]) -> list[RunPair]:
    """Each later run beside the first."""
    first = drawn[0].answers
    return [
        RunPair(first.name, one.answers.name, len(first.scored.clips), compared(drawn[0], one)) for one in drawn[1:]
    ]


def answers_of(run: RunFolder, split: str) -> Answers:
    """What a run answered on a split, and what was observed.

    Raises:
        RunError: where it did not predict that split, or none of its clips has a label.
    """
    found, path = run.predictions(), run.place
    rows = np.flatnonzero(found.split == split)
    if not len(rows):
        cure = f"name another {parameter('split')}"
        if not run.finished:
            cure = f"finish the run with 'lddu train --resume {path}' or {cure}"
        raise RunError(f"Expected predictions of the split {split!r} in {path}, but it has none; {cure}.")
    scored = Scored(
        found.probability[rows], found.presence[rows], found.clip[rows], found.emotions, found.group[rows], split
    )
    if not scored.known.any():
        raise RunError(
            f"Expected labels of the split {split!r} in {path}, but none of its clips has any; name another {parameter('split')}."
        )
    return Answers(path, scored, found.label[rows], found.uncertainty[rows])
