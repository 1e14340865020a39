"""Whether a written .onnx file answers as its run does: both answer the same made-up clips."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lddu.decide.decision import FittedDecision
from lddu.runs.familiarity import FAR
from lddu.runs.figures import PredictOptions
from lddu.runs.predictions import Predictions
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store

if TYPE_CHECKING:
    from lddu.runs.predictor import Predictor

CLIPS = 32
LONGEST = 24
RECALL, COVERAGE = 0.9, 0.8
TOLERANCE = 1e-5
"""Between probabilities of the file and of the run; of other figures, this share of them where they are above 1."""

FLAGS = ("label", "label_set", "cannot_tell", "unfamiliar")
"""Outputs that are decisions: they may differ where what they cut lies this near to its cut."""


@dataclass(frozen=True)
class Difference:
    """Between the answers of a file and of its run.

    Attributes:
        probability: the largest difference of a probability.
        mean_probability: the mean one.
        differing: name of an output that differs by more than is allowed; empty where none does.
    """

    probability: float
    mean_probability: float
    differing: str = ""


def difference(session: Any, predictor: "Predictor", seed: int = 0) -> Difference:
    """What a file says beside what its run says.

    Args:
        session: an `onnxruntime.InferenceSession` of the file.
        predictor: the run.
        seed: of the clips.
    """
    with tempfile.TemporaryDirectory(prefix="lddu-onnx-") as place:
        store = random_store(Path(place) / "store", predictor, CLIPS, seed)
        options = PredictOptions(recall=RECALL, coverage=COVERAGE)
        inferred = predictor.infer(store)
        predictions = predictor.concluded(store, inferred, options)
        rows = [*range(len(predictions))]
        parts = [answers(session, store, some) for some in (rows[:1], rows[1:9], rows[9:])]
    outputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return compared(
        outputs,
        expected(predictions),
        margins(predictions, inferred.probability, predictor.decision, predictor.farthest),
    )


def compared(
    outputs: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray], margin: Mapping[str, np.ndarray]
) -> Difference:
    """How far the outputs of a file lie from those of the run.

    Args:
        outputs: of the file.
        reference: the same, of the run.
        margin: name of a flag -> how far what decides on it lies from its cut.
    """
    apart = np.abs(outputs["probability"] - reference["probability"])
    differing = (name for name in reference if _differs(name, outputs.get(name), reference[name], margin))
    return Difference(float(apart.max()), float(apart.mean()), next(differing, ""))


def _differs(name: str, output: np.ndarray | None, reference: np.ndarray, margin: Mapping[str, np.ndarray]) -> bool:
    """Whether an output lies further from the reference than rounding explains."""
    if output is None or output.shape != reference.shape:
        return True
    if name in FLAGS:
        return bool(((output != reference) & (margin[name] > TOLERANCE)).any())
    near = np.abs(output - reference) <= TOLERANCE * np.maximum(np.abs(reference), 1)
    return not (near | (np.isnan(output) & np.isnan(reference))).all()


def expected(predictions: Predictions) -> dict[str, np.ndarray]:
    """What a file should say, from what the run says."""
    columns = {
        "probability": predictions.probability,
        "label": predictions.label,
        "label_set": predictions.label_set,
        "uncertainty": predictions.uncertainty,
        "cannot_tell": predictions.abstained,
        "aleatoric": predictions.aleatoric,
        "modality_distance": predictions.modality_distance,
        "unfamiliar": predictions.unfamiliar,
        "emotion_aleatoric": predictions.emotion_aleatoric,
        "emotion_epistemic": predictions.emotion_epistemic,
    }
    evidence = {name: measured.values for name, measured in predictions.evidence.items()}
    return {name: np.asarray(values) for name, values in columns.items() if values is not None} | evidence


def margins(
    predictions: Predictions, raw: np.ndarray, decision: FittedDecision, farthest: np.ndarray | None
) -> dict[str, np.ndarray]:
    """How far each decided number lies from its cut: nearer than rounding, a flag may be either."""
    distance = np.zeros(0) if predictions.modality_distance is None else predictions.modality_distance
    far = np.abs(distance / (FAR * farthest) - 1) if farthest is not None else distance
    presence, clips = predictions.presented, len(predictions)
    cuts = np.empty((clips, 1))
    for one, rows in decision.by_presence(presence, clips):
        cuts[rows] = one.recall_sets.cut(RECALL)
    beyond = np.abs(predictions.uncertainty - decision.abstention.cut_for_coverage(COVERAGE))
    return {
        "label": np.abs(predictions.probability - decision.thresholds_of(presence, clips)),
        "label_set": np.abs(raw - cuts),
        "cannot_tell": np.minimum(beyond, np.nan_to_num(far, nan=np.inf).min(axis=1, keepdims=True, initial=np.inf)),
        "unfamiliar": far,
    }


def answers(session: Any, store: FeatureStore, rows: Sequence[int], extra: int = 0) -> dict[str, np.ndarray]:
    """Outputs of a file for some clips of a store, as one batch.

    Args:
        session: an `onnxruntime.InferenceSession` of the file.
        store: with the modalities of the run, or some of them.
        rows: of the clips.
        extra: steps of padding beyond the longest clip.
    """
    given = {node.name: node.shape for node in session.get_inputs()}
    dimensions = {name: shape[2] for name, shape in given.items() if f"{name}_mask" in given}
    outputs = session.run(None, batch_of(store, dimensions, rows, extra))
    return {node.name: values for node, values in zip(session.get_outputs(), outputs, strict=True)}


def batch_of(
    store: FeatureStore, dimensions: Mapping[str, int], rows: Sequence[int], extra: int = 0
) -> dict[str, np.ndarray]:
    """The inputs of a file for some clips, padded to the longest and by `extra` steps more."""
    inputs: dict[str, np.ndarray] = {"recall": np.array(RECALL), "coverage": np.array(COVERAGE)}
    for name, dimension in dimensions.items():
        held = name in store.modalities
        sequences = [store.steps(name, row) if held else np.zeros((0, dimension)) for row in rows]
        steps = max(1, *map(len, sequences)) + extra
        values = np.zeros((len(rows), steps, dimension), np.float32)
        mask = np.zeros((len(rows), steps), bool)
        for n, sequence in enumerate(sequences):
            values[n, : len(sequence)], mask[n, : len(sequence)] = sequence, True
        inputs |= {name: values, f"{name}_mask": mask}
    return inputs


def random_store(place: Path, predictor: "Predictor", clips: int, seed: int) -> FeatureStore:
    """Clips of random lengths and modalities, with features spread as those of training."""
    rng = np.random.default_rng(seed)
    description = StoreDescription((), dict(predictor.description.task.features), unlabelled=True)
    centres = {name: predictor.centre(m) for m, name in enumerate(predictor.modalities)}
    with writing_store(place, description) as writer:
        for clip in range(clips):
            features = {}
            for name, centre in centres.items():
                steps = int(rng.integers(1, LONGEST + 1))
                drawn = rng.standard_normal((steps, len(centre.mean)))
                features[name] = (centre.mean + centre.deviation * drawn).astype(np.float32)
            presented = [name for name in features if rng.random() < 0.7] or [predictor.modalities[0]]
            writer.add(ClipRow(f"clip{clip}", "", ()), {name: features[name] for name in presented})
    return FeatureStore(place)
