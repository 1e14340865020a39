"""What a modality is worth: a run's validation figures with modalities withheld, measured once, reported where they are missing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.decide import reading
from lddu.decide.decision import FittedDecision
from lddu.evaluate.metrics import metrics
from lddu.evaluate.scored import Scored
from lddu.models.networks import Inference

MOST_FOR_ALL_SUBSETS = 4
"""Up to so many modalities every subset is measured (14 for four); beyond, each one is withheld alone."""

Predict = Callable[[np.ndarray, frozenset[str]], Inference]
"""Rows of a store and the modalities to take for missing -> figures of a network, or of the mean of several."""


@dataclass(frozen=True)
class Ablation:
    """Validation figures of a run that is given only some of its modalities.

    Attributes:
        given: modalities that were not withheld, in the run's order.
        n: labelled validation clips that have at least one of them; both pairs of figures are over these.
        f1_micro: with `given` only, as the run decides clips that have no more.
        map_macro: likewise; None where no emotion is present in any of the clips.
        f1_micro_whole: of the same clips with everything they have.
        map_macro_whole: likewise.
    """

    given: tuple[str, ...]
    n: int
    f1_micro: float
    map_macro: float | None
    f1_micro_whole: float
    map_macro_whole: float | None

    def sentence(self) -> str:
        """What the withheld modalities cost, to follow "without audio, "."""
        before, after = f"{self.f1_micro_whole:.2f}", f"{self.f1_micro:.2f}"
        sentence = f"this run's micro-F1 on {self.n} validation clips {_change(before, after)}"
        if self.map_macro is None or self.map_macro_whole is None:
            return sentence
        return f"{sentence}, mAP {_change(f'{self.map_macro_whole:.2f}', f'{self.map_macro:.2f}')}"

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, as `metrics.json` holds them."""
        return {**asdict(self), "given": list(self.given)}


def subset_answers(
    valid: Scored, inference: Inference, modalities: Sequence[str], predict: Predict
) -> dict[tuple[str, ...], Inference]:
    """Modalities -> answers of a run that is given no others, for every proper subset; see `MOST_FOR_ALL_SUBSETS`.

    Args:
        valid: the validation split.
        inference: of its clips, with all that they have.
        modalities: of the run, in order.
        predict: the run.

    Returns:
        Answers on the labelled clips that have one of the modalities, in order; small subsets first, none without clips.
    """
    answers = {}
    for given in _subsets(tuple(modalities)):
        rows = inference.rows[_having(valid, inference, given, modalities)]
        if len(rows):
            answers[given] = predict(rows, frozenset(modalities) - set(given))
    return answers


def ablations(
    valid: Scored,
    inference: Inference,
    modalities: Sequence[str],
    less: Mapping[tuple[str, ...], Inference],
    decision: FittedDecision,
) -> list[Ablation]:
    """Measure a run with some of its modalities.

    Args:
        valid: the validation split, probabilities as predicted with all that the clips have.
        inference: of the same clips.
        modalities: of the run, in order.
        less: as `subset_answers` gives it.
        decision: of the run.
    """
    measured = []
    for given, answers in less.items():
        mask = _having(valid, inference, given, modalities)
        part = valid.rows(mask)
        with_less = _figures(part, answers.probability, answers.presence, decision)
        whole = _figures(part, part.probability, inference.presence[mask], decision)
        measured.append(Ablation(given, int(mask.sum()), *with_less, *whole))
    return measured


def ablations_of(figures: Mapping[str, Any]) -> tuple[Ablation, ...]:
    """The ablations that a run's `metrics.json` holds; none where the run was made before they were measured.

    Raises:
        RunError: where they are damaged.
    """
    checked = []
    entries = figures.get("ablation", [])
    reading.ensure(isinstance(entries, list), "metrics.json.ablation to be a list", entries)
    for i, raw in enumerate(entries):
        where = f"metrics.json.ablation[{i}]"
        entry = reading.section(raw, tuple(field.name for field in fields(Ablation)), where)
        f1s = [reading.number(entry[name], f"{where}.{name}", 0, 1) for name in ("f1_micro", "f1_micro_whole")]
        maps = [
            None if entry[name] is None else reading.number(entry[name], f"{where}.{name}", 0, 1)
            for name in ("map_macro", "map_macro_whole")
        ]
        given, n = reading.words(entry["given"], f"{where}.given"), reading.whole(entry["n"], f"{where}.n")
        checked.append(Ablation(given, n, f1s[0], maps[0], f1s[1], maps[1]))
    return tuple(checked)


def _having(valid: Scored, inference: Inference, given: Sequence[str], modalities: Sequence[str]) -> Flags:
    """[N] labelled clips that have one of the modalities."""
    columns = [modalities.index(name) for name in given]
    return np.asarray(inference.presence[:, columns].any(axis=1) & valid.known.any(axis=1))


def _subsets(modalities: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    count = len(modalities)
    for size in range(1, count) if count <= MOST_FOR_ALL_SUBSETS else [count - 1]:
        yield from combinations(modalities, size)


def _figures(
    part: Scored, probability: Floats, presence: Flags, decision: FittedDecision
) -> tuple[float, float | None]:
    after = part.with_probability(decision.recalibrated(probability, presence))
    labels = after.probability >= decision.thresholds_of(presence, len(presence))
    figures = metrics(after, np.array(decision.thresholds), labels)
    return figures.f1_micro, figures.map_macro


def _change(before: str, after: str) -> str:
    if before == after:
        return f"stays {after}"
    return f"{'falls' if after < before else 'rises'} from {before} to {after}"
