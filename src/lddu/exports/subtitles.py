"""SubRip and WebVTT: the emotions of each clip, to be read over the video."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lddu.exports.answered import Answered, AnsweredClip
from lddu.exports.text import one_line
from lddu.exports.timing import intervals

NOTHING = "no emotion"
"""A cue of a clip in which none is present and none in doubt, so that it differs from a stretch that was not looked at."""

_MARKUP = str.maketrans("<>{}", "‹›()")
"""SubRip has no escapes: what players take for markup is written with letters that look alike."""


def srt(answered: Answered, _: Path) -> str:
    """SubRip: numbered cues."""
    cues = [
        f"{number}\n{_clock(interval.start, ',')} --> {_clock(interval.end, ',')}\n"
        + "".join(f"{line.translate(_MARKUP)}\n" for line in _lines(interval.clip))
        for number, interval in enumerate(intervals(answered.clips), start=1)
    ]
    return "\n".join(cues)


def vtt(answered: Answered, _: Path) -> str:
    """WebVTT: each cue is named by its clip."""
    blocks = ["WEBVTT", *_notes(answered.notes)]
    for interval in intervals(answered.clips):
        name = one_line(interval.clip.clip).replace("-->", "->")
        times = f"{_clock(interval.start, '.')} --> {_clock(interval.end, '.')}"
        blocks.append("\n".join([*([name] if name else []), times, *map(_escaped, _lines(interval.clip))]))
    return "\n\n".join(blocks) + "\n"


def _notes(notes: Sequence[str]) -> list[str]:
    sentences = ["probability of each emotion", *notes]
    return [f"NOTE {one_line(note).replace('-->', '->')}" for note in sentences]


def _lines(clip: AnsweredClip) -> Iterator[str]:
    present, unsure = (
        ", ".join(f"{one_line(emotion)} {clip.probability[emotion]:.2f}" for emotion in clip.emotions(verdict))
        for verdict in ("present", "can't tell")
    )
    who = f"{one_line(clip.person)}: " if clip.person else ""
    if present or not unsure:
        yield f"{who}{present or one_line(clip.none_means) or NOTHING}"
    if unsure:
        yield f"{'' if present else who}can't tell: {unsure}"


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{point}{rest:03d}"
