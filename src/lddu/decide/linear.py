"""A weighted sum of standardised scores, as validation fitted it: what the fitted scores of a decision have in common."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from lddu.arrays import Floats, column_scale
from lddu.decide import reading
from lddu.errors import MismatchError

COMBINATION = "combination"
"""Name of all candidates together."""

FOLDS = 5
"""Parts that validation is cut into where candidates compete on left-out clips."""

Regression = Callable[[Floats, np.ndarray], tuple[Floats, float]]
"""Standardised inputs [K, I] and their targets [K] -> weights [I] and offset."""


class LinearFit(NamedTuple):
    """A weighted sum of I standardised inputs: `centres`, `scales` and `weights`, one per input, and an `offset`."""

    centres: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    offset: float

    def total(self, columns: Floats) -> Floats:
        """[...] the sum of columns [..., I]."""
        standard = (columns - np.array(self.centres)) / np.array(self.scales)
        return np.asarray(standard @ np.array(self.weights) + self.offset)


@dataclass(frozen=True)
class LinearScore:
    """A weighted sum.

    Attributes:
        name: the single score that won, or ``combination``.
        inputs: names of the scores that are read.
        centres: of each input on validation.
        scales: of each input on validation.
        weights: of each standardised input.
        offset: added to their sum.
    """

    name: str
    inputs: tuple[str, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    offset: float

    def total(self, scores: Mapping[str, Floats]) -> Floats:
        """The sum, of the shape of each score.

        Raises:
            MismatchError: a score that it reads is not there.
        """
        lacking = [name for name in self.inputs if name not in scores]
        if lacking:
            raise MismatchError(
                f"Expected the scores {', '.join(self.inputs)}, but {', '.join(lacking)} is not there; give all of them."
            )
        columns = np.stack([scores[name] for name in self.inputs], axis=-1)
        return LinearFit(self.centres, self.scales, self.weights, self.offset).total(columns)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `decision.json` holds them."""
        return asdict(self)


def fit_linear(columns: Floats, target: np.ndarray, regression: Regression) -> LinearFit:
    """Standardise columns [K, I] and regress the target [K] on them."""
    centres, scales = columns.mean(axis=0), column_scale(columns)
    weights, offset = regression((columns - centres) / scales, target)
    return LinearFit(_plain(centres), _plain(scales), _plain(weights), offset)


def left_out_total(columns: Floats, target: np.ndarray, units: np.ndarray, regression: Regression) -> Floats:
    """[K] the sum for rows that its fit did not see: a unit (of units [K]) is wholly in a fit or wholly left out."""
    from sklearn.model_selection import GroupKFold  # only fitting needs it

    total = np.zeros(len(target))
    for train, left_out in GroupKFold(FOLDS, shuffle=True, random_state=0).split(columns, target, units):
        total[left_out] = fit_linear(columns[train], target[train], regression).total(columns[left_out])
    return total


def read_linear(mapping: Any, where: str, reached: str, least: float) -> dict[str, Any]:
    """The fields of a fitted score as `to_mapping` gave them.

    Args:
        mapping: what was read.
        where: it was read.
        reached: field that holds candidate -> figure on left-out clips.
        least: that such a figure can be; the most is 1.

    Raises:
        RunError: something is missing, unknown or out of range.
    """
    fields = reading.section(mapping, ("name", "inputs", "centres", "scales", "weights", "offset", reached), where)
    inputs = reading.words(fields["inputs"], f"{where}.inputs")
    columns = {name: reading.numbers(fields[name], f"{where}.{name}") for name in ("centres", "scales", "weights")}
    same = all(len(column) == len(inputs) > 0 for column in columns.values())
    sound = same and all(scale > 0 for scale in columns["scales"])
    reading.ensure(sound, f"{where} to hold one centre, positive scale and weight per input", list(columns.values()))
    values = fields[reached]
    reading.ensure(isinstance(values, dict), f"{where}.{reached} to be a mapping", values)
    figures = {
        str(name): reading.number(value, f"{where}.{reached}.{name}", least, 1) for name, value in values.items()
    }
    offset = reading.number(fields["offset"], f"{where}.offset")
    name = reading.word(fields["name"], f"{where}.name")
    return {"name": name, "inputs": inputs, **columns, "offset": offset, reached: figures}


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
