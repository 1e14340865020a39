"""From raw clips to answers: extracted exactly as the run's training clips were, predicted, with a time line."""

import csv
import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.extractor import ExtractorConfig
from lddu.conclusion import NOTHING_MORE, Wish
from lddu.errors import MismatchError
from lddu.extract import Advance, Failure, extract
from lddu.features.store import FeatureStore
from lddu.predict import Predictor
from lddu.predictions import Predictions

BIN_SECONDS = 0.5
"""Length of a step of the time line."""


@dataclass(frozen=True, eq=False)
class ClipAnswers:
    """What a run says of raw clips.

    Attributes:
        predictions: of the N clips (files, or segments that were cut from them).
        file: [N] paths.
        start: [N] seconds into the file.
        end: [N] seconds into the file.
        transcript: [N] words, where known.
        influence: per clip, modality -> emotion -> probability minus the probability without the modality.
        timeline: per clip, modality -> emotion -> share of attention per half second of the clip.
        warnings: sentences that every reader should see.
        failures: files that could not be extracted.
    """

    predictions: Predictions
    file: list[str]
    start: list[float]
    end: list[float]
    transcript: list[str]
    influence: list[dict[str, dict[str, float]]]
    timeline: list[dict[str, dict[str, list[float]]]]
    warnings: list[str]
    failures: tuple[Failure, ...]

    def decided_by(self, n: int) -> str:
        """The modality without which the clip's most probable emotion would lose most; empty where none supports it."""
        emotion = self.predictions.emotions[int(np.argmax(self.predictions.probability[n]))]
        present = [
            m for m, v in zip(self.predictions.modalities, self.predictions.modality_error[n], strict=True) if v == v
        ]
        if len(present) == 1:
            return present[0]
        gains = {name: gain[emotion] for name, gain in self.influence[n].items()}
        best = max(gains, key=lambda name: gains[name], default="")
        return best if best and gains[best] > 0 else ""

    def to_records(self) -> list[dict[str, Any]]:
        """One JSON object per clip: those of `Predictions`, with place, words, influence and time line."""
        return [
            {
                **record,
                "file": self.file[n],
                "start": self.start[n],
                "end": self.end[n],
                "transcript": self.transcript[n],
                "decided_by": self.decided_by(n) or None,
                "influence": self.influence[n],
                "timeline": {"seconds_per_step": BIN_SECONDS, "modalities": self.timeline[n]},
            }
            for n, record in enumerate(self.predictions.to_records())
        ]

    def to_csv(self) -> str:
        """The columns of `Predictions` after file, start, end, words and the deciding modality; unknown is empty."""
        count = len(self.predictions)
        columns: dict[str, list[Any]] = {
            "file": self.file,
            "start": self.start,
            "end": self.end,
            "transcript": self.transcript,
            "decided_by": [self.decided_by(n) for n in range(count)],
            **self.predictions.to_columns(),
        }
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return stream.getvalue()


def extraction_of(predictor: Predictor) -> ExtractorConfig:
    """The settings with which the run's features were extracted.

    Raises:
        MismatchError: where the run was not trained on features of `lddu extract`.
    """
    features = predictor.description.task.features
    try:
        parsed = {name: json.loads(feature) for name, feature in features.items()}
        model = str(parsed["text"]["model"]) if "text" in parsed else None
        ours = all(isinstance(entry, dict) and {"words", "voice", "face"} & set(entry) for entry in parsed.values())
    except (ValueError, KeyError, TypeError):
        ours, model = False, None
    if not ours:
        told = "; ".join(f"{name}: {feature}" for name, feature in features.items())
        raise MismatchError(
            f"Expected a run trained on features that 'lddu extract' made, but {predictor.folder.path} was trained on "
            f"others ({told}); extract labelled clips with 'lddu extract', train on them, and predict with that run."
        )
    return ExtractorConfig() if model is None else ExtractorConfig(text_model=model)


def predict_clips(
    predictor: Predictor,
    inputs: Sequence[str],
    config: ExtractorConfig | None = None,
    wish: Wish = NOTHING_MORE,
    jobs: int | None = None,
    advance: Advance | None = None,
) -> ClipAnswers:
    """Extract clips and predict them.

    Args:
        predictor: a run that was trained on extracted features.
        inputs: files, folders, a manifest, or ``-``, as `lddu.extract.extract` takes them.
        config: how to cut clips and whether to recognise speech; how features are made is the run's own.
        wish: a promised recall, or a coverage beyond which no answer is given.
        jobs: files at once.
        advance: told after every file.

    Raises:
        MismatchError: where the run's features were made in another way.
        SourceError: where no clip at all could be extracted.
    """
    trained = extraction_of(predictor)
    config = trained if config is None else replace(config, text_model=trained.text_model)
    with tempfile.TemporaryDirectory(prefix="lddu-") as folder:
        done = extract(inputs, Path(folder) / "clips", config, jobs, advance=advance)
        store = FeatureStore(done.store)
        found = predictor.predict(store, wish=wish)
        rows = range(len(store))
        explained = [predictor.explain(store, row) for row in rows]
        emotions = predictor.description.task.emotions
        files = store.manifest["source"]["files"]
        file_of = {clip: entry["file"] for entry in files for clip in entry["clips"]}
        warnings = [w for w in predictor.warnings(store) if "is missing for every clip" not in w]
        return ClipAnswers(
            predictions=found,
            file=[file_of[clip] for clip in store.table.clip],
            start=store.table.start.tolist(),
            end=store.table.end.tolist(),
            transcript=store.table.transcript.tolist(),
            influence=[_named(e.influence, emotions) for e in explained],
            timeline=[_timeline(store, row, explained[row].attention, emotions) for row in rows],
            warnings=warnings + _missing(found, files),
            failures=done.failures,
        )


def _named(influence: dict[str, np.ndarray], emotions: Sequence[str]) -> dict[str, dict[str, float]]:
    return {name: dict(zip(emotions, gains.tolist(), strict=True)) for name, gains in influence.items()}


def _timeline(
    store: FeatureStore, row: int, attention: dict[str, np.ndarray], emotions: Sequence[str]
) -> dict[str, dict[str, list[float]]]:
    """Attention summed over half seconds of the clip."""
    seconds = float(store.table.end[row] - store.table.start[row])
    bins = max(1, int(np.ceil(seconds / BIN_SECONDS - 1e-6)))
    lines: dict[str, dict[str, list[float]]] = {}
    for name, weights in attention.items():
        times = store.times(name, row)
        assert times is not None  # every extracted step has its time
        at = np.clip((times.mean(axis=1)[: weights.shape[1]] / BIN_SECONDS).astype(int), 0, bins - 1)
        lines[name] = {
            emotion: np.bincount(at, weights[e, : len(at)], minlength=bins).tolist()
            for e, emotion in enumerate(emotions)
        }
    return lines


def _missing(found: Predictions, files: Sequence[dict[str, Any]]) -> list[str]:
    """What the answers rest on where a modality is missing, and why it is."""
    notes = {clip: told for entry in files for clip, told in entry["notes"].items()}
    sentences = []
    for m, name in enumerate(found.modalities):
        lacking = [str(clip) for clip in found.clip[np.isnan(found.modality_error[:, m])]]
        if lacking:
            why = sorted({note for clip in lacking for note in notes.get(clip, [])})
            told = f" ({'; '.join(why)})" if why else ""
            sentences.append(
                f"{name} is missing in {len(lacking)} of {len(found)} clips{told}: their answers rest on what is left"
            )
    return sentences
