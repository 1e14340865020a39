"""The words of cues with times of their own: a cue's words are said one after the other before the next cue's begin.

The times of a cue say how long it is shown, not how long it is said: many stay while the next one is said. Words share their
cue's time, up to where the next cue begins, by their length, unless the cue marks their own times. Two whose names are known may
speak at once: a cue of one does not end what the other says.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from lddu.clips.words.cue import Cue
from lddu.clips.words.cue_text import Token
from lddu.clips.words.word import Word, shares
from lddu.store.extraction_notes import Mend

_TOGETHER = 0.05  # seconds; cues that begin no further apart begin at once
_COUNTED = 0.1  # seconds of overlap that is worth a note


def cue_words(cues: Sequence[Cue], mends: Counter[Mend]) -> Iterator[Word]:
    """Words in order of cues and of time, each within the time of its cue.

    Args:
        cues: in order of time.
        mends: cues that are shown while the next one begins are added to it; not where two who are known speak at once.
    """
    groups = [part for group in _together(cues) for part in _of_speakers(group)]
    for group, after in zip(groups, _nexts(groups), strict=True):
        start, last = group[0].start, max(cue.end for cue in group)
        if last > after + _COUNTED:
            mends[Mend.OVERLAP] += len(group)
        elif len(group) > 1:
            mends[Mend.OVERLAP] += len(group) - 1
        end = min(after, min(cue.end for cue in group))
        yield from _timed([token for cue in group for token in cue.tokens], start, max(start, end))


def _speaker(group: Sequence[Cue]) -> str:
    """Who says all of it; empty where that is nobody who is known, or several."""
    speakers = {token.speaker for cue in group for token in cue.tokens}
    return speakers.pop() if len(speakers) == 1 else ""


def _of_speakers(group: Sequence[Cue]) -> Iterator[Sequence[Cue]]:
    """Cues that begin at once, by who speaks; all as one where that is not known of each."""
    speakers = [_speaker([cue]) for cue in group]
    if not all(speakers):
        yield group
        return
    for speaker in dict.fromkeys(speakers):
        yield [cue for cue, other in zip(group, speakers, strict=True) if other == speaker]


def _nexts(groups: Sequence[Sequence[Cue]]) -> list[float]:
    """When what may be said next by the speaker of each group begins: others who are known may speak at the same time."""
    next_of, nexts, anyone = dict[str, float](), list[float](), float("inf")
    for group in reversed(groups):
        speaker, never = _speaker(group), float("inf")
        nexts.append(min(next_of.get(speaker, never), next_of.get("", never)) if speaker else anyone)
        next_of[speaker] = anyone = group[0].start
    return nexts[::-1]


def _together(cues: Sequence[Cue]) -> Iterator[list[Cue]]:
    """Cues that begin at once."""
    group: list[Cue] = []
    for cue in cues:
        if group and cue.start > group[0].start + _TOGETHER:
            yield group
            group = []
        group.append(cue)
    if group:
        yield group


def _timed(tokens: Sequence[Token], start: float, end: float) -> Iterator[Word]:
    """Words within [start, end]; a word with a time of its own begins there, those behind it share what is left."""
    groups, begins = list[list[Token]](), list[float]()
    for token in tokens:
        timed = token.start is not None and start <= token.start < end and (not begins or token.start > begins[-1])
        if timed or not groups:
            groups.append([])
            begins.append(token.start if timed and token.start is not None else start)
        groups[-1].append(token)
    for group, begin, finish in zip(groups, begins, [*begins[1:], end], strict=True):
        last = group[0].end if len(group) == 1 and group[0].end is not None else finish
        times = shares([token.text for token in group], begin, min(finish, max(begin, last)))
        for token, (first, until) in zip(group, times, strict=True):
            yield Word(token.text, first, until, token.speaker)
