"""What a reader of a run's answers should know: how far features, clips and the run itself can be trusted, in sentences."""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lddu.config import near
from lddu.decide.decision import FittedDecision
from lddu.errors import MismatchError
from lddu.evaluate.verdicts import verdicts
from lddu.models.family import Task
from lddu.runs.about import LearntCorpus
from lddu.runs.languages import CODES, foreign
from lddu.runs.not_learnt import having_only, modality_of
from lddu.sentences import counted, listed, some
from lddu.store.provenance import made_alike
from lddu.store.split_warnings import of_splits
from lddu.store.store import FeatureStore

SIMULATED = "the run was trained on a simulated corpus: its results are not about people"
STOPPED = (
    "the run's training was stopped early: the best network until then answers, and was not tested "
    "('lddu train --resume' finishes it)"
)
SIMULATED_CLIPS = "these clips are simulated: nobody is seen or heard in them"
_OF_TRAINING = "about the run's training: "


def simulated_warnings(run: bool, clips: bool) -> list[str]:
    """Whether the run learnt from simulated clips, or the clips are."""
    return [SIMULATED] if run else [SIMULATED_CLIPS] if clips else []


def stopped_warnings(metrics: Mapping[str, Any]) -> list[str]:
    """Whether the training was stopped before its end, so that the best network until then answers.

    Args:
        metrics: as `metrics.json` holds them.
    """
    return [] if metrics.get("protocol", {}).get("finished", True) else [STOPPED]


def feature_warnings(task: Task, run: str, store: FeatureStore) -> list[str]:
    """Which modalities are described otherwise than in training.

    Args:
        task: of the run.
        run: names it.
        store: whose features are to be read.

    Raises:
        MismatchError: where the store's features cannot be those that the run was trained on.
    """
    warnings = list[str]()
    shared = [name for name in task.dimensions if name in store.modalities]
    for name in shared:
        stream = store.modalities[name]
        if stream.dimension != task.dimensions[name]:
            raise MismatchError(
                f"Expected {name} of {task.dimensions[name]} numbers per step, which {run} was trained "
                f"on, but {store.place} has {stream.dimension}; make the features in the same way."
            )
        if not made_alike(stream.feature, task.features[name]):
            _refuse_other_extraction(name, stream.feature, task.features[name], store.place)
            warnings.append(
                f"{name} is described as {stream.feature!r} here but was {task.features[name]!r} in training; "
                "if it was made in another way, do not trust these results"
            )
    if not shared:
        raise MismatchError(
            f"Expected at least one of {', '.join(task.dimensions)} in {store.place}, but it has "
            f"{', '.join(store.modalities)}; make the features in the same way as for training."
        )
    return warnings


def cut_warnings(cut: Mapping[str, int], steps: int) -> list[str]:
    """Which modalities are longer than the run looks.

    Args:
        cut: modality -> clips of it that are.
        steps: how many steps the run looks at.
    """
    return [
        f"{name} of {counted(count, 'clip')} was cut to its first {steps} steps, beyond which the run does not look "
        "(model.max_steps); cut the clips shorter"
        for name, count in cut.items()
    ]


def writing_warnings(learnt: Sequence[LearntCorpus], store: FeatureStore, rows: np.ndarray) -> list[str]:
    """Which clips are written in letters or in a language that the run never learnt to read.

    It answers them as it does any others.

    Args:
        learnt: from what the run learnt; nothing is said where the languages of words are not recorded.
        store: that is predicted.
        rows: [N] row numbers.
    """
    languages = list(
        dict.fromkeys(name for corpus in learnt if "text" in corpus.modalities for name in corpus.languages)
    )
    if not languages or not set(languages) <= set(CODES) or "text" not in store.modalities:
        return []
    there = rows[store.lengths("text")[rows] > 0]
    words = {str(store.table.clip[row]): str(store.table.transcript[row]) for row in there}
    latin = {clip: text for clip, text in words.items() if not _mostly_not_latin(text)}
    others = [clip for clip in words if clip not in latin]
    abroad = [clip for clip, text in latin.items() if foreign(text, languages)]
    return [
        f"the words of {counted(len(clips), 'clip')} ({some(clips)}) are {how}, but the run learnt to read {listed(languages)} alone: "
        "do not trust what it reads in them"
        for clips, how in ((others, "mostly not in Latin letters"), (abroad, "in another language"))
        if clips
    ]


_LETTERS_LOOKED_AT = 1000


