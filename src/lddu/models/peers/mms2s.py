"""MMS2S, or MESGN (2020): the emotions of a clip as a sequence, which a decoder writes one by one.

h_m = Transformer encoder of a modality, then cross-modal layers whose queries look at the steps of all others. A decoder layer per
modality reads the labels so far and h_m; attention mixes the M results, one linear map scores every label that is not yet given, and a
stop token. Trained on the labels of a clip in the order of their frequency (teacher forcing), by cross-entropy. Published settings: rate 1e-3,
20 epochs, gradient norm 10, beam of 5, p of a label = the mass of the sequences that hold it. The reinforcement step is left out.

Not stated; chosen here: 256 wide, 8 heads, 2 + 2 encoder layers and one decoder layer, dropout .1, batch 64; sinusoidal positions. How
frequent a label is, is counted while training. p counts every sequence that the beam meets: those that stop, and those that it drops, with
the labels that they hold by then; so no mass is lost, and p is too low by at most what was dropped. With shares of raters as target,
each step draws whether a label is present. An unknown label is no choice. A missing modality has no decoder and is looked at by nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lddu.config import ObjectiveSettings, ResolvedConfig, setting
from lddu.machine.ranks import Ranks
from lddu.models import equations
from lddu.models.family import Family, Losses, Task
from lddu.models.peers.blocks import AttentionSettings, SelfAttention, padding, seen_steps, sinusoids, zeroed
from lddu.models.peers.label_sequences import label_odds, written
from lddu.models.peers.mult import CrossLayer
from lddu.models.peers.published import Built, published
from lddu.models.searched import Choice, Range

BEAM = 5


@dataclass(frozen=True)
class Mms2sSettings(AttentionSettings):
    """Sizes and dropout of MMS2S."""

    layers: int = setting(2, "Transformer layers of a modality", 0)
    cross_layers: int = setting(2, "layers in which a modality looks at the others", 0)
    dropout: float = setting(0.1, "dropout in the Transformers", 0, 0.95)


@dataclass(frozen=True)
class Mms2sAnswer:
    """Encoded steps, from which labels are decoded: by the loss along the true ones, otherwise by beam search.

    Attributes:
        states: [B, T, H] steps of all modalities, one after the other.
        seen: [B, M, T] which of them are steps of the modality.
        search: (states, seen) -> [B, E] log-odds.
        evidence: none.
    """

    states: Float[Tensor, "clip step hidden"]
    seen: Bool[Tensor, "clip modality step"]
    search: Callable[[Tensor, Tensor], Tensor]
    evidence: Mapping[str, Tensor | tuple[Tensor, ...]] = field(default_factory=dict)

    @cached_property
    def logit(self) -> Tensor:
        """[B, E] log-odds by beam search, which training does not ask for."""
        return self.search(self.states, self.seen)


class Mms2s(nn.Module):
    """Cross-modal encoders, a decoder per modality, and beam search.

    Args:
        dimensions: name -> features per step of each modality, in order.
        emotions: E.
        settings: sizes and dropout.
    """

    def __init__(self, dimensions: Mapping[str, int], emotions: int, settings: Mms2sSettings) -> None:
        super().__init__()
        width, heads, dropout = settings.hidden, settings.heads, settings.dropout
        self.emotions = emotions
        self.projections = nn.ModuleList(nn.Linear(dimension, width) for dimension in dimensions.values())
        self.encoders = nn.ModuleList(SelfAttention(width, heads, width, settings.layers, dropout) for _ in dimensions)
        crossings = settings.cross_layers if len(dimensions) > 1 else 0
        self.crossings = nn.ModuleList(
            nn.ModuleList(CrossLayer(width, heads, dropout) for _ in range(crossings)) for _ in dimensions
        )
        self.labels = nn.Embedding(emotions + 1, width)  # the last is the start
        self.decoders = nn.ModuleList(
            nn.TransformerDecoderLayer(width, heads, width, dropout, activation="gelu", batch_first=True)
            for _ in dimensions
        )
        self.mixing = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1, bias=False))
        self.output = nn.Linear(width, emotions + 1)  # the last is the stop

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], presence: Bool[Tensor, "clip modality"]
    ) -> Mms2sAnswer:
        """Encode a batch of scaled features."""
        parts = seen_steps(values, mask, presence)
        seen = [real for _, real in parts]
        states = [self._encoded(m, *part) for m, part in enumerate(parts)]
        crossed = [self._crossed(m, states, seen) for m in range(len(parts))]
        owner = torch.cat([torch.full_like(real[0], m, dtype=torch.long) for m, real in enumerate(seen)])
        belongs = owner == torch.arange(len(parts), device=owner.device)[:, None]
        return Mms2sAnswer(torch.cat(crossed, dim=1), torch.cat(seen, dim=1)[:, None] & belongs, self.search)

    def _encoded(self, m: int, values: Tensor, seen: Tensor) -> Tensor:
        states = self.projections[m](values)
        states = states + sinusoids(states.shape[1], states.shape[2], states.device)
        return self.encoders[m](zeroed(states, seen), seen)  # type: ignore[no-any-return]

    def _crossed(self, m: int, states: Sequence[Tensor], seen: Sequence[Tensor]) -> Tensor:
        crossed, layers = states[m], self.crossings[m]
        assert isinstance(layers, nn.ModuleList)
        for layer in layers:  # none where there is one modality
            crossed = layer(
                crossed, *(torch.cat([*tensors[:m], *tensors[m + 1 :]], dim=1) for tensors in (states, seen))
            )
        return crossed

    def decode(
        self, states: Tensor, seen: Tensor, tokens: Int[Tensor, "clip beam place"]
    ) -> Float[Tensor, "clip beam place token"]:
        """Logits of the next label or the stop (the last token) after every place; -inf for labels already given.

        Args:
            states: as in `Mms2sAnswer`.
            seen: likewise.
            tokens: labels so far, the start (E) first; several beams look at the same clip.
        """
        _, beams, places = tokens.shape
        embedded = (self.labels(tokens) + sinusoids(places, states.shape[2], states.device)).flatten(1, 2)
        n = torch.arange(beams * places, device=states.device)
        hidden = (n > n[:, None]) | (n // places != n[:, None] // places)
        read = [
            decoder(embedded, states, tgt_mask=hidden, memory_key_padding_mask=padding(seen[:, m]))
            for m, decoder in enumerate(self.decoders)
        ]
        views = torch.stack(read, dim=2)
        absent = padding(seen.any(dim=2))[:, None, :, None]
        share = self.mixing(views).masked_fill(absent, -torch.inf).softmax(dim=2)
        logit = self.output((share * views).sum(dim=2)).unflatten(1, (beams, places))
        given = F.one_hot(tokens, self.emotions + 1).cumsum(dim=2).bool()
        given[..., -1] = False
        return logit.masked_fill(given, -torch.inf)  # type: ignore[no-any-return]

    @torch.no_grad()
    def search(self, states: Tensor, seen: Tensor) -> Float[Tensor, "clip emotion"]:
        """Log-odds of each label, by beam search."""
        start = torch.full((len(states), 1, 1), self.emotions, device=states.device)
        return label_odds(
            lambda tokens: self.decode(states, seen, tokens)[:, :, -1].log_softmax(dim=-1), start, self.emotions, BEAM
        )


class SequenceObjective(nn.Module):
    """Cross-entropy of the present labels of a clip, most frequent first, and the stop after them.

    Args:
        settings: of the objective.
        task: emotions, and from which share they are present.
        ranks: draw alike.
    """

    count: Tensor

    def __init__(self, settings: ObjectiveSettings, task: Task, ranks: Ranks) -> None:
        super().__init__()
        self.settings, self.present_at, self.ranks = settings, task.present_at, ranks
        self.register_buffer("count", torch.zeros(len(task.emotions)))

    def forward(self, network: Mms2s, answer: Mms2sAnswer, shares: Tensor, noise: Tensor) -> Losses:
        """The loss of a batch, from shares [B, E], NaN where unknown; `noise` is not read."""
        target, known = equations.training_target(shares, self.present_at, self.settings.target)
        present = known & (self.ranks.agreed(torch.rand_like(target)) < target)
        self.count += present.sum(dim=0)
        following, counted = written(present, self.count.argsort(descending=True, stable=True))
        counted &= known.any(dim=1, keepdim=True)
        tokens = torch.cat([torch.full_like(following[:, :1], network.emotions), following[:, :-1]], dim=1)
        logit = network.decode(answer.states, answer.seen, tokens[:, None])[:, 0]
        choice = F.pad(known, (0, 1), value=True)[:, None]
        log_share = logit.masked_fill(~choice, -torch.inf).log_softmax(dim=2).gather(2, following[..., None]).squeeze(2)
        loss = -log_share.masked_fill(~counted, 0.0).sum() / counted[:, 0].sum().clamp(min=1)
        return Losses(loss, {"sequence": loss})


def _objective(config: ResolvedConfig, task: Task, ranks: Ranks) -> nn.Module:
    return SequenceObjective(config.objective, task, ranks)


MMS2S = Family(
    "mms2s",
    Built(Mms2s),
    published("mms2s", Mms2sSettings(), learning_rate=1e-3, epochs=20, gradient_norm=10.0),
    _objective,
    searched=(Choice("model.hidden", (64, 128, 256)), Choice("model.layers", (1, 2)), Range("model.dropout", 0.0, 0.5)),
)
"""The family: MMS2S."""
