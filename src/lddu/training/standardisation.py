"""Mean and standard deviation of every feature over the training steps; read once, in bounded memory."""

import numpy as np
import torch

from lddu.batch import BatchReader
from lddu.model.encoder import UnimodalEncoder
from lddu.model.lddu import LDDU

_ROWS_AT_ONCE = 256


def fit_standardisation(model: LDDU, reader: BatchReader, rows: np.ndarray) -> None:
    """Fit the model's `Standardise` modules on these clips. A constant feature keeps scale 1.

    Args:
        model: is changed in place.
        reader: of the training store.
        rows: training clips.
    """
    for encoder, (name, dimension) in zip(model.encoders, reader.dimensions.items(), strict=True):
        total, squares, steps = np.zeros(dimension), np.zeros(dimension), 0
        shift = None
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            parts = [reader.store.steps(name, row)[: reader.max_steps] for row in rows[first : first + _ROWS_AT_ONCE]]
            values = np.concatenate(parts).astype(np.float64)
            if not len(values):
                continue
            shift = values.mean(axis=0) if shift is None else shift  # keeps the sum of squares accurate
            total += (values - shift).sum(axis=0)
            squares += np.square(values - shift).sum(axis=0)
            steps += len(values)
        assert shift is not None, f"no training clip has {name}"
        deviation = np.sqrt(np.maximum(squares / steps - np.square(total / steps), 0))
        spread = np.where(deviation > 1e-6 * np.maximum(1, np.abs(shift)), deviation, 1.0)
        assert isinstance(encoder, UnimodalEncoder)
        encoder.standardise.fit(torch.from_numpy(shift + total / steps), torch.from_numpy(spread))
