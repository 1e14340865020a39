"""Predicting a large store in parts, several at once: every worker opens the run and the store by itself."""

import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lddu.errors import MismatchError, RunError
from lddu.machine.processes import Workers
from lddu.models.networks import Inference, joined
from lddu.runs.adapt import Adaptation
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore

PART_CLIPS = 2048
"""Clips of a part: seconds of work, so that workers end together and handing out costs nothing."""

Part = tuple[int, int]
"""First row and the row after the last."""


def infer_in_parts(
    predictor: Predictor, store: FeatureStore, workers: Workers, advance: Callable[[int], None] | None = None
) -> Inference:
    """The result of `predictor.infer` for all clips, to rounding; passes with dropout on are drawn for each part anew.

    Args:
        predictor: a run whose folder the workers share.
        store: that fits the run; at a place that the workers share, or behind a URL.
        workers: who computes, on their device.
        advance: called with the number of clips finished since the last call, by every network.

    Raises:
        MismatchError: where a worker finds another run or store there.
        RunError: where the process that worked on a part died.
    """
    predictor.feature_warnings(store)
    parts = [(first, min(first + PART_CLIPS, len(store))) for first in range(0, len(store), PART_CLIPS)]
    run = predictor.folder
    adaptation = predictor.adaptation
    opening = _PartOpening(
        run.path.resolve(), _digest(run), store.address, store.manifest_sha256, workers.device,
        adaptation, adaptation.digest if adaptation else "",
    )  # fmt: skip
    results: dict[Part, Inference] = {}
    for outcome in workers.work_off(opening, parts):
        if outcome.result is None:
            first, last = outcome.job
            raise RunError(
                f"Expected clips {first} to {last - 1} of {store.place} to be predicted, but the process that did it died; "
                "memory may have run out: predict with fewer at once."
            )
        results[outcome.job] = outcome.result
        if advance:
            advance(len(outcome.result.rows) * predictor.networks)
    return joined([results[part] for part in parts]) if parts else predictor.infer(store)


@dataclass(frozen=True)
class _PartOpening:
    """Makes a process ready to predict parts, of the very run and store that the leading process has."""

    run: Path
    run_digest: str
    store: str
    store_digest: str
    device: str
    adaptation: Adaptation | None = field(compare=False)
    adaptation_digest: str

    def __call__(self) -> Callable[[Part], Inference]:
        predictor = Predictor(self.run, self.device).adapted_by(self.adaptation)
        store = FeatureStore(self.store)
        self._refuse_others("run", self.run, self.run_digest, _digest(predictor.folder))
        self._refuse_others("store", store.place, self.store_digest, store.manifest_sha256)
        return lambda part: predictor.infer(store, np.arange(*part))

    @staticmethod
    def _refuse_others(kind: str, place: str | Path, expected: str, actual: str) -> None:
        if actual != expected:
            raise MismatchError(
                f"Expected the same {kind} at {place} on every machine, but {platform.node()} has another there; "
                f"give a {kind} that all machines share."
            )


def _digest(run: RunFolder) -> str:
    """Of everything that a prediction depends on."""
    files: Sequence[Path] = [
        run.path / "decision.json",
        *(member.path / name for member in run.members() for name in ("config.json", "model.safetensors")),
    ]
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()
