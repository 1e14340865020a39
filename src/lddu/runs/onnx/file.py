"""Writing a run as one .onnx file: traced, described, optionally made smaller, and compared before it stays."""

import copy
import hashlib
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import lddu
from lddu.clips.extras import needs
from lddu.errors import ConfigError, MismatchError, RunError, parameter
from lddu.machine.atomic import refuse_unwritable, replaced_file
from lddu.runs.figures import DROPOUT_SCORES
from lddu.runs.onnx.check import COVERAGE, RECALL, Difference, difference
from lddu.runs.onnx.graph import AnswerGraph

if TYPE_CHECKING:
    from lddu.runs.predictor import Predictor
    from lddu.runs.run_folder import RunFolder

EXTRA = "onnx"
INT8_MEAN = 0.05
"""Mean difference of probabilities from which a file with weights of 8 bits is refused."""

FOLDED = 2**24
"""Numbers of a tensor up to which what follows from weights alone is computed beforehand, such as weights side by side."""


@dataclass(frozen=True)
class OnnxFile:
    """A written file.

    Attributes:
        path: where it is.
        size: bytes.
        int8: whether its weights have 8 bits.
        difference: between its answers and those of the run, on made-up clips.
    """

    path: Path
    size: int
    int8: bool
    difference: Difference


def write_onnx(predictor: "Predictor", path: Path, int8: bool, force: bool) -> OnnxFile:
    """Write a run as one file; see `Predictor.export_onnx`."""
    if path.suffix != ".onnx":
        raise ConfigError(f"Expected a file whose name ends in .onnx, but got {path}; call it {path.stem}.onnx, say.")
    if path.exists() and not force:
        raise RunError(f"Expected {path} to be free, but it exists; choose another or add {parameter('force', True)}.")
    refuse_unwritable(path)
    _refuse_adapted(predictor)
    _refuse_random(predictor)
    for module in ("onnx", "onnxscript", "onnxruntime"):
        needs(module, EXTRA, "an .onnx file")
    model = traced(predictor)
    with replaced_file(path) as temporary:
        if int8:
            model = _with_int8(model, temporary)
        _describe(model, predictor, int8)
        temporary.write_bytes(model.SerializeToString())
        measured = _compared(temporary, predictor, int8)
    return OnnxFile(path, path.stat().st_size, int8, measured)


def _refuse_adapted(predictor: "Predictor") -> None:
    if predictor.adaptation is not None:
        raise MismatchError(
            f"Expected the run {predictor.folder.place} as it was trained, but here its features are re-centred on other clips, "
            "which the file cannot hold; load it again and export that."
        )


def _refuse_random(predictor: "Predictor") -> None:
    if read := sorted(set(predictor.decision.error_score.inputs) & set(DROPOUT_SCORES)):
        raise MismatchError(
            f"Expected a run whose uncertainty can be computed in one pass, but that of {predictor.folder.place} reads "
            f"{', '.join(read)} from passes with dropout; train it with decision.dropout_passes 0 to export it."
        )


def graph_of(predictor: "Predictor") -> AnswerGraph:
    """The run as one module on the CPU; its networks are copied."""
    networks = [copy.deepcopy(network).cpu() for network in predictor.members]
    farthest = None if predictor.farthest is None else predictor.farthest.tolist()
    steps = predictor.description.config.model.max_steps
    return AnswerGraph(networks, predictor.decision, farthest, predictor.unlearnt, steps).eval().requires_grad_(False)


