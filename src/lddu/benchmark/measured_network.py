"""The network that is measured: its steps and predictions, ours and the plain ones, and the parts of a step."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

import torch
from torch import Tensor

from lddu.batches.batch import Batch
from lddu.benchmark.naive import naive_loss, naive_prediction
from lddu.benchmark.workload import Workload
from lddu.machine.threads import side_by_side
from lddu.models import equations
from lddu.models.lddu.family import LDDU_FAMILY
from lddu.models.lddu.network import LDDU
from lddu.models.lddu.objective import Objective
from lddu.models.network import Network
from lddu.training.optim import make_optimizer


class MeasuredNetwork:
    """A network with its objective and optimiser.

    Args:
        workload: sizes.
        device: where to compute.
    """

    def __init__(self, workload: Workload, device: torch.device) -> None:
        self.workload, self.device = workload, device
        config = workload.config
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.network = Network(LDDU_FAMILY, workload.task, config).to(device)
        self.objective = Objective(config.objective, config.model.latent, present_at=0.5).to(device)
        self.optimizer = make_optimizer(self.network, config.training)

    @property
    def model(self) -> LDDU:
        """The network behind the scaling of features."""
        assert isinstance(self.network.module, LDDU)
        return self.network.module

    def fill_memory(self) -> None:
        """Random features in the contrastive memory, which is full from the first steps of a training on."""
        memory, w = self.objective.memory, self.workload
        half = (len(memory.classes), w.config.model.latent)
        features = equations.distribution_feature(torch.randn(half), torch.rand(half) + 0.5)
        classes = torch.randint(2 * len(w.dimensions) * w.emotions, half[:1])
        memory.push(features.to(self.device), classes.to(self.device))

    def step(self, batch: Batch, numbers: AbstractContextManager[object] | None = None) -> None:
        """One training step, as `lddu.training.loop` makes it; the network computes within `numbers`, such as autocast."""
        self.network.train()
        with numbers or nullcontext():
            prediction = self.network(batch.values, batch.mask, batch.presence)
        self._learn(self.objective(self.model, prediction, batch.shares, self._no_noise(batch)).total)

    def naive_step(self, batch: Batch) -> None:
        """The same by the plain implementation."""
        self.network.train()
        self._learn(naive_loss(self.objective, naive_prediction(self.model, self._scaled(batch)), batch.shares))

    def predict(self, batch: Batch) -> None:
        """One prediction."""
        with self._inference():
            self.network(batch.values, batch.mask, batch.presence)

    def naive_predict(self, batch: Batch) -> None:
        """The same by the plain implementation."""
        with self._inference():
            naive_prediction(self.model, self._scaled(batch))

    def predict_all(self, batches: list[Batch]) -> None:
        """One prediction of each batch, as `lddu.models.networks` makes them."""
        for _ in side_by_side(self.predict, batches, len(batches), self.device):
            pass

    def parts(self, batch: Batch) -> dict[str, Callable[[], None]]:
        """The costly parts of a training step, each by itself, forward and backward."""
        self.network.train()
        return {
            "encoders": lambda: self._encode(batch),
            "contrastive loss": self._contrastive(batch),
            "optimiser": self._update,
        }

    def _encode(self, batch: Batch) -> None:
        encoded = [
            encoder(values, mask)
            for encoder, values, mask in zip(self.model.encoders, batch.values, batch.mask, strict=True)
        ]
        torch.autograd.backward(encoded, [torch.ones_like(states) for states in encoded])

    def _contrastive(self, batch: Batch) -> Callable[[], None]:
        config = replace(
            self.objective.config, direct_weight=0.0, fused_weight=0.0, calibration_weight=0.0, contrastive_weight=1.0
        )
        alone = Objective(config, self.workload.config.model.latent, self.objective.present_at)
        alone.memory = self.objective.memory
        with torch.no_grad():
            prediction = self.network(batch.values, batch.mask, batch.presence)

        def act() -> None:
            mean, std = (value.clone().requires_grad_() for value in (prediction.mean, prediction.std))
            total = alone(
                self.model, replace(prediction, mean=mean, std=std), batch.shares, self._no_noise(batch)
            ).total
            torch.autograd.backward(total)

        return act

    def _scaled(self, batch: Batch) -> Batch:
        values = tuple(self.network.scaling.of(m)(x) for m, x in enumerate(batch.values))
        return replace(batch, values=values)

    def _no_noise(self, batch: Batch) -> Tensor:
        return torch.zeros(batch.presence.shape, device=self.device)

    def _learn(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self._update()

    def _update(self) -> None:
        self.optimizer.step(self.workload.config.training.gradient_norm)

    @contextmanager
    def _inference(self) -> Iterator[None]:
        self.network.eval()
        with torch.inference_mode():
            yield
