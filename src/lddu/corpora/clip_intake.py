"""The last step of every corpus importer: sequences are mended, capped and counted, clips are written once."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.repair import repaired
from lddu.errors import SourceError, parameter
from lddu.store.clip_table import ClipRow
from lddu.store.writer import StoreWriter


class ClipIntake:
    """Hands clips to a writer.

    Args:
        writer: of the new store.
        options: of the import; `max-steps` among its extras caps sequences.
        total: clips to come, for progress.
        caps: modality -> steps to keep, where the user names none.
    """

    def __init__(
        self, writer: StoreWriter, options: ImportOptions, total: int, caps: Mapping[str, int] | None = None
    ) -> None:
        self.writer = writer
        self._options, self._total = options, total
        self._caps = {**(caps or {}), **max_steps(options)}
        self._done = 0
        self._seen: set[str] = set()
        self._in_train: Counter[str] = Counter()
        self._modalities: set[str] = set()

    def add(self, row: ClipRow, features: Mapping[str, np.ndarray | None], parallel: bool = False) -> None:
        """Write one clip.

        Args:
            row: its line of the table; a clip whose id came before is left out and counted (``duplicate_clips``).
            features: modality -> [T, D], or None where it is missing; steps beyond the cap are cut and counted
                (``steps_beyond_max``).
            parallel: steps of all modalities belong together, so that zero rows are kept where they are.
        """
        self._done += 1
        self._options.report(self._done, self._total)
        if row.clip in self._seen:
            self.writer.count("duplicate_clips", "clips")
            return
        self._seen.add(row.clip)
        present: dict[str, np.ndarray] = {}
        for name, values in features.items():
            mended = None if values is None else self._mended(name, values, parallel)
            if mended is not None:
                present[name] = mended
        self.writer.add(sound_times(self.writer, row), present)
        self.writer.count("clips_without_any_modality", "clips", not present)
        self._modalities.update(present)
        if row.split == "train":
            self._in_train.update(list(present))

    def close(self) -> None:
        """Warn about modalities that training will not see."""
        for name in sorted(self._modalities - set(self._in_train)):
            self.writer.warnings.append(f"{name}: no train clip has it; training ignores it.")

    def _mended(self, name: str, values: np.ndarray, parallel: bool) -> np.ndarray | None:
        mended = repaired(values, name, self.writer.count, parallel or self._options.keep_zero_rows)
        if parallel and mended is not None and not mended.any():
            self.writer.count("all_zero_clips", name)
            return None
        cap = self._caps.get(name)
        if mended is not None and cap is not None and len(mended) > cap:
            self.writer.count("steps_beyond_max", name, len(mended) - cap)
            mended = mended[:cap]
        return mended


def max_steps(options: ImportOptions) -> dict[str, int]:
    """The caps a user names with the option ``max-steps``.

    Raises:
        SourceError: for a cap below 1.
    """
    caps = dict(options.extra.get("max-steps") or {})
    wrong = [f"{name} {cap}" for name, cap in caps.items() if int(cap) < 1]
    if wrong:
        raise SourceError(
            f"Expected {parameter('max-steps')} of at least 1 for each modality, but got {', '.join(wrong)}."
        )
    return {name: int(cap) for name, cap in caps.items()}


def named_path(options: ImportOptions, name: str) -> Path | None:
    """A path among the extras, which must exist.

    Raises:
        SourceError: where nothing is there.
    """
    given = options.extra.get(name)
    if given is None:
        return None
    if not Path(given).is_file():
        raise SourceError(f"Expected --{name} to name a file, but {given} is none; check the path.")
    return Path(given)


def sound_times(writer: StoreWriter, row: ClipRow) -> ClipRow:
    """The row, without times that are infinite or contradict each other; features are cut already."""
    start, end = _finite(writer, "start", row.start), _finite(writer, "end", row.end)
    if start is not None and end is not None and end < start:
        writer.count("ends_before_start", "end")
        start = end = None
    return replace(row, start=start, end=end)


def _finite(writer: StoreWriter, name: str, value: float | None) -> float | None:
    infinite = value is not None and math.isinf(value)
    writer.count("non_finite_values", name, infinite)
    return None if infinite else value
