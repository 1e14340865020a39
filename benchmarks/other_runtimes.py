"""Whether another runtime answers faster, and as well, as `lddu predict` does.

`python benchmarks/other_runtimes.py speed` times one thread at the paper's size: ours, the plain implementation in PyTorch,
as a program of torch.export, as ONNX in ONNX Runtime, and as ONNX with int8 weights and activations (dynamic quantisation).
`python benchmarks/other_runtimes.py accuracy RUN...` has the same ONNX files answer the test clips of trained runs.

They need what the package does not: `pip install onnx onnxscript onnxruntime`, in an environment of its own. Run `speed`
while the machine does nothing else.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from lddu.arrays import binary_entropy
from lddu.batches.batch import Batch
from lddu.benchmark.clock import Clock, Timing
from lddu.benchmark.measured_network import MeasuredNetwork
from lddu.benchmark.naive import naive_prediction
from lddu.benchmark.workload import Clips, Workload
from lddu.decide.threshold import best_cut
from lddu.evaluate.metrics import metrics
from lddu.evaluate.selective import selective
from lddu.models.family import Task
from lddu.models.lddu.network import LDDU
from lddu.models.network import Network
from lddu.models.networks import Networks
from lddu.runs.observed import scored
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore

SIZE, BATCHES, SECONDS = 128, 4, 8.0


class Plain(nn.Module):
    """The plain implementation as a module that can be exported: features and masks to logits and widths.

    Args:
        model: the network.
    """

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.network = model.eval()
        assert isinstance(model.module, LDDU)
        self.model = model.module

    def forward(self, values: list[Tensor], mask: list[Tensor]) -> tuple[Tensor, Tensor]:
        """[B, E] logits of p, [B, E] widths; every clip has every modality."""
        presence = torch.stack([m.any(dim=1) for m in mask], dim=1)
        shares = torch.zeros(presence.shape[0], len(self.model.emotions))
        scaled = tuple(self.network.scaling.of(m)(x) for m, x in enumerate(values))
        prediction = naive_prediction(self.model, Batch(scaled, tuple(mask), presence, shares, ()))
        return prediction.logit, prediction.width


@dataclass(frozen=True)
class Exported:
    """The files and the program that other runtimes take.

    Attributes:
        program: of torch.export.
        onnx: file in fp32.
        int8: file with int8 weights and activations of every product with a weight.
    """

    program: nn.Module
    onnx: Path
    int8: Path


def exported(model: Network, batch: Batch, place: Path) -> Exported:
    """Both kinds, for any number of clips and steps."""
    plain, inputs = Plain(model), (list(batch.values), list(batch.mask))
    clips, most = torch.export.Dim("clips", min=2, max=4096), model_steps(model)
    axes = [
        {0: clips} | ({1: torch.export.Dim(f"steps{m}", min=2, max=most)} if mask.shape[1] > 1 else {})
        for m, mask in enumerate(batch.mask)  # a modality of single steps stays one
    ]
    with torch.no_grad():
        program = torch.export.export(plain, inputs, dynamic_shapes=(axes, axes))
    whole, small = place / "whole.onnx", place / "int8.onnx"
    written = torch.onnx.export(program, dynamo=True, verbose=False)
    assert written is not None
    written.save(str(whole))
    quantize_dynamic(whole, small, weight_type=QuantType.QInt8)
    return Exported(program.module(), whole, small)


def model_steps(model: Network) -> int:
    """Positions that the encoders know."""
    assert isinstance(model.module, LDDU)
    return min(encoder.get_parameter("positions").shape[0] for encoder in model.module.encoders)


def session(file: Path) -> Callable[[Batch], Sequence[np.ndarray]]:
    """What ONNX Runtime says of a batch, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    opened = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in opened.get_inputs()]
    return lambda batch: opened.run(
        None, dict(zip(names, map(Tensor.numpy, (*batch.values, *batch.mask)), strict=True))
    )


