"""The list in M3ED's feature pickles: what lies where, and the checks that it is what it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lddu.corpora.untrusted.object_file import read_objects
from lddu.corpora.untrusted.pickled_values import PickledValues, form_of
from lddu.errors import SourceError

LABELS, SPEAKERS_OR_TEXTS = 2, (6, 1, 0)
PLACES: Final = {"text": 3, "visual": 4, "audio": 5}
SPLITS: Final = {"train": 7, "valid": 8, "test": 9}
"""Where things lie in the list that the pickle holds."""


@dataclass(frozen=True)
class M3edPickle:
    """The list in the pickle, looked through.

    Attributes:
        path: the file.
        labels: dialogue -> number of the emotion of each utterance.
        features: modality -> dialogue -> rows, not yet checked.
        splits: split -> dialogues.
        texts: dialogue -> transcripts; empty where the file has none.
        values: checked access to the rows.
    """

    path: Path
    labels: Mapping[str, Sequence[float]]
    features: Mapping[str, Mapping[Any, Any]]
    splits: Mapping[str, Sequence[str]]
    texts: Mapping[str, Sequence[str]]
    values: PickledValues


def read_m3ed_pickle(path: Path) -> M3edPickle:
    """Read and check the list.

    Raises:
        SourceError: where the file is hostile, damaged, or another list.
    """
    content = read_objects(path)
    values = PickledValues(path)
    needed = max(SPLITS.values()) + 1
    if not isinstance(content, list | tuple) or len(content) < needed:
        raise SourceError(
            f"Expected {path} to be a list of {needed} parts (labels third, text, visual and audio fourth to sixth, "
            f"train, valid and test dialogues eighth to tenth), but got {form_of(content)}."
        )
    parts: dict[int, Any] = dict(enumerate(content))
    for place in (LABELS, *PLACES.values()):
        if not isinstance(parts[place], dict):
            raise SourceError(
                f"Expected part {place} of {path} to be keyed by dialogue, but got {form_of(parts[place])}."
            )
    labels = {
        str(name): values.numbers(codes, f"labels of dialogue {str(name)[:60]!r}")
        for name, codes in parts[LABELS].items()
    }
    features = {name: {str(key): rows for key, rows in parts[place].items()} for name, place in PLACES.items()}
    splits = {split: values.words(parts[place], f"{split} dialogues") for split, place in SPLITS.items()}
    return M3edPickle(path, labels, features, splits, _texts(parts, labels, values), values)


def _texts(
    parts: Mapping[int, Any], labels: Mapping[str, Sequence[float]], values: PickledValues
) -> dict[str, list[str]]:
    """The transcripts: of the remaining parts, the first that has a text of two letters or more for every utterance."""
    for place in SPEAKERS_OR_TEXTS:
        part = parts[place]
        if not isinstance(part, dict) or not part:
            continue
        texts = {str(name): utterances for name, utterances in part.items() if isinstance(utterances, list | tuple)}
        lines = {
            name: values.words(utterances, f"texts of dialogue {name[:60]!r}")
            for name, utterances in texts.items()
            if all(isinstance(word, str) for word in utterances)
        }
        distinct = {word for words in lines.values() for word in words}
        if len(distinct) > len(lines) and any(len(word) > 1 for word in distinct) and set(lines) >= set(labels):
            return lines
    return {}
