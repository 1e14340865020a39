"""What the .onnx file of a run is worth: `python -m benchmarks.onnx_file RUN STORE`, on the test clips of a store that fits.

Prints markdown rows for benchmarks/results: the run, its file, and its file with weights of 8 bits; size, micro-F1, mAP and
calibration error at the run's thresholds, how far a probability lies from the run's, and milliseconds of processor time for
each clip, one thread, in batches of 1 and of 64. Needs the extra `onnx`.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.metrics import metrics
from lddu.runs.observed import scored
from lddu.runs.onnx.check import answers, batch_of
from lddu.runs.onnx.file import graph_of
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore

CLIPS, TIMED, REPEATS = 2000, 128, 5
BATCHES = (1, 64)

Answer = Callable[[dict[str, np.ndarray]], object]
"""Answers the inputs of a file."""


@dataclass(frozen=True)
class Reference:
    """A run and its probabilities, with which other runtimes are compared.

    Attributes:
        predictor: the run.
        store: with labels.
        rows: of the clips.
        probability: [N, E] of the run.
    """

    predictor: Predictor
    store: FeatureStore
    rows: np.ndarray
    probability: np.ndarray

    def row(self, name: str, probability: np.ndarray, size: int, answer: Answer) -> str:
        """The markdown row of one way to answer: its probabilities, its bytes, and what answers a batch."""
        task = self.predictor.description.task
        seen = scored(self.store, self.rows, probability.astype(np.float64), task.emotions, task.present_at)
        figures = metrics(seen, np.array(self.predictor.decision.thresholds))
        error = calibration_error(probability[seen.known], seen.presence[seen.known] == 1, "equal_width")
        apart = np.abs(probability - self.probability)
        cells = [f"{size:,}", f"{figures.f1_micro:.4f}", f"{figures.map_macro:.4f}", f"{error:.4f}"]
        cells += [f"{value:.1e}" for value in (apart.mean(), np.quantile(apart, 0.99), apart.max())]
        return f"| {name} | {' | '.join([*cells, *(f'{self.timed(answer, n):.3f}' for n in BATCHES)])} |"

    def timed(self, answer: Answer, size: int) -> float:
        """Milliseconds of processor time per clip; the least of some turns over `TIMED` clips, without reading them."""
        dimensions = self.predictor.description.task.dimensions
        batches = [batch_of(self.store, dimensions, self.rows[i : i + size].tolist()) for i in range(0, TIMED, size)]
        answer(batches[0])
        turns = []
        for _ in range(REPEATS):
            begin = time.process_time()
            for batch in batches:
                answer(batch)
            turns.append(time.process_time() - begin)
        return 1000 * min(turns) / TIMED


def main() -> None:
    """Print a row per way to answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("store", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    predictor, store = Predictor(given.run), FeatureStore(given.store)
    rows = np.sort(np.random.default_rng(0).permutation(store.table.in_split("test"))[:CLIPS])
    probability = predictor.predict(store, rows).probability
    reference = Reference(predictor, store, rows, probability)
    weights = sum((member.path / "model.safetensors").stat().st_size for member in predictor.folder.members())
    print("| | bytes | micro-F1 | mAP | ECE | differs by: mean | p99 | most | ms, batch 1 | batch 64 |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    print(reference.row("lddu", probability, weights, in_torch(predictor)), flush=True)
    with tempfile.TemporaryDirectory() as place:
        for name, int8 in (("file", False), ("file, int8", True)):
            exported = predictor.export_onnx(Path(place) / f"{int8}.onnx", int8)
            session = session_of(exported.path)
            parts = [answers(session, store, rows[i : i + 64].tolist())["probability"] for i in range(0, len(rows), 64)]
            print(reference.row(name, np.concatenate(parts), exported.size, partial(session.run, None)), flush=True)


def session_of(file: Path) -> onnxruntime.InferenceSession:
    """On one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def in_torch(predictor: Predictor) -> Answer:
    """The same in torch, networks and decision, from the inputs of the file."""
    graph, names = graph_of(predictor), predictor.modalities

    def answer(inputs: dict[str, np.ndarray]) -> object:
        values = [torch.from_numpy(inputs[name]) for name in names]
        mask = [torch.from_numpy(inputs[f"{name}_mask"]) for name in names]
        with torch.inference_mode():
            return graph(values, mask, *(torch.from_numpy(inputs[name]) for name in ("recall", "coverage")))

    return answer


if __name__ == "__main__":
    main()
