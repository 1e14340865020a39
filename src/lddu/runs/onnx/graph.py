"""What a run says of a batch, as one module of tensors: cutting, scaling, every network, their mean, and the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lddu.arrays import Flags
from lddu.decide.decision import FittedDecision
from lddu.models.family import Evidence
from lddu.models.network import Network
from lddu.runs.familiarity import FAR
from lddu.runs.onnx.decision import Decided, DecisionGraph, entropy
from lddu.runs.predictions import MODALITY_ERROR


@dataclass(frozen=True)
class Inferred:
    """The figures of one network, or the mean of several, in float64; as `lddu.models.networks.Inference` has them.

    Attributes:
        probability: [B, E] before recalibration.
        entropy: [B, E] in nats, of each network's own.
        distance: [B, M].
        evidence: name -> [B, axes of the evidence].
    """

    probability: Tensor
    entropy: Tensor
    distance: Tensor
    evidence: Mapping[str, Tensor]

    @staticmethod
    def mean_of(members: "Sequence[Inferred]") -> "Inferred":
        """The mean over several networks."""
        if len(members) == 1:
            return members[0]
        return Inferred(
            _mean([member.probability for member in members]),
            _mean([member.entropy for member in members]),
            _mean([member.distance for member in members]),
            {name: _mean([member.evidence[name] for member in members]) for name in members[0].evidence},
        )


@dataclass(frozen=True)
class Encoded:
    """A batch as one network encodes it.

    Attributes:
        network: that did.
        parts: what `Network.fuse` takes of each modality.
        distance: [B, M].
    """

    network: Network
    parts: Sequence[Any]
    distance: Tensor


class AnswerGraph(nn.Module):
    """A run from features to answers.

    Args:
        networks: its networks, whose mean answers.
        decision: of the run.
        farthest: per modality the largest distance of a validation clip, NaN where unknown; None where no distance is known.
        unlearnt: [M, E] emotions that could not be learnt from a modality alone.
        max_steps: longest sequence; the rest is cut.
    """

    farthest: Tensor | None
    unlearnt: Tensor

    def __init__(
        self,
        networks: Sequence[Network],
        decision: FittedDecision,
        farthest: Sequence[float] | None,
        unlearnt: Flags,
        max_steps: int,
    ) -> None:
        super().__init__()
        self.networks, self.decision = nn.ModuleList(networks), DecisionGraph(decision)
        self.kinds = {kind.name: kind for kind in networks[0].family.evidence if "step" not in kind.axes}
        self.max_steps = max_steps
        far = None if farthest is None else FAR * torch.tensor(farthest, dtype=torch.float64)
        self.register_buffer("farthest", far)
        self.register_buffer("unlearnt", torch.from_numpy(unlearnt.astype(np.float32)))

    def forward(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], recall: Tensor, coverage: Tensor
    ) -> tuple[Tensor, ...]:
        """The outputs, in the order of `named`."""
        return tuple(self.named(values, mask, recall, coverage).values())

    def named(
        self, values: Sequence[Tensor], mask: Sequence[Tensor], recall: Tensor, coverage: Tensor
    ) -> dict[str, Tensor]:
        """What a run says of a batch, under the names of the outputs.

        Args:
            values: per modality [B, T, D]; whatever stands at padding is not read.
            mask: per modality [B, T]; False at padding, and everywhere where the clip lacks the modality.
            recall: that the label sets promise, a scalar in float64.
            coverage: share of pairs to answer, a scalar in float64.
        """
        seen = [m[:, : self.max_steps] for m in mask]
        features = [torch.where(m[..., None], x[:, : self.max_steps], 0.0) for x, m in zip(values, seen, strict=True)]
        presence = torch.stack([m.any(dim=1) for m in seen], dim=1)
        encoded = [self._encoded(network, features, seen) for network in self.networks]
        inferred = self._inferred(encoded, presence)
        disagreement = self._disagreement(inferred)
        decided = self._decided(inferred, presence, recall, coverage)
        outputs = {field.name: getattr(decided, field.name) for field in fields(decided)}
        outputs |= self._of_modalities(inferred, presence)
        alone = [self._error_alone(encoded, presence, m, recall, coverage) for m in range(len(mask))]
        errors = torch.where(presence.sum(dim=1) > 1, torch.stack(alone), decided.uncertainty.mean(dim=1)).T
        outputs[MODALITY_ERROR] = _where_there(errors, presence)
        if disagreement is not None:
            outputs |= {"emotion_aleatoric": inferred.entropy, "emotion_epistemic": disagreement}
        only = presence & (presence.sum(dim=1, keepdim=True) == 1)
        cannot = only.float() @ self.unlearnt > 0
        if "unfamiliar" in outputs:
            cannot = cannot | outputs["unfamiliar"].any(dim=1, keepdim=True)
        outputs["cannot_tell"] = outputs["cannot_tell"] | (cannot & (coverage < 1))  # unless it is to answer everything
        return {name: output if output.dtype == torch.bool else output.float() for name, output in outputs.items()}

    def _encoded(self, network: nn.Module, values: Sequence[Tensor], mask: Sequence[Tensor]) -> Encoded:
        assert isinstance(network, Network)
        parts = [network.unimodal(m, x, seen) for m, (x, seen) in enumerate(zip(values, mask, strict=True))]
        return Encoded(network, parts, network.distance(values, mask).double())

    def _inferred(self, encoded: Sequence[Encoded], presence: Tensor) -> Inferred:
        """The mean of the networks on clips that have these of their modalities."""
        members = []
        for one in encoded:
            answer = one.network.fuse(one.parts, presence)
            probability = (1 / (1 + (-answer.logit).exp())).double()
            evidence = {name: tensor.double() for name, tensor in answer.evidence.items() if name in self.kinds}  # type: ignore[union-attr]
            members.append(Inferred(probability, entropy(probability), one.distance, evidence))
        return Inferred.mean_of(members)

    def _disagreement(self, inferred: Inferred) -> Tensor | None:
        if len(self.networks) == 1:
            return None
        return (entropy(inferred.probability) - inferred.entropy).clamp(min=0)

    def _decided(self, inferred: Inferred, presence: Tensor, recall: Tensor, coverage: Tensor) -> Decided:
        scores = {
            name: (-1 if kind.higher_is_surer else 1) * _per_emotion(kind, values, presence)
            for name, values in inferred.evidence.items()
            if "emotion" in (kind := self.kinds[name]).axes
        }
        spread = {name: scores[name] for name in scores if self.kinds[name].axes == ("emotion",)}
        disagreement = self._disagreement(inferred)
        disagreed = {} if disagreement is None else {"disagreement": disagreement}
        decided = self.decision(inferred.probability, scores | disagreed, spread, recall, coverage, presence)
        assert isinstance(decided, Decided)
        return decided

    def _error_alone(
        self, encoded: Sequence[Encoded], presence: Tensor, m: int, recall: Tensor, coverage: Tensor
    ) -> Tensor:
        """[B] as `lddu.runs.figures.errors_alone`, of modality m."""
        only = presence & (torch.arange(presence.shape[1], device=presence.device) == m)
        return self._decided(self._inferred(encoded, only), only, recall, coverage).uncertainty.mean(dim=1)

    def _of_modalities(self, inferred: Inferred, presence: Tensor) -> dict[str, Tensor]:
        """The evidence, one number per emotion or per modality, and how far each modality lies from training."""
        outputs = {"modality_distance": _where_there(inferred.distance, presence)}
        for name, values in inferred.evidence.items():
            axes = self.kinds[name].axes
            of_modalities = values.mean(dim=2) if axes == ("modality", "emotion") else values
            outputs[name] = values if axes == ("emotion",) else _where_there(of_modalities, presence)
        if self.farthest is not None:
            outputs["unfamiliar"] = (inferred.distance > self.farthest) & presence
        return outputs


def _per_emotion(kind: Evidence, values: Tensor, presence: Tensor) -> Tensor:
    """[B, E]; with both axes the mean over the modalities that are there, as `Measured.per_emotion`."""
    if kind.axes == ("emotion",):
        return values
    there = presence[:, :, None]
    return torch.where(there, values, 0.0).sum(dim=1) / there.sum(dim=1).clamp(min=1)


def _where_there(values: Tensor, presence: Tensor) -> Tensor:
    return torch.where(presence, values, torch.nan)


def _mean(members: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(members)).mean(dim=0)
