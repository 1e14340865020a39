"""A fitted decision on tensors, so that it can stand inside an exported graph: `FittedDecision.apply`, step by step, in float64.

The maths of `lddu.decide` is on arrays; this is the same on tensors, and tests hold one against the other.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lddu.decide.decision import FittedDecision
from lddu.decide.error_score import NEVER
from lddu.decide.linear import LinearScore
from lddu.decide.recalibrate import CLOSEST, Recalibration

Scores = Mapping[str, Tensor]
"""Name -> [B, E] an uncertainty, larger is less certain."""


@dataclass(frozen=True)
class Decided:
    """What is decided on a batch.

    Attributes:
        probability: [B, E] recalibrated.
        label: [B, E].
        label_set: [B, E] the set with the promised recall.
        uncertainty: [B, E] chance that the label is wrong.
        cannot_tell: [B, E] where no answer is given.
        aleatoric: [B] how much people would differ.
    """

    probability: Tensor
    label: Tensor
    label_set: Tensor
    uncertainty: Tensor
    cannot_tell: Tensor
    aleatoric: Tensor


class DecisionGraph(nn.Module):
    """A fitted decision whose recall and coverage are inputs.

    Args:
        decision: of the run; one that reads dropout passes, which are random, cannot stand in a graph.
    """

    thresholds: Tensor
    recall_targets: Tensor
    recall_cuts: Tensor
    coverages: Tensor
    coverage_cuts: Tensor

    def __init__(self, decision: FittedDecision) -> None:
        super().__init__()
        sets, abstention = decision.recall_sets, decision.abstention
        self.register_buffer("thresholds", _numbers(decision.thresholds))
        self.register_buffer("recall_targets", _numbers(sets.targets))
        self.register_buffer("recall_cuts", _numbers((*sets.cuts, 0.0)))  # beyond the targets: every emotion
        self.register_buffer("coverages", _numbers(abstention.coverages))
        self.register_buffer("coverage_cuts", _numbers((*abstention.cuts, math.inf)))
        self.recalibration = RecalibrationGraph(decision.recalibration)
        self.error_score = LinearGraph(decision.error_score)
        self.aleatoric = LinearGraph(decision.aleatoric)
        self.modalities = [np.isin(decision.modalities, one.modalities).tolist() for one in decision.by_modalities]
        parts = (decision.given(one.modalities) for one in decision.by_modalities)
        self.by_modalities = nn.ModuleList(DecisionGraph(part) for part in parts)

    def forward(
        self,
        probability: Float[Tensor, "clip emotion"],
        scores: Scores,
        spread: Scores,
        recall: Float[Tensor, ""],
        coverage: Float[Tensor, ""],
        presence: Bool[Tensor, "clip modality"],
    ) -> Decided:
        """Decide.

        Args:
            probability: as predicted, in float64.
            scores: those of the networks.
            spread: those of them that say how unclear a clip is.
            recall: promised by the label sets; above what was fitted, or not a number, every emotion is in the set.
            coverage: share of pairs to answer; 1 answers all, and what is no share answers none.
            presence: which modalities of the run the clips have.
        """
        decided = self.whole(probability, scores, spread, recall, coverage)
        for given, graph in zip(self.modalities, self.by_modalities, strict=True):
            here = (presence == torch.tensor(given, device=presence.device)).all(dim=1, keepdim=True)
            assert isinstance(graph, DecisionGraph)
            decided = _chosen(here, graph.whole(probability, scores, spread, recall, coverage), decided)
        return decided

    def whole(self, probability: Tensor, scores: Scores, spread: Scores, recall: Tensor, coverage: Tensor) -> Decided:
        """The same for clips as validation has them, whatever their modalities."""
        recalibrated = self.recalibration(probability)
        label = recalibrated >= self.thresholds
        uncertainty = self.error_score(own_scores(recalibrated, self.thresholds, label) | dict(scores)).sigmoid()
        return Decided(
            recalibrated,
            label,
            probability >= _cut(self.recall_cuts, self.recall_targets, recall),
            uncertainty,
            uncertainty > self._coverage_cut(coverage),
            self.aleatoric(clip_ambiguity(recalibrated, spread)).clamp(min=0),
        )

    def _coverage_cut(self, coverage: Tensor) -> Tensor:
        cut = _cut(self.coverage_cuts, self.coverages, coverage)
        everything = torch.full_like(cut, math.inf)
        return torch.where(coverage >= 1, everything, torch.where(coverage > 0, cut, -everything))


def _chosen(here: Bool[Tensor, "clip 1"], one: Decided, other: Decided) -> Decided:
    """What `one` says here, else what `other` does; flags without `where`, which onnxruntime has for numbers only."""
    return Decided(
        torch.where(here, one.probability, other.probability),
        (here & one.label) | (~here & other.label),
        (here & one.label_set) | (~here & other.label_set),
        torch.where(here, one.uncertainty, other.uncertainty),
        (here & one.cannot_tell) | (~here & other.cannot_tell),
        torch.where(here[:, 0], one.aleatoric, other.aleatoric),
    )


class RecalibrationGraph(nn.Module):
    """A `Recalibration`."""

    intercepts: Tensor
    into: Tensor
    out: Tensor

    def __init__(self, fitted: Recalibration) -> None:
        super().__init__()
        self.method, self.slope = fitted.method, fitted.slope
        self.register_buffer("intercepts", _numbers(fitted.intercepts))
        self.register_buffer("into", _numbers([knot[0] for knot in fitted.knots]))
        self.register_buffer("out", _numbers([knot[1] for knot in fitted.knots]))

    def forward(self, probability: Float[Tensor, "clip emotion"]) -> Float[Tensor, "clip emotion"]:
        """Recalibrated."""
        if self.method == "identity":
            return probability
        if self.method == "isotonic":
            return self._between_knots(probability)
        return (self.slope * _log_odds(probability, CLOSEST) + self.intercepts).sigmoid()

    def _between_knots(self, probability: Tensor) -> Tensor:
        """On the straight lines between the knots, which reach from 0 to 1."""
        right = (probability[..., None] >= self.into).sum(dim=-1).clamp(1, len(self.into) - 1)
        x0, x1, y0, y1 = self.into[right - 1], self.into[right], self.out[right - 1], self.out[right]
        return y0 + (torch.clamp(probability, x0, x1) - x0) * ((y1 - y0) / (x1 - x0))


class LinearGraph(nn.Module):
    """A `LinearScore`: the weighted sum of the inputs that it names."""

    def __init__(self, fitted: LinearScore) -> None:
        super().__init__()
        self.fitted = fitted

    def forward(self, scores: Scores) -> Tensor:
        """The sum, of the shape of each score."""
        fitted = self.fitted
        parts = zip(fitted.inputs, fitted.centres, fitted.scales, fitted.weights, strict=True)
        terms = [(scores[name] - centre) / scale * weight for name, centre, scale, weight in parts]
        return torch.stack(terms).sum(dim=0) + fitted.offset


def own_scores(
    probability: Float[Tensor, "clip emotion"],
    thresholds: Float[Tensor, " emotion"],
    label: Bool[Tensor, "clip emotion"],
) -> dict[str, Tensor]:
    """What recalibrated probabilities say by themselves; as `lddu.decide.decision.own_scores`."""
    wrong = torch.where(label, 1 - probability, probability)
    return {
        "label_odds": _log_odds(wrong, NEVER),
        "margin": -(probability - thresholds).abs(),
        "entropy": entropy(probability),
    }


def clip_ambiguity(probability: Float[Tensor, "clip emotion"], spread: Scores) -> dict[str, Tensor]:
    """Name -> [B]; as `lddu.decide.aleatoric.clip_ambiguity`."""
    total = probability.sum(dim=1)
    share = torch.where(
        total[:, None] > 0, probability / total[:, None], 0.0
    )  # of no emotion at all: nothing is unclear
    return {
        "entropy": entropy(probability).mean(dim=1),
        "expected_emotions": total,
        "entropy_as_shares": -_times_log(share).sum(dim=1).clamp(max=0),
    } | {name: values.mean(dim=1) for name, values in spread.items()}


def entropy(probability: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
    """Of a yes or no, in nats; 0 at 0 and 1."""
    return -(_times_log(probability) + _times_log(1 - probability))


def _times_log(x: Tensor) -> Tensor:
    """X log x; 0 at 0."""
    return torch.where(x == 0, 0.0, x * torch.where(x == 0, 1.0, x).log())


def _log_odds(probability: Tensor, least: float) -> Tensor:
    # not `clamp`: two of one float64 tensor in a graph make a file that onnxruntime refuses (findings/torch_onnx_clamp_twice.sh)
    clipped = torch.where(probability < least, least, torch.where(probability > 1 - least, 1 - least, probability))
    return clipped.log() - (1 - clipped).log()


def _cut(cuts: Tensor, reached: Tensor, target: Tensor) -> Tensor:
    """The cut of the first of the rising figures that reaches what is wanted; the last cut where none does."""
    return cuts[(~(reached >= target - 1e-9)).sum()]


def _numbers(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
