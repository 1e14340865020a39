"""One step of the optimiser: a batch, spread over passes and ranks, one loss over all of it."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, is_dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint as recomputed

from lddu.batches.batch import Batch
from lddu.batches.loader import Portion
from lddu.config import ResolvedConfig
from lddu.errors import RunError, parameter
from lddu.machine.ranks import Ranks
from lddu.models.augment import add_noise, draw_noise, hide_modalities
from lddu.models.family import Answered, Losses
from lddu.training.checkpoint import Trainee

DIVERGED = f"training has diverged; lower {parameter('training.learning_rate')} and train anew."


def optimise(trainee: Trainee, portion: Portion, counts: Sequence[int], config: ResolvedConfig) -> Losses:
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
    ranks = trainee.ranks
    keep = len(portion.batches) == 1
    noise = [_noise_of(batch, config) for batch in portion.batches]
    passes = [_pass(trainee, batch, added, config, keep) for batch, added in zip(portion.batches, noise, strict=True)]
    local = _Seen(
        passes[0] if keep else _joined(passes),
        torch.cat([batch.shares for batch in portion.batches])[: portion.kept],
        torch.cat(noise)[: portion.kept],
        _modality_shares(trainee, portion),
    )
    whole = local if ranks.size == 1 else _gathered(local, counts, ranks)
    more = () if whole.modality_shares is None else (whole.modality_shares,)
    loss: Losses = trainee.objective(trainee.model.module, whole.answer, whole.shares, whole.noise, *more)
    terms = _mean(loss, ranks)
    if not torch.isfinite(terms.total):
        values = ", ".join(f"{name} {term.item():.3g}" for name, term in terms.terms.items())
        raise RunError(f"Expected a finite loss, but got {terms.total.item()} ({values}): {DIVERGED}")
    trainee.optimizer.zero_grad()
    loss.total.backward()  # type: ignore[no-untyped-call]
    ranks.mean_gradients(trainee.optimizer.parameters)
    trainee.optimizer.step(config.training.gradient_norm)
    trainee.update_average(config.training.weight_average)
    return terms


@dataclass(frozen=True)
class _Seen:
    """What the losses of some clips are computed from: answer, [B, E] shares, [B, M] size of the added noise.

    And [B, M, E] shares of those who judged a modality alone, where the store has them and the objective reads them.
    """

    answer: Answered
    shares: Tensor
    noise: Tensor
    modality_shares: Tensor | None = None


def _modality_shares(trainee: Trainee, portion: Portion) -> Tensor | None:
    shares = [batch.modality_shares for batch in portion.batches if batch.modality_shares is not None]
    if not shares or not getattr(trainee.objective, "reads_modality_shares", False):
        return None
    return torch.cat(shares)[: portion.kept]


def _noise_of(batch: Batch, config: ResolvedConfig) -> Tensor:
    return draw_noise(batch.presence, config.training.feature_noise, config.training.corruption)


def _pass(trainee: Trainee, batch: Batch, noise: Tensor, config: ResolvedConfig, keep: bool) -> Answered:
    presence = hide_modalities(batch.presence, config.training.modality_dropout)
    values = add_noise(trainee.model.scaling, batch.values, noise)

    def forward() -> Answered:
        half = config.training.precision == "bfloat16"
        with torch.autocast(presence.device.type, torch.bfloat16) if half else nullcontext():
            answer: Answered = trainee.model(values, batch.mask, presence)
        return _single(answer) if half else answer

    if keep:
        return forward()
    answer: Answered = recomputed(forward, use_reentrant=False)
    return answer


def _tensors(answer: Answered) -> dict[str, Tensor]:
    """The answer's tensors with the clip first, which is all that a loss over several passes or ranks may read.

    What is longer in one pass or rank than in another, such as steps, is padded with zeros there.
    """
    assert is_dataclass(answer), "a network answers with logits or with a dataclass"
    return {f.name: value for f in fields(answer) if isinstance(value := getattr(answer, f.name), Tensor)}


def _single(answer: Answered) -> Answered:
    """The answer in float32, in which losses are computed."""
    return _with(answer, {k: v.float() for k, v in _tensors(answer).items() if v.is_floating_point()})


def _joined(passes: Sequence[Answered]) -> Answered:
    """The answers of several passes as one."""
    columns = {name: [getattr(answer, name) for answer in passes] for name in _tensors(passes[0])}
    return _with(passes[0], {name: torch.cat(_of_one_shape(parts)) for name, parts in columns.items()})


def _of_one_shape(parts: Sequence[Tensor]) -> list[Tensor]:
    shape = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    return [_padded(part, shape) for part in parts]


def _padded(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """With zeros at the end of each axis after the first, up to this shape."""
    missing = [target - length for target, length in zip(shape, tensor.shape[1:], strict=True)]
    return F.pad(tensor, [size for more in reversed(missing) for size in (0, more)])


def _gathered(local: _Seen, counts: Sequence[int], ranks: Ranks) -> _Seen:
    """The whole batch from all ranks; one exchange for the longest sizes, one for everything else."""
    clips = len(local.shares)
    tensors = _tensors(local.answer)
    sizes = local.shares.new_tensor([[size for value in tensors.values() for size in value.shape[1:]]])
    longest = iter(ranks.gather(sizes, [1] * ranks.size).amax(dim=0).int().tolist())
    tensors = {name: _padded(value, [next(longest) for _ in value.shape[1:]]) for name, value in tensors.items()}
    seen = [local.shares, local.noise, *([] if local.modality_shares is None else [local.modality_shares])]
    columns = [*(value[:clips] for value in tensors.values()), *seen]
    rows = ranks.gather(torch.cat([column.flatten(1).float() for column in columns], dim=1), counts)
    pieces = torch.split(rows, [column.shape[1:].numel() for column in columns], dim=1)
    whole = [piece.reshape(len(rows), *c.shape[1:]).to(c.dtype) for piece, c in zip(pieces, columns, strict=True)]
    first = len(tensors)
    return _Seen(_with(local.answer, dict(zip(tensors, whole[:first], strict=True))), *whole[first:])


def _with(answer: Answered, tensors: dict[str, Tensor]) -> Answered:
    """The answer with other tensors, without what belongs to single passes, such as attention of each length."""
    assert is_dataclass(answer) and not isinstance(answer, type)
    emptied = {
        f.name: type(value)() for f in fields(answer) if isinstance(value := getattr(answer, f.name), tuple | dict)
    }
    changed: Answered = replace(answer, **emptied, **tensors)
    return changed


def _mean(loss: Losses, ranks: Ranks) -> Losses:
    """The terms as the mean over ranks."""
    if ranks.size == 1:
        return loss
    means = ranks.sum(torch.stack([loss.total.detach(), *(term.detach() for term in loss.terms.values())])) / ranks.size
    return Losses(means[0], dict(zip(loss.terms, means[1:], strict=True)))
