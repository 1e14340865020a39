"""A weighted sum of standardised scores, as validation fitted it: what the fitted scores of a decision have in common."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lddu.decide import reading
from lddu.errors import MismatchError
from lddu.evaluate.predicted import Floats

COMBINATION = "combination"
"""Name of all candidates together."""

FOLDS = 5
"""Parts that validation is cut into where candidates compete on left-out clips."""


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
            raise MismatchError(f"Expected the scores {', '.join(self.inputs)}, but {', '.join(lacking)} is not there.")
        columns = np.stack([scores[name] for name in self.inputs], axis=-1)
        standard = (columns - np.array(self.centres)) / np.array(self.scales)
        return np.asarray(standard @ np.array(self.weights) + self.offset)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `decision.json` holds them."""
        return asdict(self)


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
    found = reading.section(mapping, ("name", "inputs", "centres", "scales", "weights", "offset", reached), where)
    inputs = reading.words(found["inputs"], f"{where}.inputs")
    columns = {name: reading.numbers(found[name], f"{where}.{name}") for name in ("centres", "scales", "weights")}
    same = all(len(column) == len(inputs) > 0 for column in columns.values())
    sound = same and all(scale > 0 for scale in columns["scales"])
    reading.ensure(sound, f"{where} to hold one centre, positive scale and weight per input", list(columns.values()))
    told = found[reached]
    reading.ensure(isinstance(told, dict), f"{where}.{reached} to be a mapping", told)
    figures = {str(name): reading.number(value, f"{where}.{reached}.{name}", least, 1) for name, value in told.items()}
    offset = reading.number(found["offset"], f"{where}.offset")
    name = reading.word(found["name"], f"{where}.name")
    return {"name": name, "inputs": inputs, **columns, "offset": offset, reached: figures}
