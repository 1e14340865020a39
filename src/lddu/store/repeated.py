"""Clips of different splits with exactly the same features: what was learnt from is measured on again, under another id."""

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np

from lddu.sentences import counted

MEASURED = ("train", "valid", "test")
"""Splits that have to be of different clips."""

SAME_FEATURES = "with exactly the features of a clip of another split"


class RepeatDetector:
    """Sees a corpus clip by clip and keeps sixteen bytes of each."""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[str, str]] = {}
        self._repeats = 0
        self._such_as = ("", "")

    def see(self, clip: str, split: str, features: Mapping[str, np.ndarray]) -> None:
        """Take note of a clip.

        Args:
            clip: its id.
            split: of it; only those of `MEASURED` are compared.
            features: modality -> [T, D] of those that it has.
        """
        if split not in MEASURED or not features:
            return
        digest = blake2b(digest_size=16)
        for name, steps in sorted(features.items()):
            digest.update(f"{name} {steps.shape} ".encode())
            digest.update(np.ascontiguousarray(steps, np.float32).data)
        first, its_split = self._first.setdefault(digest.digest(), (clip, split))
        if split != its_split:
            self._repeats += 1
            self._such_as = self._such_as if self._such_as[0] else (clip, first)

    def sentences(self) -> list[str]:
        """What a reader should know; nothing where all splits are of different clips.

        Example:
            >>> detector = RepeatDetector()
            >>> detector.see("a", "train", {"audio": np.ones((1, 2))})
            >>> detector.see("b", "test", {"audio": np.ones((1, 2))})
            >>> detector.sentences()
            ['1 clip with exactly the features of a clip of another split, such as b (those of a): if they are one clip, the metrics are optimistic']
        """
        if not self._repeats:
            return []
        clip, first = self._such_as
        one = "they are one clip" if self._repeats == 1 else "such pairs are one clip"
        return [
            f"{counted(self._repeats, 'clip')} {SAME_FEATURES}, such as {clip} (those of {first}): if {one}, the metrics are optimistic"
        ]
