"""Praat (.TextGrid): interval tiers that cover the recording from 0 to its end; where no clip is, labels are empty."""

from collections.abc import Iterator
from pathlib import Path

from lddu.exports.answered import Answered, AnsweredClip
from lddu.exports.tiers import Tier, tiers_of
from lddu.exports.timing import seconds_of


def textgrid(answered: Answered, _: Path) -> str:
    """The tiers ``clip``, ``words``, and one per emotion with labels such as ``present 0.812``."""
    tiers = tiers_of(answered, _label)
    every = (*tiers.clips, *tiers.words, *tiers.emotions)
    last = max(interval.end for tier in tiers.clips for interval, _ in tier.entries)
    end = max(last, round(answered.length(answered.clips[0].file) * 1000))
    head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {seconds_of(end)}"]
    body = [line for number, tier in enumerate(every, start=1) for line in _tier(tier, number, end)]
    return "\n".join([*head, "tiers? <exists>", f"size = {len(every)}", "item []:", *body]) + "\n"


def _label(clip: AnsweredClip, emotion: str) -> str:
    return f"{clip.verdict[emotion]} {clip.probability[emotion]:.3f}"


def _tier(tier: Tier, number: int, end: int) -> list[str]:
    filled = list(_gapless(tier, end))
    lines = [
        f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {_quoted(tier.name)}",
        "        xmin = 0", f"        xmax = {seconds_of(end)}", f"        intervals: size = {len(filled)}",
    ]  # fmt: skip
    for n, (left, right, text) in enumerate(filled, start=1):
        lines += [
            f"        intervals [{n}]:", f"            xmin = {seconds_of(left)}", f"            xmax = {seconds_of(right)}",
            f"            text = {_quoted(text)}",
        ]  # fmt: skip
    return lines


def _gapless(tier: Tier, end: int) -> Iterator[tuple[int, int, str]]:
    """Milliseconds and label of every interval, with empty ones between."""
    reached = 0
    for interval, text in tier.entries:
        if interval.start > reached:
            yield reached, interval.start, ""
        yield interval.start, interval.end, text
        reached = interval.end
    if end > reached:
        yield reached, end, ""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
