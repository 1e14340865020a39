"""What every export is made of: answered clips, their table and their JSON."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from lddu.clips.spans import WORDS_SUFFIX

Verdict = Literal["present", "absent", "can't tell"]


@dataclass(frozen=True)
class AnsweredClip:
    """One clip, with probability and verdict of each emotion.

    Attributes:
        clip: id.
        file: path of the media file; empty where unknown.
        start: seconds into the file; NaN where unknown, and of photos and words alone.
        end: seconds into the file; NaN where unknown.
        words: its transcript; empty where unknown.
        speaker: who says them; empty where unknown.
        probability: emotion -> that it is present, recalibrated.
        verdict: emotion -> the decision.
        person: whom it is about; empty where it is about the clip as a whole.
        none_means: what it shows that shows none of the emotions for certain; empty where it shows one or may, or the run does not say.
    """

    clip: str
    file: str
    start: float
    end: float
    words: str
    speaker: str
    probability: Mapping[str, float]
    verdict: Mapping[str, Verdict]
    person: str = ""
    none_means: str = ""

    @property
    def placed(self) -> bool:
        """Whether it has a place in a recording: a photo lasts no time, and the times of words alone are made up."""
        timed = math.isfinite(self.start) and math.isfinite(self.end) and self.end > self.start
        return bool(self.file) and timed and not self.file.lower().endswith(WORDS_SUFFIX)

    def emotions(self, verdict: Verdict) -> list[str]:
        """Those with this verdict, the most probable first."""
        chosen = [emotion for emotion, verdict_of in self.verdict.items() if verdict_of == verdict]
        return sorted(chosen, key=lambda emotion: -self.probability[emotion])


@dataclass(frozen=True)
class Answered:
    """N clips, as each format takes them.

    Attributes:
        emotions: E names.
        clips: [N].
        columns: of the table with a row per clip: name -> N values; None where unknown.
        per_emotion: prefixes of those columns that are there once per emotion, ``probability`` of ``probability_joy``.
        records: [N] JSON objects.
        notes: sentences that every reader should see: which run answered, and warnings.
        length: gives the seconds of a file, 0 where unknown; called by the formats that need them.
    """

    emotions: tuple[str, ...]
    clips: Sequence[AnsweredClip]
    columns: Mapping[str, Sequence[Any]]
    per_emotion: Sequence[str] = ()
    records: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    length: Callable[[str], float] = lambda _: 0.0

    def some(self, rows: Sequence[int]) -> "Answered":
        """A part of the clips, by row number."""
        return replace(
            self,
            clips=[self.clips[n] for n in rows],
            columns={name: [values[n] for n in rows] for name, values in self.columns.items()},
            records=[self.records[n] for n in rows],
        )
