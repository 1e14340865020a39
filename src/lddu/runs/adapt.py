"""Re-centring the features of given clips on those of training, without labels: `predict --adapt`.

Between corpora the mean of a feature moves while the order of clips along it stays. Per modality, the mean of the given
clips is moved towards the run's training mean, and that of each speaker with enough clips towards that of all. A mean of
few clips is uncertain, so a shift of n clips is taken n / (n + `PRIOR_CLIPS`) of the way. Deviations are left alone:
matching them too gains next to nothing (docs/decisions/adapt.md).

A speaker is a group of the clip table (of raw clips without a manifest: the file), and within it who is named as speaking.
What all clips of a speaker share is taken for the shift: where all of them show one emotion, it is removed with it.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.arrays import Floats
from lddu.sentences import counted
from lddu.store.extraction_notes import UNKNOWN
from lddu.store.store import FeatureStore

FEWEST_CLIPS = 20
"""Clips with a modality below which it is left as it is."""

FEWEST_OF_SPEAKER = 10
"""Clips with a modality below which a speaker is re-centred with all clips only."""

PRIOR_CLIPS = 5
"""A shift seen in so many clips is taken half of the way."""

SPEAKER_COLUMN = "_speaker"
"""Carried column of a store that says who speaks; within a group, since transcripts of two files may both say "A"."""

PERSON_COLUMN = "_person"
"""The same, where every person in a clip is one (`predict --per-person`); ``unknown`` may be several people and is none."""

Speaker = tuple[str, str]
"""Group and speaker of a clip; empty where unknown."""


@dataclass(frozen=True)
class TrainingCentre:
    """What the features of a modality were standardised with in training.

    Attributes:
        mean: [D] over the training steps.
        deviation: [D] likewise.
    """

    mean: Floats
    deviation: Floats


@dataclass(frozen=True, eq=False)
class ModalityShift:
    """How far the given clips lie from training in one modality.

    Attributes:
        clips: that have the modality.
        speakers: that are known and have it.
        of_all: [D] is taken from every step; None where there are too few clips.
        of_speaker: speaker with enough clips -> [D] is taken from theirs instead.
        moved: root mean square of `of_all` over the features, in deviations of training; None where nothing moves.
    """

    clips: int
    speakers: int
    of_all: Floats | None
    of_speaker: Mapping[Speaker, Floats]
    moved: float | None

    def of(self, speaker: Speaker) -> Floats | None:
        """[D] that is taken from the steps of a clip of this speaker."""
        return self.of_speaker.get(speaker, self.of_all)

    def words(self, name: str) -> str:
        """What was done to the modality."""
        if self.of_all is None:
            return f"{name} left as it is ({counted(self.clips, 'clip')}, {FEWEST_CLIPS} are needed)"
        alone = f"{len(self.of_speaker)} of {counted(self.speakers, 'group')} by their own" if self.speakers else ""
        known = alone or "groups unknown"
        return f"{name} moved by {self.moved:.2g} standard deviations ({counted(self.clips, 'clip')}, {known})"


@dataclass(frozen=True, eq=False)
class Adaptation:
    """The shifts of a run's modalities, found on some clips; those of the same speakers elsewhere may be moved by it too.

    Attributes:
        shifts: modality -> its shift; without those that no clip has.
    """

    shifts: Mapping[str, ModalityShift]

    @property
    def sentence(self) -> str:
        """What a reader of the answers should know."""
        text = "; ".join(shift.words(name) for name, shift in self.shifts.items())
        if all(shift.of_all is None for shift in self.shifts.values()):
            return f"nothing was adapted: {text}"
        alone = any(shift.of_speaker for shift in self.shifts.values())
        whole = "the clips, and those of each such group, show" if alone else "the clips together show"
        return f"features are re-centred on training: {text}; this assumes that {whole} several emotions: what they share is removed"

    @property
    def digest(self) -> str:
        """Distinguishes adaptations, in any process."""
        whole = hashlib.sha256()
        for name, shift in self.shifts.items():
            for speaker, offset in (("all",), shift.of_all), *shift.of_speaker.items():
                whole.update(repr((name, speaker)).encode())
                whole.update(b"" if offset is None else offset.tobytes())
        return whole.hexdigest()

    def to_mapping(self) -> dict[str, Any]:
        """As the key `adapted` of the JSON of `predict` has it."""
        modalities = {
            name: {
                "clips": shift.clips,
                "groups": shift.speakers,
                "groups_alone": len(shift.of_speaker),
                "moved": shift.moved,
            }
            for name, shift in self.shifts.items()
        }
        return {"modalities": modalities, "fewest_clips": FEWEST_CLIPS, "fewest_of_group": FEWEST_OF_SPEAKER}


@dataclass(frozen=True)
class AdaptedSteps:
    """The features of a store, re-centred as they are read.

    Attributes:
        store: where they come from.
        adaptation: what is taken from them.
    """

    store: FeatureStore
    adaptation: Adaptation

    def steps(self, modality: str, clip: int) -> np.ndarray:
        """[T, D] features of one clip by row number; T = 0 where the modality is missing."""
        steps = self.store.steps(modality, clip)
        shift = self.adaptation.shifts.get(modality)
        offset = None if shift is None else shift.of(speaker_of(self.store, clip))
        return steps if offset is None else (steps - offset).astype(np.float32)


def speaker_of(store: FeatureStore, row: int) -> Speaker:
    """Who speaks in a clip: its group, and within it the speaker where a column names one."""
    table = store.table
    person = _named(store, PERSON_COLUMN, row)
    return str(table.group[row]), "" if person == UNKNOWN else person or _named(store, SPEAKER_COLUMN, row)


def _named(store: FeatureStore, column: str, row: int) -> str:
    named = store.table.carried.get(column)
    return "" if named is None or named[row] != named[row] else str(named[row])  # NaN where a number is unknown


def adaptation_to(
    store: FeatureStore,
    rows: np.ndarray,
    centres: Mapping[str, TrainingCentre],
    max_steps: int,
    averaged: Collection[str] = (),
) -> Adaptation:
    """The shifts that bring some clips to where a run was trained. Labels are not read.

    Args:
        store: with the features of the run.
        rows: [N] of the given clips.
        centres: modality -> what the run was trained on.
        max_steps: of a clip that the run looks at.
        averaged: modalities of which the run reads the mean of a clip's steps, so that clips count alike; else steps do, as in
            training.
    """
    held = {name: centre for name, centre in centres.items() if name in store.modalities}
    sums = {name: _sums(store, name, rows, max_steps, name in averaged) for name in held}
    return Adaptation({name: _shift(sums[name], centre) for name, centre in held.items() if sums[name]})


@dataclass
class _Sum:
    """Of the steps of some clips."""

    clips: int
    steps: int
    total: Floats

    @property
    def mean(self) -> Floats:
        return np.asarray(self.total / self.steps)


def _sums(store: FeatureStore, name: str, rows: np.ndarray, max_steps: int, averages: bool) -> dict[Speaker, _Sum]:
    """Speaker -> the sum over the steps of their clips, clip by clip in bounded memory."""
    sums: dict[Speaker, _Sum] = {}
    for row in rows.tolist():
        steps = store.steps(name, row)[:max_steps]
        if len(steps):
            steps = steps.mean(axis=0, dtype=np.float64, keepdims=True) if averages else steps
            summed = sums.setdefault(speaker_of(store, row), _Sum(0, 0, np.zeros(steps.shape[1])))
            summed.clips += 1
            summed.steps += len(steps)
            summed.total += steps.sum(axis=0, dtype=np.float64)
    return sums


def _shift(sums: Mapping[Speaker, _Sum], centre: TrainingCentre) -> ModalityShift:
    clips = Counter({speaker: summed.clips for speaker, summed in sums.items()})
    known = [speaker for speaker in sums if any(speaker)]
    count = clips.total()
    if count < FEWEST_CLIPS:
        return ModalityShift(count, len(known), None, {}, None)
    mean = np.sum([summed.total for summed in sums.values()], axis=0) / sum(summed.steps for summed in sums.values())
    of_all = _shrunk(count) * (mean - centre.mean)
    alone = {
        speaker: of_all + _shrunk(clips[speaker]) * (sums[speaker].mean - mean)
        for speaker in known
        if clips[speaker] >= FEWEST_OF_SPEAKER
    }
    moved = float(np.sqrt(np.square(of_all / centre.deviation).mean()))
    return ModalityShift(count, len(known), of_all, alone, moved)


def _shrunk(clips: int) -> float:
    """The share of a shift that so many clips are believed."""
    return clips / (clips + PRIOR_CLIPS)
