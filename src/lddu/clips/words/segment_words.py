"""Segments of a speech recogniser -> words: each with its own times, or, without any, in a place of its own beside others.

Words of a segment stay together, also where somebody else speaks at the same time.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from lddu.clips.words.captions import Caption
from lddu.clips.words.cue import TOLERATED_OVERHANG, foreign, spoken_cues
from lddu.clips.words.cue_text import IN_BRACKETS
from lddu.clips.words.cue_words import cue_words
from lddu.clips.words.recogniser_items import Item
from lddu.clips.words.recognisers import Segment
from lddu.clips.words.word import Word, saying_time, shares
from lddu.store.extraction_notes import Mend

_SOUND = re.compile(IN_BRACKETS + r"|[♪♫]+")
_ROOM = 0.02  # seconds that a word takes at least


def segment_words(segments: Sequence[Segment], where: str, duration: float, mends: Counter[Mend]) -> list[Word]:
    """The words of all segments, in order of the segments' times.

    Args:
        segments: as they are written.
        where: names the file.
        duration: seconds of the clip.
        mends: what was mended is added to it.

    Raises:
        SourceError: where most of it lies beyond the clip.
    """
    _refuse_foreign(segments, where, duration)
    words: list[Word] = []
    ordered = sorted(segments, key=lambda segment: _begin(segment) or 0.0)
    for timed, run in groupby(ordered, key=lambda segment: bool(segment.words)):
        if timed:
            for segment in run:
                words += _within(_own_times(segment, duration, mends), duration, mends)
        else:
            words += _shared(list(run), where, duration, mends)
    return words


def _begin(segment: Segment) -> float | None:
    starts = [item.start for item in (*segment.words, segment.whole) if item.start is not None]
    return min(starts, default=None)


def _refuse_foreign(segments: Sequence[Segment], where: str, duration: float) -> None:
    items = [(segment, item) for segment in segments for item in segment.words or (segment.whole,)]
    late = [(s, item) for s, item in items if item.start is not None and item.start >= duration + TOLERATED_OVERHANG]
    if 2 * len(late) > len(items):
        segment, item = late[-1]
        end = max(item.start or 0.0, item.end or 0.0)
        raise foreign(f"{segment.place} of {where}", item.text.strip(), end, duration)


def _shared(segments: Sequence[Segment], where: str, duration: float, mends: Counter[Mend]) -> Iterator[Word]:
    """Words of segments that have times as a whole: as those of cues."""
    captions = [
        Caption(s.place, s.whole.text.strip(), s.whole.start, s.whole.end, tuple(s.whole.text.split("\n")))
        for s in segments
    ]
    cues = spoken_cues(captions, where, duration, mends, speakers=[segment.whole.speaker for segment in segments])
    return cue_words(cues, mends)


def _own_times(segment: Segment, duration: float, mends: Counter[Mend]) -> list[Word]:
    """Words with their own times, those without between their neighbours, in order."""
    items = [_possible(item, segment.whole.speaker, mends) for item in segment.words if not _is_sound(item)]
    first, last = segment.whole.start, segment.whole.end
    begin = max(0.0, (_begin(segment) or 0.0) if first is None else first)
    words, waiting = list[Word](), list[Item]()
    for item, after in zip(items, _next_starts(items), strict=True):
        before = words[-1].end if words else begin
        if item.start is None:
            waiting.append(item)
            if item.end is not None:
                words += _between(waiting, before, item.end)
                waiting = []
            continue
        start = item.start
        end = _end(item, start, after, last) if item.end is None else item.end
        if end - start < _ROOM and after is not None and after > start:
            end = min(after, start + max(_ROOM, saying_time([item.text])))
        words += [*_between(waiting, before, start), Word(item.text.strip(), start, end, item.speaker)]
        waiting = []
    before = words[-1].end if words else begin
    words += _between(waiting, before, min(duration, last or before))
    return list(_roomy(sorted(words, key=lambda word: word.start)))


def _end(item: Item, start: float, after: float | None, last: float | None) -> float:
    """Seconds until which a word without an end lasts: up to the next one, or to the end of its segment."""
    until = last if after is None else after
    return start + saying_time([item.text]) if until is None else max(start, until)


def _is_sound(item: Item) -> bool:
    return _SOUND.fullmatch(item.text.strip()) is not None


def _next_starts(items: Sequence[Item]) -> list[float | None]:
    """Per item, when the next one whose time is known begins."""
    starts, after = list[float | None](), None
    for item in reversed(items):
        starts.append(after)
        after = after if item.start is None else item.start
    return starts[::-1]


def _possible(item: Item, speaker: str, mends: Counter[Mend]) -> Item:
    """The item without times that cannot be, with the segment's speaker where it has none."""
    item = replace(item, speaker=item.speaker or speaker)
    if item.start is not None and item.end is not None and item.end < item.start:
        mends[Mend.ODD] += 1
        return replace(item, start=None, end=None)
    mends[Mend.GUESSED] += item.start is None
    mends[Mend.OPEN] += item.start is not None and item.end is None
    return item


def _between(waiting: Sequence[Item], begin: float, end: float) -> Iterator[Word]:
    """Words without times share what lies between their neighbours, which may be nothing."""
    yield from _sharing(
        [Word(item.text.strip(), begin, begin, item.speaker) for item in waiting], begin, max(begin, end)
    )


def _sharing(words: Sequence[Word], start: float, end: float) -> Iterator[Word]:
    """The words, sharing a time by their length."""
    for word, (begin, finish) in zip(words, shares([word.text for word in words], start, end), strict=True):
        yield replace(word, start=begin, end=finish)


def _roomy(words: Sequence[Word]) -> Iterator[Word]:
    """Words of which none has no length, so that each lies in the same clip as its neighbours.

    A word without room shares the time of those before it, at the beginning that of those after it.
    """
    groups: list[list[Word]] = []
    for word in words:
        groups.append([word])
        while len(groups) > 1 and _lacks_room(groups[-1]):
            last = groups.pop()
            groups[-1] += last
    while len(groups) > 1 and _lacks_room(groups[0]):
        groups[:2] = [groups[0] + groups[1]]
    for group in groups:
        begin, end = group[0].start, max(word.end for word in group)
        if _lacks_room(group):
            end = begin + saying_time([word.text for word in group])
        if len(group) == 1 and end == group[0].end:
            yield from group
        else:
            yield from _sharing(group, begin, end)


def _lacks_room(group: Sequence[Word]) -> bool:
    return max(word.end for word in group) - group[0].start < _ROOM * len(group)


def _within(words: Sequence[Word], duration: float, mends: Counter[Mend]) -> Iterator[Word]:
    for word in words:
        if word.start >= duration or word.end < 0 or (word.start < 0 and word.end <= 0):
            mends[Mend.OUTSIDE] += 1
            continue
        mends[Mend.NEGATIVE] += word.start < 0
        mends[Mend.OVERHANG] += word.end > duration + TOLERATED_OVERHANG
        inside = word.start >= 0 and word.end <= duration
        yield word if inside else replace(word, start=max(0.0, word.start), end=min(word.end, duration))
