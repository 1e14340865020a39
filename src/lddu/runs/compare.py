"""Runs side by side on the clips that all of them predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lddu.arrays import Flags
from lddu.errors import MismatchError
from lddu.evaluate.answered import Answers
from lddu.evaluate.compare import Comparison, Resampled, compared, paired
from lddu.evaluate.subgroup_differences import SubgroupComparison, compared_subgroups
from lddu.labels import SPLITS, split_asked
from lddu.runs.kept_answers import answers_of
from lddu.runs.named_runs import opened_run
from lddu.runs.notebook import html_comparison
from lddu.runs.run_folder import RunFolder, RunLike
from lddu.runs.subgroups import kept_members, resampled_alone, with_label_sets
from lddu.sentences import counted

SAME_RUN = "Both are the same run: every difference is 0 and says nothing."
SAME_ANSWERS = "Both runs gave exactly the same answers, as a copy or a repeated training does: every difference is 0 and says nothing."

LOWER_IS_BETTER = ("hamming_loss", "brier", "adaptive_ece")


@dataclass(frozen=True, repr=False)
class RunPair:
    """A run beside the first one.

    Attributes:
        first: path of the first run.
        second: path of the other.
        clips: how many clips both predicted.
        comparison: figures, intervals and differences (second less first).
        column: whose values name the subgroups; empty where none was named.
        subgroups: both runs on each of them.
        note: a sentence where both are the same run or gave the same answers, so that nothing can differ, or where their clips were
            grouped otherwise; else empty.
    """

    first: str
    second: str
    clips: int
    comparison: Comparison
    column: str = ""
    subgroups: tuple[SubgroupComparison, ...] = ()
    note: str = ""

    def __repr__(self) -> str:
        return f"RunPair({self.second!r} beside {self.first!r}, {counted(self.clips, 'clip')})"

    def _repr_html_(self) -> str:
        return html_comparison(self.first, self.second, self.clips, self.comparison, self.note)

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values."""
        plain = {
            "first_run": self.first,
            "second_run": self.second,
            "clips": self.clips,
            **self.comparison.to_mapping(),
        }
        subgroups = {"column": self.column, "subgroups": [subgroup.to_mapping() for subgroup in self.subgroups]}
        return plain | (subgroups if self.column else {}) | ({"note": self.note} if self.note else {})


def compare_runs(runs: Sequence[RunLike], split: str = "test", by: str = "") -> list[RunPair]:
    """Each later run beside the first, by paired bootstrap over the clips (or groups of clips) of a split.

    Args:
        runs: two or more finished runs, or their folders.
        split: ``test`` or ``valid``.
        by: also on each subgroup: ``group``, or a column of the store whose name begins with ``_``.

    Raises:
        RunError: where a run is unfinished or did not predict that split, or no notes on its clips are there.
        MismatchError: where the runs did not predict the same clips with the same labels.
        ConfigError: where `by` does not name subgroups, or `split` no such split.
    """
    split = split_asked(split, SPLITS)
    drawn = resampled_runs(runs, split)
    if not by:
        return pairs_of(drawn)
    return by_subgroup(pairs_of(drawn), drawn, runs, by, kept_members(opened_run(runs[0]), by, split))


def by_subgroup(
    pairs: Sequence[RunPair],
    drawn: Sequence[Resampled],
    runs: Sequence[RunLike],
    by: str,
    members: Mapping[str, Flags],
) -> list[RunPair]:
    """The same pairs with both runs on each subgroup.

    Args:
        pairs: as `pairs_of` gives them.
        drawn: the runs that they are of.
        runs: as they were named.
        by: column of the subgroups.
        members: subgroup -> [N] which clips are in it, in the first run's order.
    """
    first, *others = (
        resampled_alone(with_label_sets(opened_run(run), resampled.answers), by)
        for run, resampled in zip(runs, drawn, strict=True)
    )
    return [
        replace(pair, column=by, subgroups=compared_subgroups(first, other, members))
        for pair, other in zip(pairs, others, strict=True)
    ]


def resampled_runs(runs: Sequence[RunLike], split: str = "test") -> list[Resampled]:
    """The figures of each run on the same resamples, clips and emotions in the first one's order; see `compare_runs`."""
    runs, split = [runs] if isinstance(runs, str | Path | RunFolder) else runs, split_asked(split, SPLITS)
    if len(runs) < 2:
        raise MismatchError(f"Expected two or more runs to compare, but got {len(runs)}; name another.")
    answers = [answers_of(opened_run(run), split) for run in runs]
    return [Resampled.of(run) for run in paired(answers)]


def any_simulated(runs: Sequence[RunLike]) -> bool:
    """Whether one of the runs is of a simulated corpus."""
    return any(opened_run(run).description.task.simulated for run in runs)


def pairs_of(drawn: Sequence[Resampled]) -> list[RunPair]:
    """Each later run beside the first."""
    first = drawn[0].answers
    return [
        RunPair(
            first.name, second.answers.name, int(first.scored.labelled.sum()), compared(drawn[0], second),
            note=_note(first, second.answers),
        )
        for second in drawn[1:]
    ]  # fmt: skip


def _note(first: Answers, second: Answers) -> str:
    """What to know of a pair: that nothing can differ, or whose groups are resampled where they had others."""
    names = {answers.grouped_as for answers in (first, second)} - {""}
    regrouped = (
        f"The clips of these runs were grouped otherwise: the groups of {names.pop()} are resampled for both."
        if names
        else ""
    )
    return _same(first, second) or regrouped


def _same(first: Answers, second: Answers) -> str:
    """A sentence where the answers, on the same clips in the same order, are of one run or equal; else nothing."""
    if Path(first.name).resolve() == Path(second.name).resolve():
        return SAME_RUN
    columns = [(answers.scored.probability, answers.labels, answers.uncertainty) for answers in (first, second)]
    equal = all(
        a is b is None or (a is not None and b is not None and np.array_equal(a, b, equal_nan=True))
        for a, b in zip(*columns, strict=True)
    )
    return SAME_ANSWERS if equal else ""