def speed() -> None:
    """Clips per second of each, and how many times ours."""
    torch.set_num_threads(1)
    workload = Workload()
    measured = MeasuredNetwork(workload, torch.device("cpu"))
    hidden = workload.config.model.hidden
    clock = Clock(workload.batch * workload.steps[0], [(hidden, hidden), (768, hidden)], measured.device, 0.1)
    with tempfile.TemporaryDirectory() as place:
        first = Clips(workload, realistic=False).sorted_batches(1, SIZE)[0]
        others = exported(measured.network, first, Path(place))
        runtimes: dict[str, Callable[[Batch], object]] = {
            "ours": measured.predict,
            "plain PyTorch": measured.naive_predict,
            "torch.export": inferring(others.program),
            "ONNX Runtime": session(others.onnx),
            "ONNX Runtime, int8": session(others.int8),
        }
        for lengths in ("full", "realistic"):
            batches = Clips(workload, lengths == "realistic").sorted_batches(BATCHES, SIZE)
            timings = timed(runtimes, batches, clock)
            for name, timing in timings.items():
                ratio = timings["ours"].products / timing.products
                print(f"| {lengths} | {name} | {BATCHES * SIZE / timing.seconds:.0f} | {ratio:.2f} |", flush=True)


def inferring(program: nn.Module) -> Callable[[Batch], object]:
    """A program without gradients."""

    def act(batch: Batch) -> object:
        with torch.inference_mode():
            return program(list(batch.values), list(batch.mask))

    return act


def timed(runtimes: dict[str, Callable[[Batch], object]], batches: list[Batch], clock: Clock) -> dict[str, Timing]:
    """Each over all the batches, one after the other, each run between two measurements of the matrix rate."""

    def over(act: Callable[[Batch], object]) -> Callable[[], object]:
        return lambda: [act(batch) for batch in batches]

    return {name: clock.time(over(act), SECONDS) for name, act in runtimes.items()}


def accuracy(runs: list[Path]) -> None:
    """Figures on the test clips that have every modality, at the threshold that ours has on validation."""
    print(
        "| run | runtime | micro-F1 | mAP | Brier | error-AUROC of the entropy | mean, largest change of a probability |"
    )
    for run in runs:
        predictor = Predictor(run)
        store = FeatureStore(predictor.description.store["path"])
        networks = predictor.networks_on(store)
        valid, test = (whole(networks, store.table.in_split(split)) for split in ("valid", "test"))
        model, task = networks.members[0], predictor.description.task
        batches = list(networks.reader.batches(test, SIZE))
        threshold = best_cut_of(networks, store, valid, task)
        with tempfile.TemporaryDirectory() as place:
            others = exported(model, batches[0], Path(place))
            runtimes = {"ours": in_torch(model), "ONNX": session(others.onnx), "int8": session(others.int8)}
            probabilities = {name: answers(batches, act) for name, act in runtimes.items()}
        for name, probability in probabilities.items():
            judged = scored(store, test, probability, task.emotions, task.present_at)
            wrong = ((probability >= threshold) != (judged.presence == 1))[judged.known].astype(np.float64)
            measured = metrics(judged, np.array(threshold))
            finds = selective(binary_entropy(probability)[judged.known], wrong).error_auroc
            moved = np.abs(probability - probabilities["ours"])
            figures = (measured.f1_micro, measured.map_macro, measured.brier, finds, moved.mean(), moved.max())
            print(f"| {run.name} | {name} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |", flush=True)


def whole(networks: Networks, rows: np.ndarray) -> np.ndarray:
    """Those of the clips that have every modality."""
    return np.asarray(rows[networks.reader.read(rows.tolist()).presence.all(dim=1).numpy()])


def best_cut_of(networks: Networks, store: FeatureStore, rows: np.ndarray, task: Task) -> float:
    """The threshold on probabilities before recalibration with the best micro-F1."""
    batches = list(networks.reader.batches(rows, SIZE))
    judged = scored(store, rows, answers(batches, in_torch(networks.members[0])), task.emotions, task.present_at)
    return best_cut(judged.probability[judged.known], judged.presence[judged.known] == 1)


def in_torch(model: Network) -> Callable[[Batch], Sequence[np.ndarray]]:
    """Logits of a batch as `lddu predict` has them, in a tuple as ONNX Runtime gives them."""

    def act(batch: Batch) -> Sequence[np.ndarray]:
        with torch.inference_mode():
            return (model(batch.values, batch.mask, batch.presence).logit.numpy(),)

    return act


def answers(batches: list[Batch], act: Callable[[Batch], Sequence[np.ndarray]]) -> np.ndarray:
    """[N, E] probabilities."""
    logits = np.concatenate([act(batch)[0] for batch in batches]).astype(np.float64)
    return np.asarray(1 / (1 + np.exp(-logits)))


def main() -> None:
    """One of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("speed")
    kinds.add_parser("accuracy").add_argument("runs", nargs="+", type=Path)
    options = parser.parse_args()
    if options.kind == "speed":
        speed()
    else:
        accuracy(options.runs)


if __name__ == "__main__":
    main()