def _mostly_not_latin(text: str) -> bool:
    if text.isascii():
        return False
    letters = [letter for letter in text[:_LETTERS_LOOKED_AT] if letter.isalpha()]
    return 2 * sum("LATIN" not in unicodedata.name(letter, "") for letter in letters) > len(letters)


def training_warnings(warnings: Sequence[str], task: Task, store: FeatureStore, rows: np.ndarray) -> list[str]:
    """What the run says of its training, as far as it concerns some clips.

    What could not be learnt from one modality alone concerns clips that have nothing else; how its corpus was split concerns
    figures alone (`evaluation_warnings`).

    Args:
        warnings: of the run.
        task: of the run.
        store: that is predicted.
        rows: [N] row numbers.
    """
    shared = [name for name in task.dimensions if name in store.modalities]
    there = np.stack([store.lengths(name)[rows] > 0 for name in shared], axis=1)
    alone = {name for name, only in zip(shared, having_only(there).T, strict=True) if only.any()}
    return [
        _OF_TRAINING + warning
        for warning in warnings
        if not of_splits(warning) and modality_of(warning) in (None, *alone)
    ]


def weaknesses(metrics: Mapping[str, Any], decision: FittedDecision, recall: float | None) -> Iterator[str]:
    """What the run itself cannot do: beat a baseline, name an emotion, keep the promised recall.

    Args:
        metrics: as `metrics.json` holds them.
        decision: of the run.
        recall: to promise; None for none.
    """
    for sentence in verdicts(metrics.get("splits", {})):
        yield f"{sentence[0].lower()}{sentence[1:]}"
    parts = {"": decision.recall_sets} | {
        f" for clips with {listed(one.modalities)} only": one.recall_sets for one in decision.by_modalities
    }
    for which, sets in parts.items():
        if recall is not None and sets.cut(recall) <= 0:
            few = f"{sets.clips} validation clips" if sets.units is None else f"{sets.units} speakers or corpora"
            yield f"{few} are too few to promise a recall of {recall:g}{which} by anything but sets of every emotion"
            return


def evaluation_warnings(
    warned: Sequence[str], task: Task, training_store: bool, store: FeatureStore, split: str
) -> list[str]:
    """What a reader of figures on a labelled split should know.

    Args:
        warned: what the run says of its training.
        task: of the run.
        training_store: whether this is the very store of its training.
        store: whose labels are used.
        split: of it.
    """
    warnings = list[str]()
    if training_store and split == "train":
        warnings.append("the run was trained on these clips; the metrics are optimistic")
    if training_store and split == "valid":
        warnings.append(
            "checkpoint, threshold and recalibration were selected on these clips; the metrics are optimistic"
        )
    if not training_store and store.present_at != task.present_at:
        warnings.append(
            f"an emotion counts as present from a share of {task.present_at:g} of the raters, as in the run's training; "
            f"{store.place} says {store.present_at:g}"
        )
    return [
        *(_OF_TRAINING + warning for warning in warned if of_splits(warning)),
        *warnings,
        *_emotions_apart(task, store),
    ]


def _emotions_apart(task: Task, store: FeatureStore) -> list[str]:
    """Emotions that the run or the store alone has: they are no part of any figure."""
    unlabelled = [emotion for emotion in task.emotions if emotion not in store.emotions]
    unknown = [emotion for emotion in store.emotions if emotion not in task.emotions]
    warnings = list[str]()
    if unlabelled:
        meant = near(unlabelled[0], unknown)
        warnings.append(
            f"{store.place} has no labels of {listed(unlabelled)}{meant}: the figures are about the other emotions"
        )
    if unknown:
        warnings.append(f"the run does not know {listed(unknown)} of {store.place}: they are no part of the figures")
    return warnings


def _refuse_other_extraction(name: str, described: str, trained: str, where: str) -> None:
    """Where both sides say exactly how raw clips became numbers, a difference is certain, not a matter of wording."""
    if described.startswith("{") and trained.startswith("{"):
        raise MismatchError(
            f"Expected {name} made as in training, but {where} has it made otherwise: {_differences(described, trained)}; "
            "extract the clips again with the same settings and packages."
        )


def _differences(described: str, trained: str) -> str:
    """What of two descriptions differs, word for word."""
    try:
        here, there = json.loads(described), json.loads(trained)
    except ValueError:
        return f"{described}, not {trained}"
    names = [key for key in {**there, **here} if here.get(key) != there.get(key)]
    return ", ".join(f"{key} is {_value(here, key)}, not {_value(there, key)}" for key in names)


def _value(described: Mapping[str, Any], key: str) -> str:
    return json.dumps(described[key]) if key in described else "absent"
