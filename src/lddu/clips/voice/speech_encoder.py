"""Voice as the states of a speech encoder of the Hugging Face hub, averaged to 20 steps a second.

wav2vec 2.0, HuBERT, WavLM, data2vec, Whisper and their like: whatever gives a sequence of states of 16 kHz sound. Sound
is encoded in stretches of 20 seconds with two seconds of their surroundings on both sides.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lddu.clips.media import SAMPLE_RATE
from lddu.clips.steps import Steps
from lddu.clips.voice.stretches import STEP_SECONDS, Stretching
from lddu.clips.words import pretrained
from lddu.clips.words.pretrained import LAST
from lddu.errors import ConfigError, parameter

_SURROUNDINGS = 2 * SAMPLE_RATE
_STRETCHING = Stretching(400, _SURROUNDINGS, _SURROUNDINGS)  # 24 s with both sides: Whisper takes 30 at most


class SpeechEncoder:
    """States of a speech encoder.

    Args:
        model: a folder, or a name on the hub such as ``facebook/wav2vec2-base``.
        layer: after which layer of its encoder, from 1, or `LAST`.

    Raises:
        ConfigError: where transformers is missing, or the model cannot be loaded, is no encoder of 16 kHz sound or has no
            such layer.
    """

    def __init__(self, model: str, layer: int = LAST) -> None:
        self.name = model
        self._prepare, whole = pretrained.load(
            model,
            "speech encoder",
            "the built-in measures",
            lambda hub: (hub.AutoFeatureExtractor.from_pretrained(model), hub.AutoModel.from_pretrained(model)),
        )
        rate = getattr(self._prepare, "sampling_rate", None)
        if rate != SAMPLE_RATE:
            raise ConfigError(
                f"Expected the speech encoder {model!r} to take sound at {SAMPLE_RATE} Hz, but it "
                f"{'takes no sound' if rate is None else f'takes {rate} Hz'}; choose another."
            )
        self._model = whole.get_encoder() if whole.config.is_encoder_decoder else whole
        some = self._prepared(np.zeros(SAMPLE_RATE, np.float32))
        self._layers = pretrained.resolved_layers([layer], self._model, some, parameter("voice_layer"))

    each_clip_alone = True
    """Attention sees all of a window: beyond the clip it would see the neighbours, and other sound at training than at use."""

    @property
    def dimension(self) -> int:
        """Numbers per step."""
        return int(self._model.config.hidden_size)

    def specification(self) -> dict[str, Any]:
        """All that a voice feature depends on; kept in the store so that features made otherwise are refused."""
        weights = pretrained.fingerprint(self._model.state_dict())
        named = pretrained.specification(self.name, weights, self._layers)
        return {
            "voice": "transformers",
            "version": 2,
            **named,
            "step_rate": round(1 / STEP_SECONDS),
            "scope": "clip",
        }

    def steps(self, blocks: Iterable[np.ndarray]) -> Steps:
        """Encode the whole stream.

        Args:
            blocks: mono samples at 16 kHz, end to end, from time 0.
        """
        values = [self._encoded(samples, steps) for samples, steps in _STRETCHING.stretches(blocks)]
        return Steps.evenly(values, self.dimension, STEP_SECONDS)

    def _encoded(self, samples: np.ndarray, steps: int) -> np.ndarray:
        states = pretrained.states(self._model, self._layers, self._prepared(samples))
        seen = getattr(self._prepare, "n_samples", len(samples))  # Whisper pads to 30 s and encodes the padding too
        centre = (np.arange(len(states)) + 0.5) / len(states) * seen / SAMPLE_RATE
        return _averaged(states, centre - _SURROUNDINGS / SAMPLE_RATE, steps)

    def _prepared(self, samples: np.ndarray) -> Mapping[str, Any]:
        prepared: Mapping[str, Any] = self._prepare(samples, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        return prepared


def _averaged(states: np.ndarray, centre: np.ndarray, steps: int) -> np.ndarray:
    """[steps, D] means of the states whose centre lies in each step; where an encoder is slower, the nearest state.

    Args:
        states: [T, D].
        centre: [T] seconds from the begin of the first step, ascending.
        steps: how many.
    """
    edges = np.arange(steps + 1) * STEP_SECONDS
    first = np.searchsorted(centre, edges - 1e-9)
    count = np.diff(first)
    sums = np.vstack([np.zeros((1, states.shape[1])), np.cumsum(states, axis=0, dtype=np.float64)])
    means = (sums[first[1:]] - sums[first[:-1]]) / np.maximum(count, 1)[:, None]
    middle = edges[:-1] + STEP_SECONDS / 2
    nearest = np.abs(centre[None] - middle[:, None]).argmin(axis=1)
    return np.where(count[:, None] > 0, means, states[nearest]).astype(np.float32)
