"""What the report shows of `lddu.runs.ablation`: what it costs a run on validation when modalities are withheld."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lddu.runs.ablation import Ablation, ablations_of


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        withheld: modalities.
        ablation: figures with the others.
    """

    withheld: tuple[str, ...]
    ablation: Ablation

    @property
    def f1_change(self) -> float:
        """Micro-F1 with the others only minus that with everything."""
        return self.ablation.f1_micro - self.ablation.f1_micro_whole

    @property
    def map_change(self) -> float | None:
        """The same of mAP; None where there is none."""
        without, whole = self.ablation.map_macro, self.ablation.map_macro_whole
        return None if without is None or whole is None else without - whole


@dataclass(frozen=True)
class Withheld:
    """What modalities are worth.

    Attributes:
        rows: fewest withheld first; of equally many, the costliest in micro-F1 first.
        sentence: which single modality costs most, and how much.
    """

    rows: tuple[Row, ...]
    sentence: str


def withheld(figures: Mapping[str, Any], modalities: Sequence[str]) -> Withheld | None:
    """From a run's `metrics.json`; None where nothing was measured: an older run, or one of a single modality.

    Args:
        figures: the content of `metrics.json`.
        modalities: of the run, in order.

    Raises:
        RunError: where the ablations are damaged.
    """
    rows = [
        Row(tuple(m for m in modalities if m not in ablation.given), ablation) for ablation in ablations_of(figures)
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: (len(row.withheld), row.f1_change))
    return Withheld(tuple(rows), _sentence(rows[0]))


def _sentence(worst: Row) -> str:
    (name,) = worst.withheld  # where some subset was measured, those that lack one modality were too
    if worst.f1_change < 0:
        return f"{name.capitalize()} is needed most: without it, {worst.ablation.sentence()}."
    return f"No modality is needed by itself: even without {name}, {worst.ablation.sentence()}."
