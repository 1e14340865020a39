"""What each person showed over a whole recording: their clips together, one line a person."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lddu.runs.explained import ClipAnswers


@dataclass(frozen=True)
class PersonSummary:
    """One person in one file.

    Attributes:
        file: path of the media or text file.
        person: as the clips have it.
        clips: how many of them were answered.
        seconds: that these clips last; None where a clip has no times.
        present: emotion -> share of those seconds (of clips, where they have no times) in which it is present. Where a coverage was
            given, of those in which the run can tell; None where it never can.
        probability: emotion -> mean over those seconds.
    """

    file: str
    person: str
    clips: int
    seconds: float | None
    present: Mapping[str, float | None]
    probability: Mapping[str, float]

    def to_mapping(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def person_summaries(answers: "ClipAnswers") -> tuple[PersonSummary, ...]:
    """Every person of every file, in the order in which they first appear; nobody unless each person was answered.

    A decision is made for each clip by itself; this counts the decisions, and is none of its own.
    """
    places = dict[tuple[str, str], list[int]]()
    for n, person in enumerate(answers.person):
        places.setdefault((answers.file[n], person), []).append(n)
    return tuple(_summary(answers, file, person, rows) for (file, person), rows in places.items())


def _summary(answers: "ClipAnswers", file: str, person: str, rows: list[int]) -> PersonSummary:
    """One person's clips together; a clip counts by its length."""
    predictions = answers.predictions
    length = np.array([answers.end[n] - answers.start[n] for n in rows])
    timed = bool(np.isfinite(length).all() and length.sum() > 0)
    weight = length if timed else np.ones(len(rows))
    silent = predictions.abstained
    answered = np.ones((len(rows), len(predictions.emotions))) if silent is None else ~silent[rows]
    present = np.einsum("ne,ne,n->e", answered, predictions.label[rows], weight)
    known = np.einsum("ne,n->e", answered, weight)
    mean = np.average(predictions.probability[rows], axis=0, weights=weight)
    return PersonSummary(
        file,
        person,
        len(rows),
        float(length.sum()) if timed else None,
        {e: float(p / k) if k > 0 else None for e, p, k in zip(predictions.emotions, present, known, strict=True)},
        dict(zip(predictions.emotions, map(float, mean), strict=True)),
    )
