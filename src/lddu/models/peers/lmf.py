"""LMF, Low-rank Multimodal Fusion (Liu et al., ACL 2018): the outer product of TFN without ever making it.

The weights of a linear map of [h_1; 1] x .. x [h_M; 1] are taken to be sums of R products of one matrix per modality, so that
logits = b + sum_{r<=R} s_r prod_m W_m^r [h_m; 1], entry by entry, with a learned s_r. Published settings: R = 4, dropout .2,
rate 1e-3, batch 32.

Often written prod_m sum_r W_m^r [h_m; 1]; taken literally that is of rank one whatever R is, so the sum stands outside here.
A missing modality is a factor of ones. Not stated; chosen here: h_m is one ReLU layer of 128 over the mean and deviation of the
steps; the product gives the logits themselves; W start Xavier-normal, with ones in the place of the constant, so that the
product starts near one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from lddu.config import ModelSettings, setting
from lddu.models.family import Answer, Family
from lddu.models.peers.blocks import PooledEncoder, seen_steps
from lddu.models.peers.published import Built, published
from lddu.models.searched import Choice, Range


@dataclass(frozen=True)
class LmfSettings(ModelSettings):
    """Sizes and dropout of LMF."""

    hidden: int = setting(128, "numbers per modality in the product", 1)
    rank: int = setting(4, "products whose sum stands for the whole tensor", 1)
    dropout: float = setting(0.2, "dropout in the modalities' networks", 0, 0.95)


class Lmf(nn.Module):
    """A vector per modality, R maps of each to the emotions, and the sum of their products.

    Args:
        dimensions: name -> features per step of each modality, in order.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: LmfSettings) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(
            PooledEncoder(dimension, settings.hidden, settings.dropout) for dimension in dimensions.values()
        )
        modalities, rank, width = len(dimensions), settings.rank, settings.hidden
        self.factors = nn.Parameter(torch.randn(modalities, rank, width, emotions) * (2 / (width + emotions)) ** 0.5)
        self.constants = nn.Parameter(torch.ones(modalities, rank, emotions))
        self.share = nn.Parameter(torch.randn(rank) / rank)
        self.bias = nn.Parameter(torch.zeros(emotions))

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> Answer:
        """Answer a batch of scaled features."""
        product_BRE = self.constants.new_ones(presence.shape[0], *self.constants.shape[1:])
        for m, (x, seen) in enumerate(seen_steps(values, mask, presence)):
            vector_BRE = torch.einsum("bh,rhe->bre", self.encoders[m](x, seen), self.factors[m]) + self.constants[m]
            product_BRE = product_BRE * torch.where(seen.any(dim=1)[:, None, None], vector_BRE, 1.0)
        return Answer(torch.einsum("bre,r->be", product_BRE, self.share) + self.bias)


LMF = Family(
    "lmf",
    Built(Lmf),
    published("lmf", LmfSettings(), learning_rate=1e-3, batch_size=32),
    searched=(
        Choice("model.hidden", (32, 64, 128)),
        Choice("model.rank", (2, 4, 8)),
        Range("model.dropout", 0.0, 0.6),
    ),
)
"""The family: Low-rank Multimodal Fusion."""