def traced(predictor: "Predictor") -> Any:
    """An `onnx.ModelProto` of the run.

    Raises:
        MismatchError: where the family cannot be traced, or only for batches of one size.
    """
    import onnxscript.optimizer
    from torch.export import Dim

    graph = graph_of(predictor)
    task = predictor.description.task
    names = list(task.dimensions)
    lengths = range(3, 3 + len(names))  # all different and above 1: a size of 1 would be taken for fixed
    values = tuple(torch.zeros(2, t, d) for t, d in zip(lengths, task.dimensions.values(), strict=True))
    mask = tuple(torch.ones(2, t, dtype=torch.bool) for t in lengths)
    # Two tensors: one for both would be taken for one input.
    recall, coverage = (torch.tensor(share, dtype=torch.float64) for share in (RECALL, COVERAGE))
    sizes = tuple({0: Dim("batch"), 1: Dim(f"steps_{m}")} for m in range(len(names)))
    try:
        with _quiet(), torch.inference_mode():
            outputs = list(graph.named(values, mask, recall, coverage))
            program = torch.onnx.export(
                graph,
                (values, mask, recall, coverage),
                input_names=[*names, *(f"{name}_mask" for name in names), "recall", "coverage"],
                output_names=outputs,
                dynamic_shapes=(sizes, sizes, None, None),
                dynamo=True,
                verbose=False,
                optimize=False,
            )
            assert program is not None
            onnxscript.optimizer.optimize_ir(program.model, input_size_limit=FOLDED, output_size_limit=FOLDED)
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, NotImplementedError) as fault:
        raise MismatchError(
            f"Expected a model family that can be traced, but {predictor.description.config.family} cannot "
            f"({_reason(fault)}); predict with lddu itself."
        ) from None
    model = program.model_proto
    if fixed := [
        node.name for node in model.graph.input if any(not d.dim_param for d in node.type.tensor_type.shape.dim[:2])
    ]:
        raise MismatchError(
            f"Expected a model family that takes any number of clips and steps, but the network of "
            f"{predictor.description.config.family} was traced with {fixed[0]} of one size; predict with lddu itself."
        )
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """What exporter and quantiser say to their own developers stays unsaid."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _with_int8(model: Any, temporary: Path) -> Any:
    """The same with weights of 8 bits; what enters a product is rounded to 8 bits as it comes."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet():
        quantize_dynamic(model, temporary, weight_type=QuantType.QInt8)
    return onnx.load(temporary)


def _describe(model: Any, predictor: "Predictor", int8: bool) -> None:
    """Say what the file is, and nothing about the machine that made it."""
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        value.ClearField("metadata_props")
    model.graph.ClearField("value_info")
    model.graph.ClearField("metadata_props")
    model.ClearField("metadata_props")
    model.graph.name, model.graph.doc_string, model.doc_string = "lddu", "", ""
    for key, value in sorted(described(predictor, int8).items()):
        model.metadata_props.add(key=key, value=value)


def described(predictor: "Predictor", int8: bool) -> dict[str, str]:
    """What the metadata of the file says: JSON, but for single words."""
    description = predictor.description
    task = description.task
    modalities = {name: {"dimension": d, "features": task.features[name]} for name, d in task.dimensions.items()}
    return {
        "lddu_version": lddu.__version__,
        "family": description.config.family,
        "networks": str(predictor.networks),
        "run_sha256": run_sha256(predictor.folder),
        "weights": "int8" if int8 else "float32",
        "emotions": json.dumps(task.emotions, ensure_ascii=False),
        "modalities": json.dumps(modalities, ensure_ascii=False),
        "thresholds": json.dumps(predictor.decision.given(list(task.dimensions)).thresholds),
        "max_steps": str(description.config.model.max_steps),
        "most_recall": str(predictor.decision.recall_sets.targets[-1]),
        "warnings": json.dumps(description.warnings, ensure_ascii=False),
        "simulated": json.dumps(task.simulated),
    }


def run_sha256(folder: "RunFolder") -> str:
    """Of the weights and the decision of a run: what its answers follow from."""
    digest = hashlib.sha256()
    for file in (folder.path / "decision.json", *(member.path / "model.safetensors" for member in folder.members())):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _compared(file: Path, predictor: "Predictor", int8: bool) -> Difference:
    """How far the file's answers lie from the run's.

    Raises:
        MismatchError: where that is too far.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # its errors share no other base
        raise MismatchError(
            f"Expected an .onnx file that onnxruntime reads, but the model family {predictor.description.config.family} uses "
            f"what it lacks ({_reason(fault)}); predict with lddu itself."
        ) from None
    measured = difference(session, predictor)
    if not int8 and measured.differing:
        raise MismatchError(
            f"Expected the .onnx file to answer as the run does, but {measured.differing} differs (probabilities by up to "
            f"{measured.probability:.2g}); nothing was written: predict with lddu itself, and report this."
        )
    if int8 and not measured.mean_probability <= INT8_MEAN:
        raise MismatchError(
            f"Expected weights of 8 bits to change probabilities by at most {INT8_MEAN} on average, but they change them by "
            f"{measured.mean_probability:.2g}; nothing was written: leave out {parameter('int8')}."
        )
    return measured


def _reason(fault: BaseException) -> str:
    """The first line of what lies behind an error of the exporter, whose own message is a page of advice."""
    while fault.__cause__ is not None:
        fault = fault.__cause__
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0][:160]
