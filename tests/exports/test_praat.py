"""TextGrids, read back by praatio and by pympi: tiers without gaps from 0 to the end, labels of verdict and probability."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pympi
from hypothesis import given
from praatio import textgrid as praatio_textgrid

from lddu.exports.answered import Answered, AnsweredClip
from lddu.exports.praat import textgrid
from lddu.exports.text import one_line
from lddu.exports.timing import lines
from tests.exports.made_up import answered, talk

Tiers = list[tuple[str, list[tuple[int, int, str]]]]
"""Name, and start and end in milliseconds with the label."""


def by_praatio(written: str) -> Tiers:
    with tempfile.NamedTemporaryFile("w", suffix=".TextGrid", encoding="utf-8") as stream:
        stream.write(written)
        stream.flush()
        found = praatio_textgrid.openTextgrid(stream.name, includeEmptyIntervals=True, duplicateNamesMode="error")
    return [(tier.name, [(_ms(e.start), _ms(e.end), e.label) for e in tier.entries]) for tier in found.tiers]


def by_pympi(written: str) -> Tiers:
    with tempfile.NamedTemporaryFile("w", suffix=".TextGrid", encoding="utf-8") as stream:
        stream.write(written)
        stream.flush()
        found = pympi.Praat.TextGrid(stream.name)
    return [(tier.name, [(_ms(a), _ms(b), text) for a, b, text in tier.get_intervals()]) for tier in found.tiers]


def _ms(seconds: float) -> int:
    return round(float(seconds) * 1000)


def labelled(tiers: Tiers) -> Tiers:
    return [(name, [entry for entry in entries if entry[2]]) for name, entries in tiers]


def test_a_textgrid_covers_the_recording() -> None:
    found = replace(talk("hello", "", 'she said "no"'), length=lambda _: 7.25)
    assert by_praatio(textgrid(found, Path())) == [
        ("clip", [(0, 2000, "talk#000"), (2000, 4000, "talk#001"), (4000, 6000, "talk#002"), (6000, 7250, "")]),
        ("words", [(0, 2000, "hello"), (2000, 4000, ""), (4000, 6000, 'she said "no"'), (6000, 7250, "")]),
        (
            "joy",
            [
                (0, 2000, "present 0.750"),
                (2000, 4000, "absent 0.750"),
                (4000, 6000, "can't tell 0.750"),
                (6000, 7250, ""),
            ],
        ),
        (
            "fear",
            [(0, 2000, "absent 0.125"), (2000, 4000, "absent 0.125"), (4000, 6000, "absent 0.125"), (6000, 7250, "")],
        ),
    ]


@given(answered())
def test_praatio_reads_what_was_told(found: Answered) -> None:
    read = by_praatio(textgrid(found, Path()))
    assert labelled(read) == told(found)
    for _, entries in read:
        assert entries[0][0] == 0 and entries[-1][1] == max(one.end for line in lines(found.clips) for one in line)
        assert all(before[1] == after[0] for before, after in pairwise(entries))
        assert all(start < end for start, end, _ in entries)


@given(answered())
def test_pympi_reads_what_was_told(found: Answered) -> None:
    assert labelled(by_pympi(textgrid(found, Path()))) == told(found)


def told(found: Answered) -> Tiers:
    """Tiers with labels, made anew from the clips."""
    labels: list[tuple[str, Callable[[AnsweredClip], str]]] = [
        ("clip", lambda clip: clip.clip),
        ("words", lambda clip: one_line(clip.words)),
    ]
    labels += [(one_line(e), lambda clip, e=e: f"{clip.verdict[e]} {clip.probability[e]:.3f}") for e in found.emotions]  # type: ignore[misc]
    tiers: Tiers = []
    taken = set[str]()
    for name, label in labels:
        for number, line in enumerate(lines(found.clips)):
            entries = [(one.start, one.end, label(one.clip)) for one in line if label(one.clip)]
            if entries or number == 0:
                names = [name, *(f"{name} {k}" for k in range(2, 99))]
                free = next(one for one in names if one not in taken)
                taken.add(free)
                tiers.append((free, entries))
    return tiers
