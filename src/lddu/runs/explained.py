"""Results of clips with their explanations: when each emotion was seen, and on which modality it rests."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.decide.decision import FittedDecision
from lddu.errors import LdduError, MismatchError, parameter
from lddu.runs.about import Origin
from lddu.runs.adapt import PERSON_COLUMN, Adaptation
from lddu.runs.figures import NOTHING_MORE, PredictOptions
from lddu.runs.notebook import html_table
from lddu.runs.per_clip import RESTS_ON, ClipPrediction, PerClip, refuse_nothing
from lddu.runs.person_summary import PersonSummary, person_summaries
from lddu.runs.predictions import Predictions
from lddu.runs.predictor import Predictor
from lddu.sentences import short_paths, some
from lddu.store.provenance import Failure, extracted_files
from lddu.store.store import Chosen, FeatureStore

if TYPE_CHECKING:
    from lddu.exports.answered import Answered
    from lddu.runs.timeline import Stretch, Timeline

BIN_SECONDS = 0.5
"""Length of a step of the time line."""

_SHORTEST = 0.5
"""Of a step; a last one that is shorter counts as so long: the features in it are not so fine."""

UNTIMED_BINS = 20
"""Most steps of the time line of a clip whose features have no times: equal parts of its sequence, and none without a feature."""


@dataclass(frozen=True)
class TimeLine:
    """Where the networks looked in one clip.

    Attributes:
        step_seconds: length of a step; None where the features have no times: a step is an equal part of the sequence.
        attention: modality -> emotion -> share of attention per step, each sums to 1; a missing modality is absent.
        seconds: of the clip, where steps have times: the last step ends with it and may be shorter.
    """

    step_seconds: float | None
    attention: dict[str, dict[str, list[float]]]
    seconds: float = math.nan

    def course(self, shares: Sequence[float]) -> list[tuple[float, float, float]]:
        """Where each step begins and ends, as shares of the clip, and what a moment in it got: 1 is an even spread.

        Args:
            shares: one of the `attention`.
        """
        edges = np.linspace(0, 1, len(shares) + 1)
        if self.step_seconds is not None and self.seconds > 0:
            edges = np.minimum(np.arange(len(shares) + 1) * self.step_seconds / self.seconds, 1.0)
        lengths = np.diff(edges)
        least = _SHORTEST * lengths.max(initial=0.0)
        return [
            (float(edges[n]), float(edges[n + 1]), share / max(float(lengths[n]), least))
            for n, share in enumerate(shares)
            if lengths[n] > 0
        ]


@dataclass(frozen=True, repr=False)
class ClipAnswer(ClipPrediction):
    """The result of one clip, and where the clip is.

    Attributes:
        file: path of the media or text file; empty where unknown, and of a text that was typed.
        start: seconds into the file; NaN where unknown.
        end: seconds into the file; NaN where unknown.
        transcript: its words; empty where unknown.
        rests_on: the modality without which the most probable emotion would be least probable; empty where none raises it.
        person: that it is about; empty where it is about the clip as a whole.
    """

    file: str = ""
    start: float = math.nan
    end: float = math.nan
    transcript: str = ""
    rests_on: str = ""
    person: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class ClipAnswers(PerClip[ClipAnswer]):
    """Results of clips with explanations; a list of `ClipAnswer`.

    Attributes:
        predictions: of the N clips (files, or segments that were cut from them).
        file: [N] paths of the media or text files; empty of typed texts, and where a store does not name them.
        start: [N] seconds into the file; NaN where unknown.
        end: [N] seconds into the file; NaN where unknown.
        transcript: [N] words, where known.
        influence: per clip, modality -> emotion -> probability minus the probability without the modality, both calibrated.
        attention: [N] where the networks looked.
        thresholds: [N][E] probabilities from which an emotion counts as present.
        warnings: sentences that every reader should see.
        failures: files that could not be extracted.
        adaptation: how the features were re-centred; None where they were not.
        origin: which run answered; None where unknown.
        person: [N] whom each is about, where every person in a clip is answered for; else empty.
    """

    predictions: Predictions
    file: list[str]
    start: list[float]
    end: list[float]
    transcript: list[str]
    influence: list[dict[str, dict[str, float]]]
    attention: list[TimeLine]
    thresholds: list[list[float]]
    warnings: list[str]
    failures: tuple[Failure, ...] = ()
    adaptation: Adaptation | None = None
    origin: Origin | None = None
    person: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.predictions)

    def _repr_html_(self) -> str:
        before = {"clip": self.predictions.clip.tolist(), **self.persons(), "seconds": self.seconds("")}
        return html_table(self.predictions, before, self.after(""))

    def after(self, unknown: str) -> dict[str, list[str]]:
        """The columns of a table right of the emotions; `unknown` where a clip rests on no modality."""
        rests_on = [self.rests_on(n) or unknown for n in range(len(self))]
        return {**self.predictions.none_of_them(), RESTS_ON: rests_on, "words": self.transcript}

    def timeline(self, file: str = "") -> "Timeline":
        """The answers on a recording over time, and what they rest on, as a picture; clips without times side by side.

        Args:
            file: which recording, where there are several: its path, or its name.

        Raises:
            MismatchError: where there is no clip, or not exactly one recording is meant.
        """
        from lddu.runs.timeline import Timeline

        refuse_nothing(self)
        rows = self._rows_of(file)
        timed = all(self.start[n] < self.end[n] for n in rows)
        rows = sorted(rows, key=lambda n: self.start[n]) if timed else rows
        stretches = tuple(self._stretch(n, place, timed) for place, n in enumerate(rows))
        title = Path(self.file[rows[0]]).name
        return Timeline(title, self.emotions, self.predictions.modalities, stretches, timed)

    def _rows_of(self, file: str) -> list[int]:
        places = zip(self.file, self.start, strict=True)
        names = [name if math.isfinite(start) else "" for name, start in places]  # the rest stands side by side
        short = short_paths(names)
        matches = [n for n, name in enumerate(names) if not file or file in (name, short[name], Path(name).name)]
        recordings = sorted({names[n] for n in matches})
        if len(recordings) != 1:
            known = some([short[name] or "clips without a time" for name in sorted(set(names))])
            raise MismatchError(
                f"Expected one recording to draw, but {f'{file!r} names {len(recordings)} of' if file else 'there are'} {known}; name one in "
                f"{parameter('file')}."
            )
        return matches

    def _stretch(self, n: int, place: int, timed: bool) -> "Stretch":
        from lddu.runs.timeline import Stretch

        predictions = self.predictions
        emotion = self._most_probable(n)
        gain = {name: max(by_emotion[emotion], 0.0) for name, by_emotion in self.influence[n].items()}
        presented = self._modalities_of(n)
        total = sum(gain.values())
        shares = {name: gain.get(name, 0.0) / total if total > 0 else 1 / len(presented) for name in presented}
        return Stretch(
            start=self.start[n] if timed else place,
            end=self.end[n] if timed else place + 1,
            probability=predictions.probability[n],
            verdict=tuple(predictions.verdicts(n).values()),
            words=self.transcript[n],
            weight=tuple(shares.get(name, math.nan) for name in predictions.modalities),
            attention=tuple(self._course(n, m, emotion) for m in predictions.modalities),
            thresholds=tuple(self.thresholds[n]),
        )

    def _course(self, n: int, modality: str, emotion: str) -> tuple[tuple[float, float, float], ...]:
        """See `TimeLine.course`."""
        line = self.attention[n]
        return tuple(line.course(line.attention.get(modality, {}).get(emotion, [])))

    def seconds(self, unknown: str) -> list[str]:
        """[N] where each clip lies in its file, for tables; `unknown` of what has no place."""
        places = zip(self.start, self.end, strict=True)
        return [unknown if math.isnan(start) or math.isnan(end) else f"{start:.1f}-{end:.1f}" for start, end in places]

    def people(self) -> tuple[PersonSummary, ...]:
        """What each person showed over each whole file; empty unless every person in a clip is answered for."""
        return person_summaries(self)

    def persons(self) -> dict[str, list[str]]:
        """The column `person`, where there is one."""
        return {"person": self.person} if self.person else {}

    @property
    def emotions(self) -> tuple[str, ...]:
        """E names."""
        return self.predictions.emotions

    @property
    def probability(self) -> Floats:
        """[N, E] that the emotion is present, recalibrated."""
        return self.predictions.probability

    @property
    def label(self) -> Flags:
        """[N, E] the decision."""
        return self.predictions.label

    @property
    def uncertainty(self) -> Floats:
        """[N, E] chance that the decision is wrong."""
        return self.predictions.uncertainty

    @property
    def clip(self) -> np.ndarray:
        """[N] ids."""
        return self.predictions.clip

    @property
    def label_set(self) -> Flags | None:
        """[N, E] the set with the promised recall; None where no recall was given."""
        return self.predictions.label_set

    @property
    def abstained(self) -> Flags | None:
        """[N, E] where the decision is "can't tell"; None where no coverage was given and every emotion was learnt from what the clips have."""
        return self.predictions.abstained

    def rows(self, rows: np.ndarray) -> "ClipAnswers":
        """A part of the clips, by row numbers or by a mask; warnings and failures stay those of all."""
        chosen: list[int] = np.arange(len(self))[rows].tolist()
        return replace(
            self,
            predictions=self.predictions.rows(rows),
            file=[self.file[n] for n in chosen],
            start=[self.start[n] for n in chosen],
            end=[self.end[n] for n in chosen],
            thresholds=[self.thresholds[n] for n in chosen],
            transcript=[self.transcript[n] for n in chosen],
            influence=[self.influence[n] for n in chosen],
            attention=[self.attention[n] for n in chosen],
            person=[self.person[n] for n in chosen] if self.person else [],
        )

    def one(self, n: int) -> ClipAnswer:
        """The answer on clip n."""
        prediction = self.predictions.one(n)
        return ClipAnswer(
            prediction.clip, prediction.emotions, prediction.probability, prediction.uncertainty, prediction.missing,
            prediction.label_set, prediction.cannot_tell, prediction.none_means, self.file[n], self.start[n],
            self.end[n], self.transcript[n], self.rests_on(n), self.person[n] if self.person else "",
        )  # fmt: skip

    def rests_on(self, n: int) -> str:
        """The modality without which the clip's most probable emotion would be least probable; empty where none raises it."""
        emotion, presented = self._most_probable(n), self._modalities_of(n)
        if len(presented) == 1:
            return presented[0]
        gains = {name: gain[emotion] for name, gain in self.influence[n].items()}
        best = max(gains, key=lambda name: gains[name], default="")
        return best if best and gains[best] > 0 else ""

    def _most_probable(self, n: int) -> str:
        return self.emotions[int(np.argmax(self.probability[n]))]

    def _modalities_of(self, n: int) -> list[str]:
        """The modalities that clip n has."""
        predictions = self.predictions
        return [name for name, has in zip(predictions.modalities, predictions.presented[n], strict=True) if has]

    def to_records(self) -> list[dict[str, Any]]:
        """One JSON object per clip: those of `Predictions`, with place, words, influence and time line."""
        return [
            {
                **record,
                **{name: column[n] for name, column in self.persons().items()},
                "file": self.file[n],
                "start": None if math.isnan(self.start[n]) else self.start[n],
                "end": None if math.isnan(self.end[n]) else self.end[n],
                "transcript": self.transcript[n],
                "rests_on": self.rests_on(n) or None,
                "influence": self.influence[n],
                "timeline": {
                    "seconds_per_step": self.attention[n].step_seconds,
                    "modalities": self.attention[n].attention,
                },
            }
            for n, record in enumerate(self.predictions.to_records())
        ]

    def to_columns(self) -> dict[str, list[Any]]:
        """The columns of `Predictions` after file, start, end, words and the modality it rests on; None where unknown."""
        return {
            "file": self.file,
            "start": [None if math.isnan(start) else start for start in self.start],
            "end": [None if math.isnan(end) else end for end in self.end],
            **self.persons(),
            "transcript": self.transcript,
            "rests_on": [self.rests_on(n) for n in range(len(self))],
            **self.predictions.to_columns(),
        }

    def answered(self) -> "Answered":
        """The same, as `lddu.exports` takes it."""
        known = self.predictions.answered()
        notes = [*([self.origin.sentence] if self.origin else []), *self.warnings]
        places = zip(known.clips, self.file, self.start, self.end, self.transcript, strict=True)
        clips = [replace(clip, file=f, start=s, end=e, words=words) for clip, f, s, e, words in places]
        if self.person:
            named = zip(clips, self.person, strict=True)
            clips = [replace(clip, speaker=person, person=person) for clip, person in named]
        return replace(
            known,
            clips=clips,
            columns=self.to_columns(),
            records=self.to_records(),
            notes=notes,
            length=_length,
        )


