"""What the expression network reads from faces: log-shares of eight expressions and its embedding, a row per face."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lddu.clips.face import crop
from lddu.clips.face.expression_network import EMBEDDING, EXPRESSIONS, WEIGHTS, load_expression_network
from lddu.clips.words import pretrained

EXPRESSION = "expression"
"""Name of the face features that hold these numbers beside the geometry."""

COLUMNS = (*(f"log_share_{name}" for name in EXPRESSIONS), *(f"embedding_{number:03d}" for number in range(EMBEDDING)))
"""Names of the numbers of a face."""

_LEAST_SHARE = 1e-4  # below it, ten raters' votes tell no difference, and a logarithm would


class ExpressionReader:
    """Reads faces with the packaged network.

    Args:
        weights: of the network.

    Raises:
        SourceError: where the weights are absent or damaged.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._network = load_expression_network(weights)
        self._digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]

    def specification(self) -> dict[str, Any]:
        """All that these numbers depend on, besides the landmarks."""
        return {"weights": self._digest, "mirrored": False, "least_share": _LEAST_SHARE, "crop": crop.specification()}

    def read(self, photos: Sequence[np.ndarray]) -> np.ndarray:
        """The numbers of faces.

        Args:
            photos: uint8 [48, 48] each, as `lddu.clips.face.crop.face_photo` makes them.

        Returns:
            float32 [photos, len(COLUMNS)].
        """
        if not photos:
            return np.zeros((0, len(COLUMNS)), np.float32)
        with pretrained.steady():
            found = self._network.read(torch.from_numpy(np.stack(photos)), mirrored=False)
            values = torch.cat([found.shares.clamp(min=_LEAST_SHARE).log(), found.embedding], dim=1)
        return np.asarray(values.numpy(), np.float32)
