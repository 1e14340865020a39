"""The sound of a file -> that of each of its clips, read once and forwards."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

Reach = tuple[int, int]
"""First sample, and the first one after the last."""


def clip_sounds(blocks: Iterable[np.ndarray], reaches: Sequence[Reach]) -> Iterator[Iterator[np.ndarray]]:
    """The sound of each clip as blocks, to be consumed in the order in which they come.

    Samples are kept only as long as a later clip, which overlaps, needs them: a file of any length needs no more memory than
    the longest stretch that clips share.

    Args:
        blocks: mono samples, end to end.
        reaches: of the clips, ascending; a clip may reach beyond the end of the sound.
    """
    sound = _Forwards(blocks)
    for number, reach in enumerate(reaches):
        needed = reaches[number + 1][0] if number + 1 < len(reaches) else reach[1]
        clip = sound.between(reach, needed)
        yield clip
        for _ in clip:  # what was not consumed is passed over, so that the next one finds its place
            pass


class _Forwards:
    """A stream of samples with those that are still needed; the first kept block begins at sample `_begin`."""

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self._blocks = iter(blocks)
        self._kept: list[np.ndarray] = []
        self._begin = 0

    def between(self, reach: Reach, needed: int) -> Iterator[np.ndarray]:
        """The samples of a stretch; those from `needed` on are kept for the next one."""
        begin, number = self._begin, 0
        while begin < reach[1]:
            if number == len(self._kept):
                block = next(self._blocks, None)
                if block is None:
                    return
                self._kept.append(block)
            block = self._kept[number]
            part = block[max(0, reach[0] - begin) : reach[1] - begin]
            begin, number = begin + len(block), number + 1
            if begin <= needed:
                del self._kept[0]
                self._begin, number = begin, 0
            if len(part):
                yield part
