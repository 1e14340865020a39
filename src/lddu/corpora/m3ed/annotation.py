"""M3ED's `annotation.json`: who said what when, what three annotators saw, and what was decided in the end."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lddu.errors import SourceError
from lddu.labels import M3ED_EMOTIONS

FRAMES_PER_SECOND: Final = 25
"""Times are hours:minutes:seconds:frames; 98.6 % of the published utterance lengths are whole frames of 1/25 s."""

DECIDED_SHARE: Final = 0.5
"""The least share of an emotion that the final label names, whatever the votes: it counts as present."""

UNDECIDED_SHARE: Final = 1 / 3
"""The largest share of an emotion that the final label does not name: it counts as absent."""

LARGEST_FILE: Final = 2**28
_SEPARATORS = re.compile(r"[\s,;/|+&、，；]+")
_NAMES: Final = {
    **{name: name for name in M3ED_EMOTIONS},
    "happiness": "happy", "joy": "happy", "sadness": "sad", "angry": "anger", "disgusted": "disgust",
    "fearful": "fear", "surprised": "surprise",
}  # fmt: skip
_VOTERS = ("EmoAnnotator1", "EmoAnnotator2", "EmoAnnotator3")


@dataclass(frozen=True)
class Utterance:
    """One utterance of a dialogue.

    Attributes:
        start: seconds from the beginning of the episode's excerpt; None where unknown.
        end: likewise.
        text: the transcript.
        decided: the emotions of the final label; empty where there is none.
        votes: the emotions that each annotator named, one entry an annotator.
    """

    start: float | None
    end: float | None
    text: str
    decided: frozenset[str]
    votes: Sequence[frozenset[str]]

    def shares(self, repairs: Counter[str]) -> list[float | None]:
        """Share of annotators that named each emotion, bent where needed so that presence is the final label.

        What was bent is counted: ``adjudicated_present``, ``adjudicated_absent``. Without annotators the final label
        gives 1 and 0; without a final label the annotators stand alone; without both everything is unknown.
        """
        return [self._share(emotion, repairs) for emotion in M3ED_EMOTIONS]

    def _share(self, emotion: str, repairs: Counter[str]) -> float | None:
        if not self.votes:
            return float(emotion in self.decided) if self.decided else None
        share = sum(emotion in vote for vote in self.votes) / len(self.votes)
        if emotion in self.decided and share < DECIDED_SHARE:
            repairs["adjudicated_present"] += 1
            return DECIDED_SHARE
        if self.decided and emotion not in self.decided and share >= DECIDED_SHARE:
            repairs["adjudicated_absent"] += 1
            return UNDECIDED_SHARE
        return share


@dataclass(frozen=True)
class Annotation:
    """The whole file.

    Attributes:
        path: the file.
        dialogues: dialogue -> its utterances, in order of their number.
        ids: dialogue -> ids of those utterances.
        strange: names that are no emotion of M3ED -> how often; they count as no vote.
    """

    path: Path
    dialogues: Mapping[str, Sequence[Utterance]]
    ids: Mapping[str, Sequence[str]]
    strange: Mapping[str, int]


def read_annotation(path: Path) -> Annotation:
    """Read ``annotation.json``: show -> dialogue -> ``Dialog`` -> utterance.

    Raises:
        SourceError: where it is damaged or nested otherwise.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"it is larger than {LARGEST_FILE:,} bytes")
        shows = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError, MemoryError) as fault:
        raise SourceError(f"Expected {path} to be JSON, but it cannot be read ({str(fault)[:120]}).") from None
    strange: Counter[str] = Counter()
    dialogues: dict[str, list[Utterance]] = {}
    ids: dict[str, list[str]] = {}
    for show in _entries(path, shows, "the file"):
        for name, dialogue in _entries(path, show[1], show[0]):
            utterances = sorted(_entries(path, _entry(path, dialogue, "Dialog", name), name), key=_number_of)
            if name in dialogues:
                raise SourceError(f"Expected the dialogue {name!r} once in {path}, but it is there twice; keep one.")
            dialogues[name] = [_utterance(path, utterance, key, strange) for key, utterance in utterances]
            ids[name] = [key for key, _ in utterances]
    if not dialogues:
        raise SourceError(f"Expected dialogues in {path}, but it has none.")
    return Annotation(path, dialogues, ids, strange)


def emotions_in(value: Any, strange: Counter[str]) -> frozenset[str]:
    """The emotions that a text names, whatever separates them; unknown words are counted in `strange`."""
    words = value if isinstance(value, list) else [value]
    emotions: set[str] = set()
    for text in words:
        for word in _SEPARATORS.split(text.strip().lower()) if isinstance(text, str) else []:
            if word in _NAMES:
                emotions.add(_NAMES[word])
            elif word not in ("", "and", "none", "nan", "null"):
                strange[word[:40]] += 1
    return frozenset(emotions)


def seconds_of(value: Any) -> float | None:
    """Seconds of ``hh:mm:ss:frames``, ``hh:mm:ss.fraction``, ``mm:ss`` or a number; None for anything else."""
    parts = str(value).strip().split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if len(numbers) > 4 or any(number < 0 or not math.isfinite(number) for number in numbers):
        return None
    frames = numbers.pop() / FRAMES_PER_SECOND if len(numbers) == 4 else 0.0
    return float(np.dot(numbers[::-1], [1, 60, 3600][: len(numbers)])) + frames


def _utterance(path: Path, entry: Any, key: str, strange: Counter[str]) -> Utterance:
    emotions = _entry(path, entry, "EmoAnnotation", key)
    if isinstance(emotions, str):  # one emotion, as in the files of CICC 2024
        emotions = {"final_main_emo": emotions}
    if not isinstance(emotions, dict):
        raise SourceError(f"Expected the emotions of {key!r} in {path}, but got a {type(emotions).__name__}.")
    votes = [emotions_in(emotions[voter], strange) for voter in _VOTERS if emotions.get(voter)]
    decided = emotions_in(emotions.get("final_mul_emo"), strange) | emotions_in(emotions.get("final_main_emo"), strange)
    start, end = seconds_of(entry.get("StartTime")), seconds_of(entry.get("EndTime"))
    return Utterance(start, end, str(entry.get("Text", "")), decided, [vote for vote in votes if vote])


def _entries(path: Path, value: Any, where: str) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise SourceError(
            f"Expected {where!r} in {path} to be nested as show, dialogue, 'Dialog', utterance, "
            f"but got a {type(value).__name__}."
        )
    return list(value.items())


def _entry(path: Path, value: Any, key: str, where: str) -> Any:
    if not isinstance(value, dict) or key not in value:
        raise SourceError(
            f"Expected {key!r} in {where!r} of {path}, but it is not there; is it M3ED's annotation.json?"
        )
    return value[key]


def _number_of(entry: tuple[str, Any]) -> tuple[int, str]:
    last = entry[0].rpartition("_")[2]
    return (int(last) if last.isdecimal() and len(last) < 10 else 0, entry[0])
