"""Sound in stretches that overlap their neighbours, so that a file of any length needs the same memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from lddu.clips.media import SAMPLE_RATE

STEP_SECONDS = 0.05
"""Length of a voice step, whatever measures the voice."""

STEP_SAMPLES = round(STEP_SECONDS * SAMPLE_RATE)


@dataclass(frozen=True)
class Stretching:
    """How sound is cut.

    Attributes:
        steps: voice steps per stretch.
        left: samples of its surroundings before it.
        right: samples after it.
    """

    steps: int
    left: int
    right: int

    def stretches(self, blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, int]]:
        """Samples [left + steps + right] of each stretch, silence beyond the ends, and its number of steps.

        Args:
            blocks: mono samples at 16 kHz, end to end. A last step of less than half its length is left out.
        """
        length = self.steps * STEP_SAMPLES
        waiting = np.zeros(self.left, np.float32)
        for block in blocks:
            waiting = np.concatenate([waiting, block])
            while len(waiting) >= self.left + length + self.right:
                yield waiting[: self.left + length + self.right], self.steps
                waiting = waiting[length:]
        steps = round((len(waiting) - self.left) / STEP_SAMPLES)
        while steps > 0:
            now = min(steps, self.steps)
            whole = self.left + now * STEP_SAMPLES + self.right
            yield np.pad(waiting[:whole], (0, max(0, whole - len(waiting)))), now
            waiting, steps = waiting[now * STEP_SAMPLES :], steps - now
