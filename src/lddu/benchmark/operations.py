"""How many floating-point operations a workload needs: dense products only, two per multiplication and addition.

What is counted is what the equations need for the real steps: no padding, nothing computed twice. The shares of the
limit are these counts over time and over the matrix rate, so they cannot be improved by doing more work.
"""

from jaxtyping import Bool
from torch import Tensor

from lddu.batches.batch import Batch
from lddu.benchmark.workload import Workload


def forward_operations(workload: Workload, batch: Batch) -> int:
    """Of one prediction."""
    model, emotions = workload.config.model, workload.emotions
    hidden, latent = model.hidden, model.latent
    modalities, clips = len(workload.dimensions), len(batch.presence)
    total = 0
    for dimension, mask in zip(workload.dimensions, batch.mask, strict=True):
        total += encoder_operations(workload, dimension, mask)
        per_emotion = 2 * hidden * hidden + hidden * hidden * 3 // 4 + hidden * 3 // 4 * (hidden // 2)
        per_emotion += (hidden // 2) ** 2 + 2 * (hidden // 2) * latent
        total += 2 * clips * emotions * per_emotion + 2 * 2 * emotions * hidden * hidden
        total += 2 * 2 * mask.numel() * emotions * hidden
    score_inputs = modalities * (hidden + 2 * latent)
    total += 2 * clips * emotions * (score_inputs * (hidden // 2) + 3 * (hidden // 2) + modalities * latent)
    return total


def encoder_operations(workload: Workload, dimension: int, mask: Bool[Tensor, "clip step"]) -> int:
    """Of the extractor of one modality, Eq. (1)-(3)."""
    model = workload.config.model
    lengths = mask.sum(dim=1)
    steps, pairs = int(lengths.sum()), int(lengths.square().sum())
    per_layer = 12 * steps * model.hidden**2 + 4 * pairs * model.hidden
    return 2 * steps * dimension * model.hidden + model.layers * per_layer


def contrastive_operations(workload: Workload, clips: int) -> int:
    """Of the contrastive loss of a batch and its gradient, with a full memory: Eq. (9)."""
    objective = workload.config.objective
    features = clips * len(workload.dimensions) * workload.emotions
    anchors = min(objective.anchors, features)
    keys = features + objective.memory_size
    return 2 * anchors * (2 * workload.config.model.latent) * (2 * keys + features)


def training_operations(workload: Workload, batch: Batch) -> int:
    """Of one training step: each product of the network again for both of its gradients, and the contrastive loss."""
    return 3 * forward_operations(workload, batch) + contrastive_operations(workload, len(batch.presence))
