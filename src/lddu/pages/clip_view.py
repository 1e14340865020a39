"""What a page shows of answers on clips: segments on the axis of their file, each with its emotions and modalities."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from lddu.arrays import Flags
from lddu.runs.explained import ClipAnswers
from lddu.runs.predictions import MODALITY_ERROR, Predictions
from lddu.sentences import counted, listed

_EVEN = 1 / 3  # how dark the time line is where attention is spread evenly; thrice as much is black


@dataclass(frozen=True)
class Media:
    """A file that the page plays.

    Attributes:
        address: relative to the page.
        name: of the original file.
        kind: ``video``, ``audio`` or ``photo``.
        seconds: its length.
        note: why a browser may not play it; empty where it should.
    """

    address: str
    name: str
    kind: str
    seconds: float
    note: str


@dataclass(frozen=True)
class EmotionCell:
    """One emotion of one segment.

    Attributes:
        name: of the emotion.
        probability: calibrated.
        threshold: probability from which it counts as present.
        uncertainty: chance that the decision is wrong.
        verdict: ``present``, ``absent`` or ``can't tell``.
        in_set: whether it is in the label set with the promised recall; None where none was asked for.
    """

    name: str
    probability: float
    threshold: float
    uncertainty: float
    verdict: str
    in_set: bool | None


@dataclass(frozen=True)
class ModalityCell:
    """One modality of one segment.

    Attributes:
        name: of the modality.
        presented: whether the clip has it.
        error: chance that it errs when it answers alone; None where it is missing or the model family does not say.
        noisier_than: share of the run's validation clips whose modality is less noisy; None where it is missing or unknown.
        unfamiliar: whether it is out of distribution.
        influence: probability of the most probable emotion minus that without this modality; None where it is missing
            or the only one.
        shade: emotion -> 0 to 100 per step of the time line, how much attention; a single step where there is no course
            over time; empty where it is missing.
        places: middle of each of these steps in per cent of the clip.
    """

    name: str
    presented: bool
    error: float | None
    noisier_than: float | None
    unfamiliar: bool
    influence: float | None
    shade: dict[str, list[int]]
    places: tuple[float, ...] = ()


@dataclass(frozen=True)
class Segment:
    """One clip on the axis of its file.

    Attributes:
        number: unique on the page.
        clip: id.
        start: seconds; None where the file is unknown.
        end: likewise.
        left: per cent of the axis.
        width: likewise.
        words: what was said; empty where unknown.
        top: the most probable emotion.
        emotions: in the run's order.
        modalities: in the run's order.
        rests_on: the modality that raises the most probable emotion most; empty where none does.
        trusted: the modality that errs least alone; empty where there are fewer than two, or two as good.
        missing_cost: sentence; empty where nothing is missing or the cost was not measured.
        person: that it is about; empty where it is about all of the clip.
        none_means: what it shows that shows none of the emotions for certain; empty where it shows one or may, or the run does not say.
    """

    number: int
    clip: str
    start: float | None
    end: float | None
    left: float
    width: float
    words: str
    top: str
    emotions: tuple[EmotionCell, ...]
    modalities: tuple[ModalityCell, ...]
    rests_on: str
    trusted: str
    missing_cost: str
    person: str = ""
    none_means: str = ""

    @property
    def labels(self) -> list[str]:
        """Emotions that are present, the most probable first."""
        return self._likely("present")

    @property
    def unsure(self) -> list[str]:
        """Emotions on which the run abstains, the most probable first."""
        return self._likely("can't tell")

    def _likely(self, verdict: str) -> list[str]:
        chosen = [emotion for emotion in self.emotions if emotion.verdict == verdict]
        return [emotion.name for emotion in sorted(chosen, key=lambda emotion: -emotion.probability)]

    @property
    def verdict(self) -> str:
        """The answer in words."""
        if self.labels:
            return ", ".join(self.labels)
        if self.none_means:
            return f"{_capital(self.none_means)}: no emotion is likely enough"
        return f"Can't tell: {', '.join(self.unsure)}" if self.unsure else "No emotion is likely enough"

    @property
    def short(self) -> list[str]:
        """The answer in two short lines; the id where the place in a file is unknown, so that only it distinguishes clips."""
        if self.start is None:
            return [self.clip]
        names = self.labels or [f"{name}?" for name in self.unsure] or [self.none_means or "–"]
        return names if len(names) <= 2 else [names[0], f"{names[1]} +{len(names) - 2}"]

    @property
    def place(self) -> str:
        """When it is, for people; the id where that is unknown."""
        if self.start is None or self.end is None:
            return self.clip
        return f"{clock(self.start)} to {clock(self.end)}"

    @property
    def doubt(self) -> str:
        """Which of its modalities are out of distribution; empty where none is."""
        unfamiliar = [modality.name for modality in self.modalities if modality.unfamiliar]
        if not unfamiliar:
            return ""
        are = "is" if len(unfamiliar) == 1 else "are"
        return f"Its {listed(unfamiliar)} {are} out of distribution. Do not trust these probabilities."

    @property
    def why(self) -> str:
        """On which modality the answer rests, and which errs least."""
        presented = [modality for modality in self.modalities if modality.presented]
        if len(presented) < 2:
            only = f"{listed([m.name for m in presented])} alone: the clip has nothing else"
            return f"The result rests on {only if presented else 'nothing but how common each emotion is'}."
        top = next(emotion for emotion in self.emotions if emotion.name == self.top)
        name = _capital(self.top) if top.verdict == "present" else f"{_capital(self.top)}, the most probable,"
        gain = next((m.influence or 0.0 for m in presented if m.name == self.rests_on), 0.0)
        without = max(top.probability - gain, 0.0)
        before, after = f"{top.probability:.2f}", f"{without:.2f}"
        if not self.rests_on:
            sentence = f"{name} rests on no single modality: it would be no less probable without any one."
        elif before == after:
            sentence = f"{name} hardly rests on any single modality: without {self.rests_on} it stays at {before}."
        else:
            sentence = f"{name} rests most on {self.rests_on}: without it, it would be at {after}, not {before}"
            sentence += f"{_still(top, without)}."
        return f"{sentence} Trust {self.trusted} most: alone it errs least." if self.trusted else sentence


@dataclass(frozen=True)
class Section:
    """A file, or the clips of one group of a store.

    Attributes:
        title: its name.
        segments: in order of time.
        ticks: (per cent of the axis, words, none where they would touch those before); empty where times are unknown.
        seconds: length of the axis; None where times are unknown.
        media: what can be played; None without.
    """

    title: str
    segments: tuple[Segment, ...]
    ticks: tuple[tuple[float, str], ...]
    seconds: float | None
    media: Media | None = None

    @property
    def lanes(self) -> list[tuple[str, tuple[Segment, ...]]]:
        """Each person and their segments in order of time; one without a name where persons are not distinguished."""
        persons = dict.fromkeys(segment.person for segment in self.segments)
        return [(person, tuple(s for s in self.segments if s.person == person)) for person in persons]

    @property
    def most(self) -> int:
        """Segments of the lane with most of them."""
        return max(len(segments) for _, segments in self.lanes)

    @property
    def answer(self) -> str:
        """Its emotions, in words."""
        if len(self.segments) == 1:
            return self.segments[0].verdict
        verdicts = np.array([[emotion.verdict for emotion in segment.emotions] for segment in self.segments])
        names = [emotion.name for emotion in self.segments[0].emotions]
        none = [segment.none_means for segment in self.segments]
        return _emotions_shown(names, verdicts == "present", verdicts == "can't tell", none)

    @property
    def over_time(self) -> bool:
        """Whether any modality has more than one step, so that attention has a course."""
        shades = (shade for s in self.segments for m in s.modalities for shade in m.shade.values())
        return any(len(shade) > 1 for shade in shades)


def sections(answers: ClipAnswers, media: Mapping[str, Media]) -> Iterator[Section]:
    """The answers file by file, or group by group where they come from a store.

    Args:
        answers: on N clips.
        media: file -> what can be played of it; empty without.
    """
    group = answers.predictions.group.tolist()
    titles = [file if file in media else str(name) for file, name in zip(answers.file, group, strict=True)]
    for title in dict.fromkeys(titles):
        rows = [n for n, other in enumerate(titles) if other == title]
        played = media.get(title)
        photo = played is not None and played.kind == "photo"
        times = np.array([(answers.start[n], answers.end[n]) for n in rows])
        known = not photo and np.isfinite(times).all()
        seconds = float(max(times[:, 1].max(), played.seconds if played else 0.0)) if known else None
        if seconds is not None:
            rows.sort(key=lambda n: answers.start[n])
        places = _axis(answers, rows, seconds)
        segments = tuple(_segment(answers, n, place, not photo) for n, place in zip(rows, places, strict=True))
        marks = tuple(ticks(seconds, max(10, len(segments) // 2))) if seconds else ()
        yield Section(played.name if played else title, segments, marks, seconds, played)


def headline(predictions: Predictions, files: int, failed: int = 0, people: int = 0) -> str:
    """The emotions in so many files, and how many more could not be used, in a sentence.

    Args:
        predictions: on all clips.
        files: that can be played.
        failed: files that could not be used.
        people: that are answered for themselves; 0 where persons are not distinguished.
    """
    what = counted(len(predictions), "segment" if files else "clip")
    if people:
        what = _people(people) + (f" in {what}" if people < len(predictions) else "")
    if files:
        each_one = files == len(predictions) and not people
        what = counted(files, "file") if each_one else f"{what} of {counted(files, 'file')}"
    silent = np.zeros_like(predictions.label) if predictions.abstained is None else predictions.abstained
    return (
        f"{what}: "
        f"{_emotions_shown(predictions.emotions, predictions.label & ~silent, silent, [predictions.shows_none(n) for n in range(len(predictions))])}."
        f"{' ' + counted(failed, 'further file') + ' could not be used.' if failed else ''}"
    )


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _emotions_shown(emotions: Sequence[str], present: Flags, unsure: Flags, none: Sequence[str]) -> str:
    """Which emotions how many clips show; both flags are [N, E], and `none` is [N] what a clip shows that shows none."""
    counts = dict(zip(emotions, present.sum(axis=0).tolist(), strict=True))
    often = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])
    if len(present) == 1:
        unnamed = ["can't tell"] if unsure.any() and not often else []
        return ", ".join([*often, *filter(None, none), *unnamed]) or "no emotion is likely enough"
    named = ", ".join([*(f"{name} in {counts[name]}" for name in often[:4]), *(["..."] if len(often) > 4 else [])])
    nothing_else = int((unsure.any(axis=1) & ~present.any(axis=1)).sum())
    doubt = f"can't tell, and nothing named, in {nothing_else}" if nothing_else else ""
    nothing = ", ".join(f"{word} in {count}" for word, count in Counter(filter(None, none)).items())
    return "; ".join(filter(None, [named, nothing, doubt])) or "no emotion is likely enough in any"


def clock(seconds: float) -> str:
    """Seconds as 1:02:03.4, as players show them, to a tenth."""
    tenths = round(10 * round(seconds, 1))  # as the table has them
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"


def _axis(answers: ClipAnswers, rows: Sequence[int], seconds: float | None) -> list[tuple[float, float]]:
    """(left, width) in per cent: by time where it is known, else those of a person one beside the other."""
    if not seconds:
        who = [answers.person[n] if answers.person else "" for n in rows]
        width = {name: 100 / many for name, many in Counter(who).items()}
        before = {name: count() for name in width}
        return [(next(before[name]) * width[name], width[name]) for name in who]
    return [(100 * answers.start[n] / seconds, 100 * (answers.end[n] - answers.start[n]) / seconds) for n in rows]


LAST_FROM = 92
"""Per cent of an axis from which the words of a mark stand before it."""

_ROOM_FOR_TWO = 13
"""Per cent that the words behind one mark and those before the next need between the marks."""


def ticks(seconds: float, most: int) -> Iterator[tuple[float, str]]:
    """At most so many marks of time: per cent of the axis, and words, which stand before the mark from `LAST_FROM` on."""
    step = next((s for s in (1, 2, 5, 10, 30, 60, 300, 600, 1800) if seconds / s <= most), 3600)
    share = 100 * step / seconds
    for at in range(0, int(seconds) + 1, step):
        left = 100 * at / seconds
        meets = share < _ROOM_FOR_TWO and left - share <= LAST_FROM < left
        yield left, "" if meets else clock(at).removesuffix(".0")


def _segment(answers: ClipAnswers, n: int, place: tuple[float, float], lasts: bool) -> Segment:
    predictions = answers.predictions
    top = predictions.emotions[int(np.argmax(predictions.probability[n]))]
    timed = lasts and bool(np.isfinite([answers.start[n], answers.end[n]]).all())
    modalities = tuple(_modality(answers, n, m, top) for m in range(len(predictions.modalities)))
    errors = {modality.name: modality.error for modality in modalities if modality.error is not None}
    cost = predictions.missing_cost[n] if predictions.missing_cost else None
    missing = [modality.name for modality in modalities if not modality.presented]
    return Segment(
        number=n,
        clip=str(predictions.clip[n]),
        start=answers.start[n] if timed else None,
        end=answers.end[n] if timed else None,
        left=place[0],
        width=place[1],
        words=answers.transcript[n],
        top=top,
        emotions=tuple(_emotion(answers, n, e) for e in range(len(predictions.emotions))),
        modalities=modalities,
        rests_on=answers.rests_on(n),
        trusted=_clearly_least(errors),
        missing_cost=f"Without {listed(missing)}, {cost.sentence()}." if cost else "",
        person=answers.person[n] if answers.person else "",
        none_means=predictions.shows_none(n),
    )


def _clearly_least(errors: Mapping[str, float]) -> str:
    """The modality with the least error, where the two digits that are shown distinguish it from the next."""
    ranked = sorted(errors, key=lambda name: errors[name])
    if len(ranked) < 2 or f"{errors[ranked[0]]:.2f}" == f"{errors[ranked[1]]:.2f}":
        return ""
    return ranked[0]


def _emotion(answers: ClipAnswers, n: int, e: int) -> EmotionCell:
    predictions = answers.predictions
    silent = predictions.abstained is not None and bool(predictions.abstained[n, e])
    verdict = "can't tell" if silent else "present" if predictions.label[n, e] else "absent"
    in_set = None if predictions.label_set is None else bool(predictions.label_set[n, e])
    return EmotionCell(
        predictions.emotions[e], float(predictions.probability[n, e]), answers.thresholds[n][e],
        float(predictions.uncertainty[n, e]), verdict, in_set,
    )  # fmt: skip


def _modality(answers: ClipAnswers, n: int, m: int, top: str) -> ModalityCell:
    name = answers.predictions.modalities[m]
    if not answers.predictions.presented[n, m]:
        return ModalityCell(name, False, None, None, False, None, {})
    error = answers.predictions.evidence.get(MODALITY_ERROR)
    shares = answers.predictions.noisier_than
    share = None if shares is None or np.isnan(shares[n, m]) else float(shares[n, m])
    line = answers.attention[n]
    attention = line.attention.get(name, {})
    shade, places = {}, tuple[float, ...]()
    for emotion, weights in attention.items():
        # a feature of one step, which is the whole clip
        whole = line.step_seconds is None and max(weights) == sum(weights)
        course = [(0.0, 1.0, 1.0)] if whole else line.course(weights)
        shade[emotion] = [min(100, round(100 * dark * _EVEN)) for *_, dark in course]
        places = tuple(round(50 * (begin + end), 3) for begin, end, _ in course)
    flags = answers.predictions.unfamiliar
    unfamiliar = flags is not None and bool(flags[n, m])
    chance = None if error is None else float(error.values[n, m])
    influence = answers.influence[n].get(name, {}).get(top)
    return ModalityCell(name, True, chance, share, unfamiliar, influence, shade, places)


def gradient(shade: Sequence[int], places: Sequence[float]) -> str:
    """Opacities at some places in per cent as a CSS gradient, for a mask."""
    stops = [f"rgb(0 0 0/{value}%) {at:.4g}%" for value, at in zip(shade, places, strict=True)]
    return f"linear-gradient(to right,{','.join(stops * 2 if len(stops) == 1 else stops)})"


def _still(emotion: EmotionCell, without: float) -> str:
    """What becomes of an emotion that is present when its probability changes."""
    if emotion.verdict != "present":
        return ""
    return ", and still count as present" if without >= emotion.threshold else ", and no longer count as present"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
