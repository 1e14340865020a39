"""How a long file is cut into clips: by sentences of its transcript, by silence, or by a fixed window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from lddu.clips.steps import Steps
from lddu.clips.voice.measured import COLUMNS, loudest_voice, silent
from lddu.clips.voice.stretches import STEP_SECONDS
from lddu.clips.voice.trim import BELOW
from lddu.clips.words.transcript import Transcript
from lddu.clips.words.word import Word

Cut = Literal["auto", "whole", "sentences", "silence", "window", "gapless"]
"""Ways to cut; auto: whole up to the longest clip, else by sentences where words have times, else by silence where
there is sound, else by a window; gapless: like auto, and what lies between is clips too, so that every second is in one."""

_SENTENCE_END = (".", "!", "?", "。", "！", "？", "…")
_NO_END = frozenset({"dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "gen.", "sen.", "rev.", "vs.", "e.g.", "i.e."})
_PAUSE = 0.8  # seconds between words after which a sentence is taken to have ended
_SHORTEST = 1.0  # seconds; a shorter stretch joins its neighbour
_BREATH = 0.1  # seconds left around words and speech
_QUIET = 0.4  # seconds of quiet that part two stretches of speech
_ABOVE_NOISE = 10.0  # dB over the quietest tenth of the file from which a step counts as speech
_NEVER_SPEECH = -55.0  # dB of full scale


@dataclass(frozen=True)
class Span:
    """A stretch of a file in seconds."""

    start: float
    end: float


def segments(
    cut: Cut, duration: float, longest: float, transcript: Transcript, voice: Steps, relative: bool = False
) -> list[Span]:
    """Cut a file.

    Args:
        cut: how.
        duration: seconds of the file.
        longest: seconds that no clip exceeds (`whole` excepted).
        transcript: may be empty.
        voice: voice steps; may be empty.
        relative: whether a soft recording is cut as a loud one; else what is softer than -55 dB of full scale is never speech.

    Returns:
        Spans in order, at least one where the file has any length.
    """
    if cut == "gapless":
        return _gapless(segments("auto", duration, longest, transcript, voice, relative), longest, duration)
    if cut == "auto":
        cut = _automatic(duration, longest, transcript, voice)
    if cut == "whole":
        return [Span(0.0, duration)]
    if cut == "sentences" and transcript.timed and transcript.words:
        spans = list(_sentences(transcript.words, longest, duration))
    elif cut in ("sentences", "silence") and len(voice) and not silent(voice).all():
        spans = list(_speech(voice, longest, duration, relative))
    else:
        spans = list(_windows(0.0, duration, longest))
    return spans or list(_windows(0.0, duration, longest))


def _automatic(duration: float, longest: float, transcript: Transcript, voice: Steps) -> Cut:
    if duration <= longest:
        return "whole"
    if transcript.timed and transcript.words:
        return "sentences"
    return "silence" if len(voice) and not silent(voice).all() else "window"


def _windows(start: float, end: float, longest: float) -> Iterator[Span]:
    """Equal windows, none longer than `longest`."""
    count = max(1, int(np.ceil((end - start) / longest - 1e-9)))
    edges = np.linspace(start, end, count + 1)
    for left, right in pairwise(edges):
        yield Span(float(left), float(right))


def _sentences(words: Sequence[Word], longest: float, duration: float) -> Iterator[Span]:
    groups = [part for sentence in _ended(words) for part in _at_pauses(sentence, longest)]
    joined: list[list[Word]] = []
    for group in _untangled(groups, longest):
        if joined and _joins(joined[-1], group, longest):
            joined[-1].extend(group)
        else:
            joined.append(list(group))
    yield from _apart(list(_one_after_another(joined)), longest, duration)


def _begin(words: Sequence[Word]) -> float:
    return min(word.start for word in words)


def _finish(words: Sequence[Word]) -> float:
    return max(word.end for word in words)


def _untangled(groups: Sequence[Sequence[Word]], longest: float) -> Iterator[Sequence[Word]]:
    """Groups in order of time; what people say at the same time is in one, or, where that is too long, cut at its pauses."""
    tangled: list[list[Word]] = []
    for group in sorted(groups, key=_begin):
        if tangled and max((word.start + word.end) / 2 for word in tangled[-1]) > _begin(group):
            tangled[-1].extend(group)
        else:
            tangled.append(list(group))
    for group in tangled:
        if len(group) > 1 and _finish(group) - _begin(group) > longest:
            yield from _at_pauses(sorted(group, key=lambda word: word.start), longest)
        else:
            yield group


def _joins(before: Sequence[Word], group: Sequence[Word], longest: float) -> bool:
    """Whether a stretch that is too short by itself takes the next one in; never that of another speaker."""
    short, pause = _finish(before) - _begin(before) < _SHORTEST, _begin(group) - _finish(before)
    fits = max(_finish(before), _finish(group)) - _begin(before) <= longest
    return short and pause < _PAUSE and fits and before[-1].speaker == group[0].speaker


def _one_after_another(groups: Sequence[Sequence[Word]]) -> Iterator[Span]:
    """A span for every group, which ends where the next begins at the latest."""
    until = 0.0
    for number, group in enumerate(groups):
        after = _begin(groups[number + 1]) if number + 1 < len(groups) else float("inf")
        span = Span(max(until, _begin(group)), max(until, min(_finish(group), after)))
        until = span.end
        yield span


def _ended(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Sentences: they end at full stops, at long pauses, and where somebody else speaks."""
    sentence, until = list[Word](), 0.0
    for word in words:
        if sentence and (word.start - until > _PAUSE or word.speaker != sentence[-1].speaker):
            yield sentence
            sentence = []
        until = max(until, word.end) if sentence else word.end
        sentence.append(word)
        if _ends_sentence(word.text.strip("\"'()«»“”‘’")):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _ends_sentence(word: str) -> bool:
    """Whether a sentence ends here; the full stop of a title or of an initial (J. Smith) ends none."""
    if word.lower() in _NO_END or (len(word) == 2 and word[0].isupper() and word != "I." and word[1] == "."):
        return False
    return word.endswith(_SENTENCE_END)