def _length(file: str) -> float:
    """Seconds of a media file; 0 where it cannot be read any more."""
    from lddu.clips.media import probe

    try:
        return probe(Path(file)).duration
    except LdduError:
        return 0.0


def answers_on(
    predictor: Predictor,
    store: FeatureStore,
    options: PredictOptions = NOTHING_MORE,
    rows: Chosen | None = None,
    advance: Callable[[int, int], None] = lambda *_: None,
) -> ClipAnswers:
    """Predict clips of a store and say why.

    Args:
        predictor: the run.
        store: labelled or not.
        options: a promised recall, or a coverage beyond which no answer is given.
        rows: of the clips, as `FeatureStore.rows` takes them; all by default.
        advance: called with the number of clips finished, and of all.

    Raises:
        MismatchError: where the store does not fit the run, or what is asked for cannot be had.
    """
    chosen = store.rows(rows)
    if options.adapt:
        predictor, options = predictor.adapted(store, chosen), options.unadapted()
    predictions = predictor.predict(store, chosen, options)
    explained, influence = [], []
    for n, row in enumerate(chosen.tolist()):
        advance(n, len(chosen))
        explained.append(predictor.explain(store, row))
        influence.append(_influence(predictions, n, explained[n].without, predictor.decision))
    emotions, table = predictor.description.task.emotions, store.table
    file_of = {clip: entry["file"] for entry in extracted_files(store) for clip in entry["clips"]}
    lines = [_timeline(store, row, e.attention, emotions) for row, e in zip(chosen.tolist(), explained, strict=True)]
    persons = table.carried.get(PERSON_COLUMN)
    return ClipAnswers(
        predictions=predictions,
        file=[file_of.get(clip, "") for clip in table.clip[chosen]],
        start=table.start[chosen].tolist(),
        end=table.end[chosen].tolist(),
        transcript=table.transcript[chosen].tolist(),
        influence=influence,
        attention=lines,
        thresholds=predictor.decision.thresholds_of(predictions.presented, len(predictions)).tolist(),
        warnings=[*predictor.warnings(store, options), *predictor.remarks(store, predictions)],
        adaptation=predictor.adaptation,
        origin=predictor.origin,
        person=[] if persons is None else persons[chosen].tolist(),
    )


