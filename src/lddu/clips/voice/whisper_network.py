"""The encoder of Whisper (Radford et al. 2022) in torch, float32, with the states after every layer.

Only what the encoder needs: two convolutions, which halve 100 frames a second to 50 states, learnt positions, and layers of
self-attention that normalise before each part. Names of weights are those of CTranslate2's files.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lddu.clips.voice.ctranslate2_file import Weights
from lddu.clips.voice.spectrum import mel_bank
from lddu.errors import SourceError

HOP = 160
"""Samples from one frame of the log-mel spectrum to the next: 10 ms at 16 kHz."""

SAMPLES_PER_STATE = 2 * HOP
"""The second convolution keeps every other frame."""

_WINDOW = 400
_DYNAMIC_RANGE = 8.0
_LAYER = re.compile(r"encoder/layer_(\d+)/")


class WhisperNetwork:
    """Log-mel spectrum, convolutions and layers.

    Args:
        arrays: weights by CTranslate2's names; only those of ``encoder/`` are used.
        place: where they come from, for messages.

    Raises:
        SourceError: where a weight is missing or has other sizes than a Whisper encoder's.
    """

    def __init__(self, arrays: Mapping[str, Weights], place: object) -> None:
        import torch

        self._place = place
        self._weights = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}
        layers = {int(match[1]) for name in arrays if (match := _LAYER.match(name))}
        self.depth = max(layers, default=-1) + 1
        self.bands = self._sized("encoder/conv1/weight", 3)[1]
        self.width = self._sized("encoder/conv1/weight", 3)[0]
        self.longest = self._sized("encoder/position_encodings/encodings", 2)[0]
        self.heads = round(float(self._weights.get("encoder/num_heads", torch.zeros(()))))
        self._check()
        self._bank = torch.from_numpy(mel_bank(16000, _WINDOW, self.bands))  # Slaney's scale and norm, as Whisper's
        self._taper = torch.hann_window(_WINDOW)

    def log_mel(self, samples: np.ndarray) -> Any:
        """Whisper's own front end without its padding to 30 s.

        Frames are centred, the sound is mirrored at its ends, power goes into mel bands and is floored at 1e-10; its
        logarithm to base 10 is floored at 8 below its highest value in this window, and becomes ``(x + 4) / 4``.

        Args:
            samples: [N] at 16 kHz, N from 320.

        Returns:
            [bands, N // 160] tensor.
        """
        import torch

        sound = torch.from_numpy(np.ascontiguousarray(samples, np.float32))
        spectrum = torch.stft(
            sound, _WINDOW, HOP, window=self._taper, center=True, pad_mode="reflect", return_complex=True
        )
        power = self._bank @ spectrum[:, :-1].abs().square()
        logarithm = power.clamp(min=1e-10).log10()
        return (logarithm.maximum(logarithm.max() - _DYNAMIC_RANGE) + 4) / 4

    def states(self, log_mel: Any, layers: int) -> list[Any]:
        """The states after each of the first layers.

        Args:
            log_mel: [bands, T], T at most twice the positions.
            layers: how many, from 1 to `depth`.

        Returns:
            Per layer [ceil(T / 2), width]; the last layer's are before the final norm: see `normed`.
        """
        from torch.nn import functional as F

        x = F.gelu(F.conv1d(log_mel, *self._pair("encoder/conv1"), padding=1))
        x = F.gelu(F.conv1d(x, *self._pair("encoder/conv2"), stride=2, padding=1)).T
        x = x + self._weights["encoder/position_encodings/encodings"][: len(x)]
        after_layer = []
        for layer in range(layers):
            x = x + self._attention(x, f"encoder/layer_{layer}/self_attention")
            x = x + self._feed_forward(x, f"encoder/layer_{layer}/ffn")
            after_layer.append(x)
        return after_layer

    def normed(self, states: Any) -> Any:
        """The last layer's states after the final norm: what Whisper's decoder is given."""
        return self._norm(states, "encoder/layer_norm")

    def _attention(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        projected = self._linear(self._norm(x, f"{name}/layer_norm"), f"{name}/linear_0")
        query, key, value = projected.view(len(x), 3, self.heads, -1).permute(1, 2, 0, 3)
        attended = F.scaled_dot_product_attention(query[None], key[None], value[None])[0]
        return self._linear(attended.transpose(0, 1).reshape(x.shape), f"{name}/linear_1")

    def _feed_forward(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        hidden = F.gelu(self._linear(self._norm(x, f"{name}/layer_norm"), f"{name}/linear_0"))
        return self._linear(hidden, f"{name}/linear_1")

    def _linear(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        return F.linear(x, *self._pair(name))

    def _norm(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        return F.layer_norm(x, (self.width,), self._weights[f"{name}/gamma"], self._weights[f"{name}/beta"])

    def _pair(self, name: str) -> tuple[Any, Any]:
        return self._weights[f"{name}/weight"], self._weights[f"{name}/bias"]

    def _sized(self, name: str, rank: int) -> Sequence[int]:
        weight = self._weights.get(name)
        if weight is None or weight.ndim != rank:
            raise self._fault(name, None if weight is None else list(weight.shape), f"{rank} dimensions")
        return tuple(weight.shape)

    def _check(self) -> None:
        """Every weight has the sizes that it must have, so that nothing fails later."""
        width, wide = self.width, self._sized("encoder/layer_0/ffn/linear_0/weight", 2)[0]
        expected: dict[str, tuple[int, ...]] = {
            "encoder/conv1/weight": (width, self.bands, 3), "encoder/conv1/bias": (width,),
            "encoder/conv2/weight": (width, width, 3), "encoder/conv2/bias": (width,),
            "encoder/position_encodings/encodings": (self.longest, width),
            "encoder/layer_norm/gamma": (width,), "encoder/layer_norm/beta": (width,),
        }  # fmt: skip
        for layer in range(self.depth):
            attention, ffn = f"encoder/layer_{layer}/self_attention", f"encoder/layer_{layer}/ffn"
            for part in (attention, ffn):
                expected |= {f"{part}/layer_norm/gamma": (width,), f"{part}/layer_norm/beta": (width,)}
            for name, rows, columns in (
                (f"{attention}/linear_0", 3 * width, width), (f"{attention}/linear_1", width, width),
                (f"{ffn}/linear_0", wide, width), (f"{ffn}/linear_1", width, wide),
            ):  # fmt: skip
                expected |= {f"{name}/weight": (rows, columns), f"{name}/bias": (rows,)}
        for name, shape in expected.items():
            actual = tuple(self._weights[name].shape) if name in self._weights else None
            if actual != shape:
                raise self._fault(name, None if actual is None else list(actual), f"sizes {list(shape)}")
        if self.heads < 1 or width % self.heads:
            raise self._fault("encoder/num_heads", self.heads, f"a divisor of {width}")

    def _fault(self, name: str, actual: object, expected: str) -> SourceError:
        what = "is missing" if actual is None else f"is {actual}"
        return SourceError(
            f"Expected the weights of a Whisper encoder in {self._place} with {expected} for {name!r}, but it {what}; "
            "install its package again."
        )