def _at_pauses(sentence: Sequence[Word], longest: float) -> Iterator[Sequence[Word]]:
    """The sentence, cut at its longest pauses until no part is too long."""
    if len(sentence) < 2 or _finish(sentence) - _begin(sentence) <= longest:
        yield sentence
        return
    middle = (_begin(sentence) + _finish(sentence)) / 2
    # of equal pauses, as between words of one cue, the one nearest to the middle
    cut = max(
        range(1, len(sentence)),
        key=lambda i: (round(sentence[i].start - sentence[i - 1].end, 2), -abs(sentence[i].start - middle)),
    )
    yield from _at_pauses(sentence[:cut], longest)
    yield from _at_pauses(sentence[cut:], longest)


def _speech(voice: Steps, longest: float, duration: float, relative: bool) -> Iterator[Span]:
    loudness, voiced = (voice.values[:, COLUMNS.index(name)] for name in ("loudness_db", "voiced"))
    recorded = loudness[~silent(voice)]
    floor = float(np.quantile(recorded, 0.1))
    ceiling = max(float(np.quantile(recorded if relative else loudness, 0.95)), loudest_voice(loudness, voiced))
    never = ceiling - BELOW if relative else _NEVER_SPEECH
    threshold = max(never, min(floor + _ABOVE_NOISE, (floor + ceiling) / 2))
    runs = list(_runs(loudness >= threshold, round(_QUIET / STEP_SECONDS)))
    spans = []
    for first, last in runs:
        for left, right in _at_quiet(loudness, first, last, int(longest / STEP_SECONDS + 1e-6)):
            spans.append(Span(left * STEP_SECONDS, right * STEP_SECONDS))
    spans = [span for span in spans if span.end - span.start >= _SHORTEST / 2] or spans
    yield from _apart(spans, longest, duration)


def _runs(loud: np.ndarray, bridge: int) -> Iterator[tuple[int, int]]:
    """Runs [first, last) of loud steps; quiet of fewer than `bridge` steps does not part them."""
    at = np.flatnonzero(loud)
    if not len(at):
        return
    breaks = np.flatnonzero(np.diff(at) > bridge)
    for first, last in zip(np.r_[0, breaks + 1], np.r_[breaks, len(at) - 1], strict=True):
        yield int(at[first]), int(at[last]) + 1


def _at_quiet(loudness: np.ndarray, first: int, last: int, longest: int) -> Iterator[tuple[int, int]]:
    """The run, cut at the quietest step of each stretch's later half until no part is too long."""
    while last - first > longest:
        begin = first + longest // 2
        cut = begin + int(np.argmin(loudness[begin : first + longest]))
        yield first, cut
        first = cut
    yield first, last


def _apart(spans: Sequence[Span], longest: float, duration: float) -> Iterator[Span]:
    """A breath around every span, where it overlaps no neighbour, leaves the file, or gets too long."""
    for i, span in enumerate(spans):
        left = spans[i - 1].end if i else 0.0
        right = spans[i + 1].start if i + 1 < len(spans) else duration
        room = max(0.0, min(_BREATH, (longest - (span.end - span.start)) / 2))
        start = max(span.start - room, min(span.start, (left + span.start) / 2 if i else 0.0))
        end = min(span.end + room, max(span.end, (span.end + right) / 2 if i + 1 < len(spans) else duration), duration)
        if end > start:
            yield Span(float(start), float(end))


def _gapless(spans: Sequence[Span], longest: float, duration: float) -> list[Span]:
    """The spans with all that lies before, between and after them.

    What is shorter than the shortest clip goes to a neighbour that has room for it; anything else is cut into windows.
    """
    filled: list[Span] = []
    for span in [*spans, Span(duration, duration)]:
        reached, start = filled[-1].end if filled else 0.0, span.start
        if start - reached >= _SHORTEST:
            filled += _windows(reached, start, longest)
        elif reached < span.end <= reached + longest and span.end > start:
            start = reached
        elif start > reached and filled and start - filled[-1].start <= longest:
            filled[-1] = Span(filled[-1].start, start)
        elif start > reached:
            filled += _windows(reached, start, longest)
        start = max(start, reached)
        if span.end > start:
            filled.append(Span(start, span.end))
    return filled
