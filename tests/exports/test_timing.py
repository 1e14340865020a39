"""Times in whole milliseconds: no interval is empty, none overlaps on its line, none is moved by more than one."""

from itertools import pairwise

from hypothesis import given

from lddu.exports.answered import Answered
from lddu.exports.timing import intervals, lines
from tests.exports.made_up import answered, talk


@given(answered())
def test_lines_hold_every_clip_once_in_order_and_apart(found: Answered) -> None:
    every = lines(found.clips)
    assert sorted(id(one.clip) for line in every for one in line) == sorted(map(id, found.clips))
    for line in every:
        assert all(before.end <= after.start for before, after in pairwise(line))
    for one in (one for line in every for one in line):
        assert 0 <= one.start < one.end
        assert abs(one.start / 1000 - one.clip.start) <= 0.001 + 1e-9
        assert abs(one.end / 1000 - one.clip.end) <= 0.001 + 1e-9


def test_neighbours_that_share_an_edge_are_on_one_line_however_it_is_rounded() -> None:
    found = talk(*"abcdefgh")
    edges = [n * 1.00050001 for n in range(9)]
    shifted = [
        type(clip)(**{**vars(clip), "start": left, "end": right + 1e-12})
        for clip, (left, right) in zip(found.clips, pairwise(edges), strict=True)
    ]
    assert len(lines(shifted)) == 1


def test_clips_that_overlap_are_on_two_lines_and_keep_their_times() -> None:
    one, two, _ = talk("a", "b", "c").clips
    two = type(two)(**{**vars(two), "start": 1.0})
    assert [[(i.start, i.end) for i in line] for line in lines([two, one])] == [[(0, 2000)], [(1000, 4000)]]
    assert [i.start for i in intervals([two, one])] == [0, 1000]
