"""Answered clips as hypothesis draws them: odd texts, and times that touch, overlap, or are the same."""

from typing import Any

from hypothesis import strategies as st

from lddu.exports.answered import Answered, AnsweredClip, Verdict
from lddu.exports.text import one_line

VERDICTS: tuple[Verdict, ...] = ("present", "absent", "can't tell")
ODD = [
    "--> ",
    "<b>joy</b>",
    "&amp;",
    '"quoted"',
    "{\\an8}",
    "a,b;c\td",
    "=1+1",
    "line\nbreak\r\n",
    "Ärger 怒り",
    "]]>",
    "\x00\x0b\ufffe",
]
"""Texts that some format has a meaning for."""

TEXTS = st.lists(st.sampled_from(ODD) | st.text(max_size=8), max_size=3).map("".join)
NAMES = TEXTS.filter(one_line)
PLACES = st.tuples(
    st.floats(0, 20_000) | st.integers(0, 40).map(lambda n: n / 2),
    st.sampled_from([0.0, 1e-4, 0.001, 0.5, 2.0, 7.3333]),
)


@st.composite
def clips(draw: st.DrawFn, emotions: list[str], file: str = "talk.mp4", least: int = 1) -> list[AnsweredClip]:
    """Some clips of a file, in any order."""
    places = draw(st.lists(PLACES, min_size=least, max_size=6))
    chances, verdicts = st.floats(0, 1), st.sampled_from(VERDICTS)
    return [
        AnsweredClip(
            f"talk#{n}", file, start, start + seconds, draw(TEXTS), draw(TEXTS),
            {emotion: draw(chances) for emotion in emotions}, {emotion: draw(verdicts) for emotion in emotions},
        )
        for n, (start, seconds) in enumerate(places)
    ]  # fmt: skip


@st.composite
def answered(draw: st.DrawFn, file: str = "talk.mp4", least: int = 1) -> Answered:
    """Answers on some clips of a file, for one to four emotions of any name."""
    emotions = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=lambda name: one_line(name).casefold()))
    return with_table(tuple(emotions), draw(clips(emotions, file, least)))


def with_table(emotions: tuple[str, ...], found: list[AnsweredClip]) -> Answered:
    """The clips with the columns and the JSON that a run would give."""
    columns: dict[str, list[Any]] = {
        "file": [clip.file for clip in found],
        "start": [clip.start for clip in found],
        "end": [clip.end for clip in found],
        "transcript": [clip.words for clip in found],
        "clip": [clip.clip for clip in found],
        "noise": [None if n % 2 else n / 3 for n in range(len(found))],
    }
    for emotion in emotions:
        columns[f"probability_{emotion}"] = [clip.probability[emotion] for clip in found]
        columns[f"label_{emotion}"] = [clip.verdict[emotion] == "present" for clip in found]
        columns[f"present_{emotion}"] = [None] * len(found)
    records = [
        {
            "clip": clip.clip,
            "start": clip.start,
            "end": clip.end,
            "transcript": clip.words,
            "probability": clip.probability,
            "emotions": [e for e in emotions if clip.verdict[e] == "present"],
            "cannot_tell": [e for e in emotions if clip.verdict[e] == "can't tell"],
        }
        for clip in found
    ]
    return Answered(emotions, found, columns, ("probability", "label", "present"), records, ["made up <&> --> here"])


def talk(*words: str, file: str = "talk.mp4") -> Answered:
    """Clips of two seconds, one after another: joy, nothing, in doubt, joy, ..."""
    verdicts: tuple[Verdict, ...] = ("present", "absent", "can't tell")
    return with_table(("joy", "fear"), [
        AnsweredClip(
            f"talk#{n:03d}", file, 2.0 * n, 2.0 * n + 2, text, "", {"joy": 0.75, "fear": 0.125},
            {"joy": verdicts[n % 3], "fear": "absent"},
        )
        for n, text in enumerate(words)
    ])  # fmt: skip
