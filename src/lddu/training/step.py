"""One step of the optimiser: a batch, spread over passes and ranks, one loss over all of it."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint as recomputed

from lddu.batches.batch import Batch
from lddu.batches.loader import Portion
from lddu.config import Config, resolved
from lddu.errors import RunError
from lddu.machine.ranks import Ranks
from lddu.models.augment import add_noise, draw_noise, hide_modalities
from lddu.models.lddu.network import Prediction
from lddu.models.lddu.objective import LossTerms
from lddu.training.checkpoint import Trainee

DIVERGED = "training has diverged; lower --training.learning-rate and train anew."


def optimise(trainee: Trainee, portion: Portion, counts: Sequence[int], config: Config) -> LossTerms:
    """Move the weights by one batch.

    The losses over pairs, Eq. (9) and (11), see the whole batch, however many passes and ranks it is spread over. With
    several passes each is computed again on the way back instead of being kept, so that memory is that of one pass
    (Gao et al., RepL4NLP 2021).

    Args:
        trainee: is changed in place.
        portion: this rank's clips, on the device.
        counts: clips of each rank.
        config: settings, resolved.

    Returns:
        The terms of the whole batch, the same on every rank.

    Raises:
        RunError: where the loss is no longer finite.
    """
    ranks = trainee.objective.ranks
    keep = len(portion.batches) == 1
    noise = [_noise_of(batch, config) for batch in portion.batches]
    passes = [_pass(trainee, batch, added, config, keep) for batch, added in zip(portion.batches, noise, strict=True)]
    own = _Seen(
        passes[0] if keep else _joined(passes),
        torch.cat([batch.shares for batch in portion.batches])[: portion.kept],
        torch.cat(noise)[: portion.kept],
    )
    whole = own if ranks.size == 1 else _gathered(own, counts, ranks)
    loss: LossTerms = trainee.objective(trainee.model, whole.prediction, whole.shares, whole.noise)
    terms = _mean(loss, ranks)
    if not torch.isfinite(terms.total):
        raise RunError(
            f"Expected a finite loss, but got {terms.total.item()} (fused BCE {terms.fused.item():.3g}, contrastive "
            f"{terms.contrastive.item():.3g}): {DIVERGED}"
        )
    trainee.optimizer.zero_grad(set_to_none=True)
    loss.total.backward()  # type: ignore[no-untyped-call]
    parameters = [parameter for group in trainee.optimizer.param_groups for parameter in group["params"]]
    ranks.mean_gradients(parameters)
    torch.nn.utils.clip_grad_norm_(parameters, config.training.gradient_norm)
    trainee.optimizer.step()
    if trainee.average is not None:
        trainee.average.update_parameters(trainee.model)
    return terms


@dataclass(frozen=True)
class _Seen:
    """What the losses of some clips are computed from: prediction, [B, E] shares, [B, M] size of the added noise."""

    prediction: Prediction
    shares: Tensor
    noise: Tensor


def _noise_of(batch: Batch, config: Config) -> Tensor:
    return draw_noise(batch.presence, resolved(config.training.feature_noise), config.training.corruption)


def _pass(trainee: Trainee, batch: Batch, noise: Tensor, config: Config, keep: bool) -> Prediction:
    presence = hide_modalities(batch.presence, config.training.modality_dropout)
    values = add_noise(trainee.model, batch.values, noise)

    def forward() -> Prediction:
        half = config.training.precision == "bfloat16"
        with torch.autocast(presence.device.type, torch.bfloat16) if half else nullcontext():
            prediction: Prediction = trainee.model(values, batch.mask, presence)
        return _single(prediction) if half else prediction

    if keep:
        return forward()
    found: Prediction = recomputed(forward, use_reentrant=False)
    return found


def _single(prediction: Prediction) -> Prediction:
    """The prediction in float32, in which losses are computed."""
    found = {f.name: getattr(prediction, f.name) for f in fields(Prediction)}
    half = {name: value for name, value in found.items() if isinstance(value, Tensor) and value.is_floating_point()}
    return _with(prediction, {name: value.float() for name, value in half.items()})


def _joined(passes: Sequence[Prediction]) -> Prediction:
    """The predictions of several passes as one; the attention, which no loss reads, is left out."""
    names = [f.name for f in fields(Prediction) if isinstance(getattr(passes[0], f.name), Tensor)]
    columns = {name: torch.cat([getattr(one, name) for one in passes]) for name in names}
    return _with(passes[0], columns)


def _gathered(own: _Seen, counts: Sequence[int], ranks: Ranks) -> _Seen:
    """What is known of the whole batch; one exchange for all of it."""
    kept = len(own.shares)
    names = [f.name for f in fields(Prediction) if isinstance(getattr(own.prediction, f.name), Tensor)]
    columns = [*(getattr(own.prediction, name)[:kept] for name in names), own.shares, own.noise]
    rows = ranks.gather(torch.cat([column.flatten(1).float() for column in columns], dim=1), counts)
    pieces = torch.split(rows, [column.shape[1:].numel() for column in columns], dim=1)
    whole = [piece.reshape(len(rows), *c.shape[1:]).to(c.dtype) for piece, c in zip(pieces, columns, strict=True)]
    return _Seen(_with(own.prediction, dict(zip(names, whole[:-2], strict=True))), *whole[-2:])


def _with(prediction: Prediction, tensors: dict[str, Tensor]) -> Prediction:
    """The prediction with other tensors and without attention."""
    changes: dict[str, Any] = {**tensors, "attention": ()}
    return replace(prediction, **changes)


def _mean(loss: LossTerms, ranks: Ranks) -> LossTerms:
    """The terms as the mean over ranks."""
    if ranks.size == 1:
        return loss
    names = [f.name for f in fields(LossTerms)]
    means = ranks.sum(torch.stack([getattr(loss, name).detach() for name in names])) / ranks.size
    return LossTerms(**dict(zip(names, means, strict=True)))