def _influence(
    predictions: Predictions, n: int, without: dict[str, np.ndarray], decision: FittedDecision
) -> dict[str, dict[str, float]]:
    """Modality -> emotion -> what the calibrated probability of the n-th clip would lose without it."""
    gains = {}
    for name, raw in without.items():
        left = predictions.presented[[n]] & (np.array(predictions.modalities) != name)
        gain = predictions.probability[n] - decision.recalibrated(raw[None, :], left)[0]
        gains[name] = dict(zip(predictions.emotions, gain.tolist(), strict=True))
    return gains


def _timeline(store: FeatureStore, row: int, attention: dict[str, np.ndarray], emotions: Sequence[str]) -> TimeLine:
    """Attention summed over half seconds of the clip, or over equal parts where steps have no times."""
    times = {name: store.times(name, row) for name in attention}
    timed = all(spans is not None for spans in times.values())
    known = store.table.end[row] - store.table.start[row]
    ends = [float(spans[-1, 1]) for spans in times.values() if spans is not None and len(spans)]
    seconds = float(known) if np.isfinite(known) else max(ends, default=0.0)
    untimed = min(UNTIMED_BINS, max((weights.shape[1] for weights in attention.values()), default=1))
    bins = max(1, int(np.ceil(seconds / BIN_SECONDS - 1e-6))) if timed else untimed
    lines: dict[str, dict[str, list[float]]] = {}
    for name, weights in attention.items():
        spans, count = times[name], weights.shape[1]
        place = spans.mean(axis=1)[:count] / BIN_SECONDS if timed and spans is not None else _evenly(count, bins)
        at = np.clip(place.astype(int), 0, bins - 1)
        lines[name] = {
            emotion: np.bincount(at, weights[e, : len(at)], minlength=bins).tolist()
            for e, emotion in enumerate(emotions)
        }
    return TimeLine(BIN_SECONDS if timed else None, lines, seconds if timed else math.nan)


def _evenly(count: int, bins: int) -> np.ndarray:
    return (np.arange(count) + 0.5) / count * bins
