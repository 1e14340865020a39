"""The figures of a run by the values of a column of its store: ``_gender``, ``_language``, ``group``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lddu.arrays import Flags
from lddu.config import near
from lddu.decide.decision import FittedDecision
from lddu.errors import ConfigError, LdduError, RunError, parameter
from lddu.evaluate.answered import Answers
from lddu.evaluate.subgroups import Subgroups, measure_subgroups
from lddu.labels import SPLITS, split_asked
from lddu.runs.kept_answers import answers_of
from lddu.runs.run_folder import RunFolder
from lddu.sentences import some
from lddu.store.clip_table import ClipTable
from lddu.store.folds import in_words, natural
from lddu.store.store import FeatureStore

MOST_SUBGROUPS = 20
"""A column with more values names clips or people, not subgroups."""

PROMISED_RECALL = 0.9
"""Of the label sets that are measured."""

GROUP = "group"

OF_PEOPLE = (GROUP, "_speaker", "_person")
"""Columns whose values name people or dialogues: figures by them stay out of what is shared."""


@dataclass(frozen=True, eq=False)
class Notes:
    """What a store says of N clips beside features and labels.

    Attributes:
        group: [N]; empty where unknown.
        carried: column whose name begins with ``_`` -> [N] words or numbers.
        place: where that is written, for messages.
    """

    group: np.ndarray
    carried: Mapping[str, np.ndarray]
    place: str

    @staticmethod
    def of(table: ClipTable, rows: np.ndarray, place: str) -> "Notes":
        """Of some clips of a store."""
        return Notes(table.group[rows], {name: values[rows] for name, values in table.carried.items()}, place)

    def has(self, column: str) -> bool:
        """Whether there is such a column."""
        return column == GROUP or column in self.carried


def run_subgroups(run: RunFolder, column: str, split: str = "test") -> Subgroups:
    """The figures of a run by a column, from the answers that it keeps; nothing is predicted.

    Args:
        run: finished; imported answers and cross-validations too.
        column: ``group``, or one whose name begins with ``_``.
        split: ``test`` or ``valid``.

    Raises:
        RunError: where the run did not predict that split, or neither it nor its store has the column.
        ConfigError: where the column does not name subgroups.
    """
    split = split_asked(split, SPLITS)
    answers = with_label_sets(run, answers_of(run, split))
    return subgroups_of(answers, members_by(notes_of(run, split, column), column), column)


def kept_members(run: RunFolder, column: str, split: str) -> dict[str, Flags]:
    """Value of a column -> [N] which of the clips that the run predicted of a split have it; see `run_subgroups`."""
    answers_of(run, split)  # refuses a split without answers
    return members_by(notes_of(run, split, column), column)


def subgroups_of(answers: Answers, members: Mapping[str, Flags], column: str) -> Subgroups:
    """The figures of answers, of which some label is known, by the values of a column."""
    return measure_subgroups(resampled_alone(answers, column), members, column)


def resampled_alone(answers: Answers, column: str) -> Answers:
    """The same; by groups each subgroup is one group, so that its clips are what is resampled."""
    return replace(answers, scored=replace(answers.scored, group=None)) if column == GROUP else answers


def members_by(notes: Notes, column: str) -> dict[str, Flags]:
    """Value of a column -> [N] which clips have it, in natural order; clips without a value are in none.

    Raises:
        ConfigError: where the column is not there, is empty, holds measurements, or has more than `MOST_SUBGROUPS` values.
    """
    if not notes.has(column):
        known = [GROUP, *notes.carried]
        raise ConfigError(
            f"Expected {parameter('by')} to be a column of {notes.place} ({', '.join(known)}), but got {column!r}"
            f"{near(column, known)}; import the corpus with such a column, its name beginning with '_'."
        )
    values = notes.group if column == GROUP else notes.carried[column]
    words = np.array([in_words(value).strip() for value in values], dtype=object)
    names = sorted(set(words.tolist()) - {""}, key=natural)
    _refuse_unfit(column, values, names)
    return {name: np.asarray(words == name) for name in names}


def _refuse_unfit(column: str, values: np.ndarray, names: list[str]) -> None:
    if not names:
        raise ConfigError(
            f"Expected {parameter('by')} to be a column with values, but {column!r} is empty for these clips."
        )
    numbers = values[~np.isnan(values)] if values.dtype != object else np.zeros(0)
    finite = numbers[np.isfinite(numbers)]
    if len(numbers) and (len(names) > MOST_SUBGROUPS or len(finite) < len(numbers) or (finite % 1).any()):
        between = f"numbers from {finite.min():g} to {finite.max():g}" if len(finite) else "numbers"
        without_end = ", and infinite ones" if len(finite) < len(numbers) else ""
        raise ConfigError(
            f"Expected {parameter('by')} to be a column of words or of a few whole numbers, but {column!r} holds "
            f"{between}{without_end}; import the corpus with their ranges as words, such as 30-39."
        )
    if len(names) > MOST_SUBGROUPS:
        raise ConfigError(
            f"Expected {parameter('by')} to be a column of at most {MOST_SUBGROUPS} values, but {column!r} has {len(names)} in "
            f"{len(values)} clips ({some(names, 3)}); import the corpus with a column of fewer."
        )


def notes_of(run: RunFolder, split: str, column: str) -> Notes:
    """The notes on the clips that a run predicted: those that its predictions carry, else those of its store.

    Raises:
        RunError: where neither has the column, since the store is not there or is another.
    """
    predictions = run.predictions()
    predictions = predictions.rows(predictions.split == split)
    notes = Notes(predictions.group, predictions.carried, run.place)
    if notes.has(column):
        return notes
    place = str(run.description.store.get("path", ""))
    held = ", ".join([GROUP, *predictions.carried])
    cure = f"name one of those columns, or evaluate the run on a copy of the store with {parameter('by', column)}"
    try:
        store = FeatureStore(place)
        table = store.table
    except LdduError:
        raise RunError(
            f"Expected a column {column!r} in the predictions of {run.place} ({held}) or in its store {place}, but the store cannot "
            f"be read; {cure}."
        ) from None
    row_of = {clip: row for row, clip in enumerate(table.clip.tolist())}
    if lacking := [clip for clip in predictions.clip.tolist() if clip not in row_of]:
        raise RunError(
            f"Expected {place} to hold the clips that {run.place} predicted, but {len(lacking)} of {len(predictions)} are not in it "
            f"({some(lacking, 3)}); {cure}."
        )
    return Notes.of(table, np.array([row_of[clip] for clip in predictions.clip.tolist()], np.int64), store.place)


def with_label_sets(run: RunFolder, answers: Answers) -> Answers:
    """The same with the label sets of `PROMISED_RECALL`; without them for a cross-validation, whose folds each have other cuts."""
    if run.description.folds:
        return answers
    decision, emotions = run.load_decision(), answers.scored.emotions
    # emotions stand in another run's order where runs are compared
    in_own_order = answers.scored.columns([emotions.index(name) for name in decision.emotions])
    kept = run.predictions()
    place_of = {clip: n for n, clip in enumerate(kept.clip.tolist())}  # and so may clips
    presence = kept.presented[[place_of[clip] for clip in answers.scored.clips.tolist()]]
    sets = recalibrated_sets(decision, in_own_order.probability, presence)
    return replace(answers, label_set=sets[:, [decision.emotions.index(name) for name in emotions]])


def recalibrated_sets(decision: FittedDecision, probability: np.ndarray, presence: Flags | None = None) -> Flags:
    """[N, E] the label sets of recalibrated probabilities, of clips with these modalities."""
    sets = np.zeros(probability.shape, bool)
    for one, rows in decision.by_presence(presence, len(probability)):
        sets[rows] = _mapped_sets(one, probability[rows])
    return sets


def _mapped_sets(decision: FittedDecision, probability: np.ndarray) -> Flags:
    """The map keeps the order within an emotion, so the cut is mapped too."""
    cut = decision.recall_sets.cut(PROMISED_RECALL)
    if cut > 1:  # nothing reaches it
        return np.zeros(probability.shape, bool)
    edge = decision.recalibration.apply(np.full((1, len(decision.emotions)), cut))
    return np.asarray(probability >= edge - 1e-12)


def keep_subgroups(run: RunFolder, breakdown: Mapping[str, Any]) -> bool:
    """Add figures by subgroup to `metrics.json`, for the report and the card.

    Args:
        run: that they are of.
        breakdown: as `Subgroups.to_mapping` gives them.

    Returns:
        False where the run is no folder that can be written, or has no figures of the split.
    """
    earlier = run.read_json("metrics.json")["splits"].get(breakdown["split"], {}).get("by", {})
    return run.add_figures(breakdown["split"], {"by": {**earlier, breakdown["column"]: dict(breakdown)}})


def without_people(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `metrics.json` without figures by columns that name people or dialogues."""
    splits = {name: dict(figures) for name, figures in metrics["splits"].items()}
    for figures in splits.values():
        shared = {column: breakdown for column, breakdown in figures.pop("by", {}).items() if column not in OF_PEOPLE}
        figures |= {"by": shared} if shared else {}
    return {**metrics, "splits": splits}
