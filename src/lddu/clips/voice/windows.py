"""Sound in windows that overlap and are never padded, so that a file of any length needs the same memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Window:
    """A stretch of sound, and which of its steps are kept.

    Attributes:
        samples: [N].
        first: the first step that is kept, counted from the window's begin.
        count: how many are kept.
    """

    samples: np.ndarray
    first: int
    count: int


@dataclass(frozen=True)
class Windowing:
    """How sound is cut into windows.

    A sound of at most `length` steps is one window. Of a longer one every window has `length` steps and shares `overlap`
    with its neighbour; each keeps its half of what is shared. The last reaches back so far that it is as long as the
    others.

    Attributes:
        length: steps of the longest window.
        overlap: steps that neighbours share, even and less than `length`.
        step: samples of a step.
    """

    length: int
    overlap: int
    step: int

    def windows(self, blocks: Iterable[np.ndarray]) -> Iterator[Window]:
        """The windows of a whole sound; together they keep each of its steps once.

        Args:
            blocks: mono samples, end to end. A last step of less than half its length is left out.
        """
        longest, half = self.length * self.step, self.overlap // 2
        sound, begin = np.zeros(0, np.float32), 0  # from the begin of the window before; where the next begins in it
        for block in blocks:
            sound = np.concatenate([sound, block])
            while self._steps(len(sound) - begin * self.step) > self.length:
                sound = sound[begin * self.step :]
                first = half if begin else 0
                yield Window(sound[:longest], first, self.length - half - first)
                begin = self.length - self.overlap
        steps = self._steps(len(sound))
        done = self.length - half if begin else 0
        if steps > done:
            start = max(0, steps - self.length)
            yield Window(sound[start * self.step :][:longest], done - start, steps - done)

    def _steps(self, samples: int) -> int:
        return (samples + self.step // 2) // self.step
