"""A cue with words and times that can be: what is odd in its times is mended from its neighbours, and counted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lddu.clips.words.captions import Caption
from lddu.clips.words.cue_text import CueText, Token
from lddu.clips.words.speaker_labels import labels
from lddu.clips.words.word import saying_time
from lddu.errors import SourceError
from lddu.store.extraction_notes import Mend

TOLERATED_OVERHANG = 2.0
"""Seconds that a cue may last beyond its clip without a note: many are left standing a little longer than the video."""

Lines = tuple[tuple[Token, ...], ...]
"""Words, line by line."""


@dataclass(frozen=True)
class Cue:
    """Words that are shown together.

    Attributes:
        start: seconds of the file.
        end: seconds of the file, not before `start`.
        lines: words, line by line.
    """

    start: float
    end: float
    lines: Lines

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The words of all lines."""
        return tuple(token for line in self.lines for token in line)

    @property
    def texts(self) -> tuple[str, ...]:
        """The words without all else."""
        return tuple(token.text for token in self.tokens)


def spoken_cues(
    captions: Sequence[Caption],
    where: str,
    duration: float,
    mends: Counter[Mend],
    *,
    ends: bool = True,
    speakers: Sequence[str] | None = None,
) -> list[Cue]:
    """The cues of a file that hold words, in order of time.

    Args:
        captions: as they are written.
        where: names the file.
        duration: seconds of the clip; what begins later is left out.
        mends: what was mended is added to it.
        ends: whether this kind of file gives ends, so that one that lacks is odd.
        speakers: of each, where the file names them beside the text.

    Raises:
        SourceError: where no time can be read, or the file belongs to another clip.
    """
    texts = [CueText(caption.lines) for caption in captions]
    lines = [text.tokens(label) for text, label in zip(texts, labels([text.lines for text in texts]), strict=True)]
    if speakers is not None:
        lines = [_spoken(words, speaker) for words, speaker in zip(lines, speakers, strict=True)]
    spoken = [(caption, words) for caption, words in zip(captions, lines, strict=True) if words]
    known = {(caption.start, caption.end, caption.lines): caption for caption, _ in reversed(spoken)}
    unique = [
        (caption, words) for caption, words in spoken
        if known[caption.start, caption.end, caption.lines] is caption or caption.start is None
    ]  # fmt: skip
    mends[Mend.TWICE] += len(spoken) - len(unique)
    mends[Mend.EMPTY] += sum(not caption.lines for caption in captions)
    _refuse_unreadable([caption for caption, _ in unique], where)
    _refuse_foreign([caption for caption, _ in unique], where, duration)
    cues = list(_mended(unique, duration, mends, ends))
    return sorted(cues, key=lambda cue: cue.start)


def _spoken(lines: Lines, speaker: str) -> Lines:
    return tuple(tuple(replace(token, speaker=token.speaker or speaker) for token in line) for line in lines)


def _refuse_unreadable(captions: Sequence[Caption], where: str) -> None:
    if captions and all(caption.start is None and caption.end is None for caption in captions):
        raise SourceError(
            f"Expected times such as 00:01:02,500 around '-->' in {captions[0].place} of {where}, but got "
            f"{captions[0].written!r}, and no other time there can be read; correct the file."
        )


def _refuse_foreign(captions: Sequence[Caption], where: str, duration: float) -> None:
    late = [
        caption for caption in captions if caption.start is not None and caption.start >= duration + TOLERATED_OVERHANG
    ]
    if 2 * len(late) > len(captions):
        end = max(late[-1].start or 0.0, late[-1].end or 0.0)
        raise foreign(f"{late[-1].place} of {where}", late[-1].written, end, duration)


def foreign(where: str, written: str, end: float, duration: float) -> SourceError:
    """The error for a transcript most of which lies beyond its clip; `written` is the text at the place it names."""
    return SourceError(
        f"Expected {where} to end within the clip's {duration:.1f} s, but {written!r} ends at {end:.1f} s, and most of the "
        "transcript lies beyond the end; it belongs to another video, or the video is cut short."
    )


def _mended(
    spoken: Sequence[tuple[Caption, Lines]], duration: float, mends: Counter[Mend], ends: bool
) -> Iterator[Cue]:
    before = Cue(0.0, 0.0, ())
    for number, (caption, lines) in enumerate(spoken, start=1):
        starts = (spoken[n][0].start for n in range(number, len(spoken)))
        after = next((start for start in starts if start is not None), duration)
        cue = _placed(caption, lines, before, after, slowly=1.0 if ends else 2.0)
        if cue is None or cue.start >= duration or cue.end < 0 or (cue.start < 0 and cue.end <= 0):
            mends[Mend.OUTSIDE if cue else Mend.ODD_LEFT_OUT] += 1
            continue
        mends[Mend.NEGATIVE] += cue.start < 0
        mends[Mend.OVERHANG] += cue.end > duration + TOLERATED_OVERHANG
        if caption.end is None and not ends:
            mends[Mend.OPEN] += 1
        elif (cue.start, cue.end) != (caption.start, caption.end):
            mends[Mend.ODD] += 1
        before = replace(cue, start=max(0.0, cue.start), end=min(cue.end, duration))
        yield before


def _placed(caption: Caption, lines: Lines, before: Cue, after: float, slowly: float) -> Cue | None:
    """The cue with its own times where these can be, else with one or both of its neighbours'; None where nothing fits.

    Args:
        caption: with its times as they are written.
        lines: its words.
        before: the cue before.
        after: seconds at which the next begins.
        slowly: how much longer than lively speech takes an unknown end may lie behind the start.
    """
    start, end = caption.start, caption.end
    if start is not None and end is not None and start < end:
        return Cue(start, end, lines)
    saying = slowly * saying_time([token.text for line in lines for token in line])
    if start is not None and before.start <= start <= after:
        return Cue(start, max(start, min(after, start + saying)), lines)
    if end is not None and before.start <= end <= after:
        return Cue(min(end, max(before.end, end - saying)), end, lines)
    if start is None and end is None:
        return Cue(before.end, max(before.end, min(after, before.end + saying)), lines)
    return None if start is None or end is not None else Cue(start, start + saying, lines)
