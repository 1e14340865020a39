"""What a face shows, as a small network reads it: shares of eight expressions and an embedding, from 48 x 48 grey photos.

Residual convolutions with channel attention, trained on the votes of FER+ by ``benchmarks/train_expression.py``. Each
photo is brought to its own mean and deviation first, so that lighting and contrast do not matter.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lddu.errors import SourceError

EXPRESSIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
SIDE = 48
EMBEDDING = 192
WEIGHTS = Path(__file__).with_name("expression.safetensors")
"""The trained weights, kernels in 8 bits; docs/expression_card.md says what they were trained on and how well they do."""

_WIDTHS = (24, 48, 64, 128, EMBEDDING)
_STEP = ".step"  # behind a kernel's name: what one of its 8-bit numbers stands for, for each channel that comes out
_LEAST_DEVIATION = 1.0  # of 255: an even grey picture stays even instead of turning into noise


class Expression(NamedTuple):
    """What was read from each photo."""

    shares: Float[Tensor, "photos 8"]
    """Expected share of raters' votes, in the order of ``EXPRESSIONS``; sums to 1."""
    embedding: Float[Tensor, "photos embedding"]
    """What the shares are a linear function of, before the softmax."""


def standardise(photos: Shaped[Tensor, "photos height width"]) -> Float[Tensor, "photos 1 height width"]:
    """Photos with grey levels 0 to 255, of any type, each brought to mean 0 and deviation 1."""
    levels = photos.to(torch.float32).unsqueeze(1)
    deviation, mean = torch.std_mean(levels, dim=(1, 2, 3), keepdim=True)
    return ((levels - mean) / deviation.clamp(min=_LEAST_DEVIATION)).contiguous(memory_format=torch.channels_last)


class ExpressionNetwork(nn.Module):
    """Logits of the eight expressions and the embedding that they are a linear function of.

    Args:
        dropout: share of the embedding that training hides from the last layer.
    """

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        edges, first, fine, middle, coarse = _WIDTHS
        self.stem = nn.Sequential(_normalised(1, edges), nn.ReLU(), _normalised(edges, first, stride=2))
        self.blocks = nn.Sequential(
            _Residual(first, fine),
            nn.MaxPool2d(2),
            _Residual(fine, middle),
            _Residual(middle, middle),
            nn.MaxPool2d(2),
            _Residual(middle, coarse),
            _Residual(coarse, coarse),
        )
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(coarse, len(EXPRESSIONS))
        _order_for_speed(self)

    def forward(
        self, pictures: Float[Tensor, "photos 1 height width"]
    ) -> tuple[Float[Tensor, "photos 8"], Float[Tensor, "photos embedding"]]:
        """Logits and embedding of standardised photos; any size of at least 16 x 16."""
        embedding = self.blocks(F.relu(self.stem(pictures))).mean((2, 3))
        return self.last(self.dropout(embedding)), embedding

    @torch.inference_mode()
    def read(self, photos: Shaped[Tensor, "photos height width"], mirrored: bool = True) -> Expression:
        """What photos with grey levels 0 to 255 show.

        Args:
            photos: any type; 48 x 48 is what the network was trained on.
            mirrored: average with what their mirror images show: better, and twice the work.
        """
        pictures = standardise(photos)
        logits, embedding = self(pictures)
        shares = logits.float().softmax(1)
        if mirrored:
            logits, other = self(pictures.flip(3))
            shares, embedding = (shares + logits.float().softmax(1)) / 2, (embedding + other) / 2
        return Expression(shares, embedding.float())


def packed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as they are kept: kernels in 8 bits with a step for each channel that comes out, all other numbers in float16."""
    kept: dict[str, Tensor] = {}
    for name, value in state.items():
        if value.ndim == 4:
            step = (value.flatten(1).abs().amax(1) / 127).clamp(min=torch.finfo(torch.float32).tiny)
            kept[name], kept[name + _STEP] = (value / step[:, None, None, None]).round().to(torch.int8), step.float()
        else:
            kept[name] = value.half() if value.is_floating_point() else value
    return {name: value.contiguous() for name, value in kept.items()}


def unpacked(kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights for the network from what `packed` made of them; others as they are."""
    steps = {name.removesuffix(_STEP): step for name, step in kept.items() if name.endswith(_STEP)}
    return {
        name: value.float() * steps[name][:, None, None, None] if name in steps else value
        for name, value in kept.items()
        if not name.endswith(_STEP)
    }


def load_expression_network(weights: Path = WEIGHTS) -> ExpressionNetwork:
    """The network ready for use: float32 whatever the file holds, normalisation folded into the convolutions.

    Raises:
        SourceError: where the file is absent or damaged, or holds other weights.
    """
    network = ExpressionNetwork()
    try:
        state = unpacked(load_file(weights))
        sound = all(bool(tensor.isfinite().all()) for tensor in state.values())
        if sound:
            network.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError):
        sound = False
    if not sound:
        raise SourceError(
            f"Expected the weights of the expression network in {weights}, but the file is absent, damaged or holds "
            "others; install lddu again."
        )
    network.eval().requires_grad_(False)
    for part in network.modules():
        if isinstance(part, _Normalised):
            part.fold()
    _order_for_speed(network)
    return network


def _order_for_speed(network: nn.Module) -> None:
    """Kernels with their channels last: with one channel coming in, this decides the order of all that follows."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class _Normalised(nn.Module):
    """A convolution, then normalisation over the batch."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        self.normalisation: nn.Module = nn.BatchNorm2d(convolution.out_channels)

    def forward(self, x: Float[Tensor, "photos channels height width"]) -> Tensor:
        out: Tensor = self.normalisation(self.convolution(x))
        return out

    def fold(self) -> None:
        """Let the convolution do both; for use alone, after training."""
        if isinstance(self.normalisation, nn.BatchNorm2d):
            self.convolution = fuse_conv_bn_eval(self.convolution, self.normalisation)
            self.normalisation = nn.Identity()


def _normalised(inputs: int, outputs: int, side: int = 3, stride: int = 1) -> _Normalised:
    return _Normalised(nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False))


class _Attention(nn.Module):
    """Each channel times a factor in 0 to 1 that depends on the means of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels, channels // 4)
        self.wide = nn.Linear(channels // 4, channels)

    def forward(self, x: Float[Tensor, "photos channels height width"]) -> Tensor:
        factors = torch.sigmoid(self.wide(F.relu(self.narrow(x.mean((2, 3))))))
        return x * factors[:, :, None, None]


class _Residual(nn.Module):
    """Two convolutions and channel attention, added to what came in."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = _normalised(inputs, outputs)
        self.second = _normalised(outputs, outputs)
        self.attention = _Attention(outputs)
        self.carried = nn.Identity() if inputs == outputs else _normalised(inputs, outputs, side=1)

    def forward(self, x: Float[Tensor, "photos channels height width"]) -> Tensor:
        found = self.attention(self.second(F.relu(self.first(x))))
        return F.relu(found + self.carried(x))
