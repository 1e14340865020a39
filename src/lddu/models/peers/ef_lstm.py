"""EF-LSTM, early fusion: the features of all modalities side by side, step by step, through one LSTM.

x_t = [x_t^1; ..; x_t^M] on the clock of the first modality, h = LSTM(x), logits = MLP(h at the last valid step). Published
settings: two layers of 256 units, dropout .4, rate 5e-3, weight decay 1e-4, batch 128.

Not stated; chosen here: resampling is linear interpolation between steps; a clip without the first modality runs on the clock of
the first one that it has; a missing modality is zeros, the mean of its standardised features, and a flag beside the features
says so; the MLP has one hidden layer of the LSTM's width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lddu.config import ModelSettings, setting
from lddu.models.family import Answer, Family
from lddu.models.peers.blocks import seen_steps, to_the_front
from lddu.models.peers.published import Built, published
from lddu.models.searched import Choice, Range


@dataclass(frozen=True)
class EfLstmSettings(ModelSettings):
    """Sizes and dropout of EF-LSTM."""

    hidden: int = setting(256, "units of each LSTM layer", 1)
    layers: int = setting(2, "LSTM layers", 1)
    dropout: float = setting(0.4, "dropout between the LSTM layers and in the output network", 0, 0.95)


def resampled(
    steps: Float[Tensor, "clip step width"], count: Int[Tensor, " clip"], length: Int[Tensor, " clip"], longest: int
) -> Float[Tensor, "clip time width"]:
    """Sequences of `count` steps as sequences of `length` steps, by linear interpolation; the same where the two agree.

    Args:
        steps: [B, T, D]; the first `count` of each clip are real.
        count: steps that each clip has; 0 gives zeros.
        length: steps that each clip gets.
        longest: padded length of the result; zeros after `length`.
    """
    time = torch.arange(longest, device=steps.device)
    place = (time + 0.5) * (count / length.clamp(min=1))[:, None] - 0.5
    last = (count - 1).clamp(min=0)[:, None]
    place = torch.minimum(place.clamp(min=0), last.to(place.dtype))
    low = place.floor().long()
    high = torch.minimum(low + 1, last)

    def at(index: Tensor) -> Tensor:
        return steps.gather(1, index[..., None].expand(-1, -1, steps.shape[2]))

    mixed = torch.lerp(at(low), at(high), (place - low)[..., None].to(steps.dtype))
    real = (time < length[:, None]) & (count > 0)[:, None]
    return torch.where(real[..., None], mixed, 0.0)


class EfLstm(nn.Module):
    """One LSTM over the features of all modalities.

    Args:
        dimensions: name -> features per step of each modality, in order.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: EfLstmSettings) -> None:
        super().__init__()
        between = settings.dropout if settings.layers > 1 else 0.0
        inputs = sum(dimensions.values()) + len(dimensions)
        self.lstm = nn.LSTM(inputs, settings.hidden, settings.layers, batch_first=True, dropout=between)
        self.output = nn.Sequential(
            nn.Linear(settings.hidden, settings.hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.hidden, emotions),
        )

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> Answer:
        """Answer a batch of scaled features."""
        parts = [to_the_front(x, seen) for x, seen in seen_steps(values, mask, presence)]
        counts = torch.stack([count for _, count in parts], dim=1)
        first = (counts > 0).int().argmax(dim=1, keepdim=True)
        clock = counts.gather(1, first).squeeze(1)
        longest = max(1, *(x.shape[1] for x in values))
        columns = [resampled(x, count, clock, longest) for x, count in parts]
        there = (counts > 0)[:, None, :].to(values[0].dtype).expand(-1, longest, -1)
        states, _ = self.lstm(torch.cat([*columns, there], dim=2))
        last = (clock - 1).clamp(min=0)
        return Answer(self.output(states[torch.arange(len(last), device=last.device), last]))


EF_LSTM = Family(
    "ef-lstm",
    Built(EfLstm),
    published("ef-lstm", EfLstmSettings(), learning_rate=5e-3, weight_decay=1e-4, batch_size=128),
    searched=(Choice("model.hidden", (64, 128, 256)), Range("model.dropout", 0.0, 0.6)),
)
"""The family: early fusion with an LSTM."""
