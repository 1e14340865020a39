"""Mending one sequence where data enters: what is mended is counted, so that nothing is hidden."""

from collections.abc import Callable

import numpy as np

Count = Callable[[str, str, int], None]
"""`StoreWriter.count`: kind of repair, modality, how often."""


LARGEST = 1e18
"""The square of a larger number does not fit into a single-precision one: nothing can be computed with it."""


def repaired(values: np.ndarray, modality: str, count: Count, keep_zero_rows: bool = False) -> np.ndarray | None:
    """A sequence fit for the store, or None where the modality is missing.

    Numbers that are not finite, or beyond `LARGEST`, become 0 (``non_finite_values``). All-zero rows at both ends of a sequence longer than one step
    are padding and are cut (``padding_steps``); a sequence of nothing else is a missing modality (``all_zero_clips``).
    A sequence without numbers is missing (``empty_clips``), and so is one without a finite number
    (``non_finite_clips``). A single zero step is data.

    Args:
        values: [T, D] numbers of any float or integer type.
        modality: name under which repairs are counted.
        count: receives every repair.
        keep_zero_rows: leave zero rows as they are.
    """
    if values.dtype != np.float16:
        with np.errstate(over="ignore", invalid="ignore"):  # too large becomes infinite, which is counted below
            values = values.astype(np.float32)
    if not values.size:
        count("empty_clips", modality, 1)
        return None
    finite = np.isfinite(values) & (np.abs(values.astype(np.float32, copy=False)) <= LARGEST)
    if not finite.all():
        count("non_finite_values", modality, int((~finite).sum()))
        values = np.where(finite, values, values.dtype.type(0))
    if not finite.any():
        count("non_finite_clips", modality, 1)
        return None
    if keep_zero_rows or len(values) == 1:
        return values
    filled = np.flatnonzero(values.any(axis=1))
    if not len(filled):
        count("all_zero_clips", modality, 1)
        return None
    first, last = int(filled[0]), int(filled[-1]) + 1
    count("padding_steps", modality, len(values) - (last - first))
    return values[first:last]
