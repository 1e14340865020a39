"""Cues that show words again: captions that roll up or grow, karaoke, flashes. What is really said again stays.

That two cues hold the same words proves nothing: people repeat themselves. A file shows words again where its cues follow on
one another without a pause and
- most of them begin with the words that the one before ended with (captions that roll up, or grow word by word; whole lines
  that most cues begin with again, above new ones, prove it across a pause too), or
- their words are the same, and another of them is marked each time (karaoke), or
- one is too short to be spoken (YouTube shows each line again for 10 ms).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from lddu.clips.words.cue import Cue
from lddu.clips.words.cue_text import Token
from lddu.store.extraction_notes import Mend

_PAUSE = 0.1  # seconds; captions that roll up leave no more between them: two pictures of a film
_LINES_PAUSE = 3.0  # seconds between cues that show whole lines again
_FLASH = 0.05  # seconds, of a cue of several words
_WORD_FLASH = 0.015  # seconds, of one word, which recognisers make 20 ms long
_FASTEST = 40.0  # letters per second, beyond all speech
_MOST = 0.5  # share of the cues that roll in a file that rolls
_LEAST = 3  # words that roll in it
_LONGEST = 100  # words; no caption shows more again


def said_once(cues: Sequence[Cue], mends: Counter[Mend]) -> list[Cue]:
    """The cues, in order of time, without the words that they only show again; those cues are added to what was mended."""
    runs = _runs(cues)
    karaoke = any(map(_is_karaoke, runs))
    once = [cue for run in runs for cue in _merged(run, karaoke)]
    mends[Mend.SHOWN_AGAIN] += len(cues) - len(once)
    return list(_unrolled(once, mends)) if _rolls(once) and not karaoke else once


def _follows(before: Cue, cue: Cue) -> bool:
    return cue.start <= before.end + _PAUSE


def _runs(cues: Sequence[Cue]) -> list[list[Cue]]:
    """Cues of the same words that follow on one another."""
    runs: list[list[Cue]] = []
    for cue in cues:
        if runs and _follows(runs[-1][-1], cue) and runs[-1][-1].texts == cue.texts:
            runs[-1].append(cue)
        else:
            runs.append([cue])
    return runs


def _merged(run: Sequence[Cue], karaoke: bool) -> Iterator[Cue]:
    """One cue for each time that the words of a run are said."""
    if len(run) == 1:
        yield from run
    elif _is_karaoke(run) or (karaoke and 0 < sum(map(bool, _marked(run))) < len(run)):
        yield from (_sung(part) for part in _times_sung(run))
    elif _too_fast(run):
        yield replace(run[0], end=max(cue.end for cue in run))
    else:
        yield from run


def _too_fast(run: Sequence[Cue]) -> bool:
    """Whether one of the cues is over before its words can be said, so that all of them show the same saying."""
    shortest, texts = min(cue.end - cue.start for cue in run), run[0].texts
    letters = sum(map(len, texts)) + len(texts) - 1
    if len(texts) == 1:
        return 0 < shortest <= _WORD_FLASH
    return shortest <= _FLASH or (len(texts) > 2 and letters > _FASTEST * shortest)


def _marked(run: Sequence[Cue]) -> list[frozenset[int]]:
    """Per cue the numbers of the words in another style than the rest: plain, or that of the word which is marked last."""
    plain = any(not token.style for cue in run for token in cue.tokens) or len(run[0].texts) == 1
    usual = () if plain else run[0].tokens[-1].style
    return [frozenset(n for n, token in enumerate(cue.tokens) if token.style != usual) for cue in run]


def _is_karaoke(run: Sequence[Cue]) -> bool:
    """Whether several cues mark another part of their words each."""
    parts = {part for part in _marked(run) if part}
    return len(parts) > 1 and any(len(part) < len(run[0].texts) for part in parts)


@dataclass(frozen=True)
class _Focus:
    """The words of a cue that are said while it is shown; none in a pause between words."""

    cue: Cue
    words: frozenset[int]


def _times_sung(run: Sequence[Cue]) -> Iterator[list[_Focus]]:
    """The cues of each time that the words are said: the next time begins where the marked word goes back."""
    part, reached, before = list[_Focus](), -1, frozenset[int]()
    for cue, marked in zip(run, _marked(run), strict=True):
        new = marked - before if before and before < marked else marked
        back = bool(new) and (max(new) < reached or (max(new) == reached and len(cue.texts) == 1))
        if back:
            yield part
            part = []
        if marked:
            reached, before = max(new), marked
        part.append(_Focus(cue, new))
    yield part


def _sung(part: Sequence[_Focus]) -> Cue:
    """One cue whose words have the times at which they are marked."""
    first = part[0].cue
    start, end = dict[int, float](), dict[int, float]()
    for focus in part:
        for number in focus.words:
            start.setdefault(number, focus.cue.start)
            end[number] = focus.cue.end
    timed = iter(
        replace(token, start=start.get(number), end=end.get(number)) for number, token in enumerate(first.tokens)
    )
    lines = tuple(tuple(next(timed) for _ in line) for line in first.lines)
    return Cue(first.start, max(focus.cue.end for focus in part), lines)


def _shared(before: Cue, cue: Cue) -> int:
    """How many words at the end of a cue are those at the beginning of the next; whole lines, where these fit."""
    for lines in range(min(len(before.lines), len(cue.lines)), 0, -1):
        first = [_texts(line) for line in cue.lines[:lines]]
        if [_texts(line) for line in before.lines[-lines:]] == first:
            return sum(map(len, first))
    old, new = before.texts, cue.texts
    return next((k for k in range(min(len(old), len(new), _LONGEST), 0, -1) if old[-k:] == new[:k]), 0)


def _shows_lines_again(before: Cue, cue: Cue) -> bool:
    """Whether the last lines of a cue are the first of the next, after a pause, and others stand below them."""
    most = min(len(before.lines), len(cue.lines) - 1)
    return 0 <= cue.start - before.end <= _LINES_PAUSE and any(
        [_texts(line) for line in before.lines[-count:]] == [_texts(line) for line in cue.lines[:count]]
        for count in range(1, most + 1)
    )


def _texts(line: Sequence[Token]) -> tuple[str, ...]:
    return tuple(token.text for token in line)


def _rolls(cues: Sequence[Cue]) -> bool:
    """Whether the words of this file roll up, or grow."""
    pairs = list(pairwise(cues))
    paused = any(_shows_lines_again(before, cue) for before, cue in pairs if not _follows(before, cue))
    following = [
        (before, cue) for before, cue in pairs
        if _follows(before, cue) or (paused and cue.start <= before.end + _LINES_PAUSE)
    ]  # fmt: skip
    shared = [_shared(before, cue) for before, cue in following]
    new = [words for words, (_, cue) in zip(shared, following, strict=True) if words < len(cue.texts) or _flashes(cue)]
    rolled = [words for words in new if words]
    return bool(rolled) and len(rolled) >= _MOST * len(new) and sum(rolled) >= _LEAST


def _flashes(cue: Cue) -> bool:
    return 0 < cue.end - cue.start <= _WORD_FLASH


def _unrolled(cues: Sequence[Cue], mends: Counter[Mend]) -> Iterator[Cue]:
    before: Cue | None = None
    for cue in cues:
        again = before is not None and (_follows(before, cue) or _shows_lines_again(before, cue))
        old = _shared(before, cue) if before and again else 0
        before = cue
        mends[Mend.SHOWN_AGAIN] += old > 0
        if cue.tokens[old:]:
            yield replace(cue, lines=(cue.tokens[old:],))
