"""The results of a run for each clip, for people and machines: table rows, parquet, CSV and JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lddu.arrays import Flags, Floats
from lddu.errors import RunError
from lddu.machine.atomic import replaced_file
from lddu.models.family import Evidence
from lddu.models.measured import Measured
from lddu.runs.ablation import Ablation
from lddu.runs.notebook import html_table
from lddu.runs.per_clip import ClipPrediction, PerClip, refuse_nothing
from lddu.store.clip_table import carried_columns

if TYPE_CHECKING:
    from lddu.exports.answered import Answered, Verdict
    from lddu.runs.timeline import Timeline

PER_EMOTION = {
    "probability": "probability",
    "label": "label",
    "uncertainty": "uncertainty",
    "present": "presence",
    "in_set": "label_set",
    "cannot_tell": "abstained",
    "share": "share",
    "expected_share": "expected_share",
    "aleatoric": "emotion_aleatoric",
    "epistemic": "emotion_epistemic",
}
"""Prefix of a table's columns -> field of `Predictions`."""

PER_MODALITY = {
    "distance": "modality_distance",
    "noisier_than": "noisier_than",
    "unfamiliar": "unfamiliar",
}
"""The same, a column per modality."""

_NOT_ARRAYS = ("emotions", "modalities", "missing_cost", "evidence", "carried", "none_means")

NONE_OF_THEM = "none of them"
"""Heading of the column that says what a clip shows in which every emotion is absent."""


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(PerClip[ClipPrediction]):
    """N clips, E emotions, M modalities; a list of `ClipPrediction`, and one array for each result over all of them.

    Attributes:
        clip: [N] ids.
        split: [N]; empty where the clip has none.
        group: [N]; empty where unknown.
        emotions: E names.
        modalities: M names.
        probability: [N, E] that the emotion is present, recalibrated.
        label: [N, E] the decision.
        presence: [N, E] 1, 0, or NaN where unknown: what was observed.
        uncertainty: [N, E] chance that the decision is wrong: the selected score.
        presented: [N, M] whether the clip has the modality.
        evidence: name -> what the model family gives beside probabilities: [N, E], or [N, M] with the mean over emotions;
            NaN where a modality is missing. `modality_error`, of every family: how likely a decision is wrong where the modality
            alone is given. LDDU gives `width`, Eq. (11), and, as the run was set, `modality_noise`, Eq. (18), and `modality_trust`, Eq. (20).
        modality_distance: [N, M] how far the modality's features lie from those of training: their root mean square in
            deviations of training; NaN where missing. None in predictions of older versions.
        noisier_than: [N, M] share of the run's validation clips with that modality that are less noisy; NaN where
            missing. None where the run does not hold their noise, or too few of them.
        unfamiliar: [N, M] whether that distance is clearly larger than that of any validation clip of the run. None
            where the run does not hold their distances, or too few of them.
        label_set: [N, E] the set with the promised recall; None where no recall was given.
        abstained: [N, E] where the decision is "can't tell"; None where no coverage was given and the run could learn every emotion
            from what the clips have.
        aleatoric: [N] how much people would differ about the clip: expected entropy of their votes in nats.
        share: [N, E] of raters, where they differ in the store.
        expected_share: [N, E] of raters who would name the emotion; None where the run's validation raters do not differ.
        emotion_aleatoric: [N, E] of an ensemble: mean entropy of its networks in nats, before recalibration.
        emotion_epistemic: [N, E] of an ensemble: what its networks disagree on, in nats.
        missing_cost: [N] the run's validation figures without the modalities that the clip lacks; None where it lacks
            none, or where that was not measured. Empty where it was not computed.
        carried: column of the store whose name begins with ``_`` -> [N] numbers, NaN where unknown, or [N] words.
        none_means: what a clip shows that shows none of the emotions, by the run's `about.json`; empty where that does not say.
    """

    clip: np.ndarray
    split: np.ndarray
    group: np.ndarray
    emotions: tuple[str, ...]
    modalities: tuple[str, ...]
    probability: Floats
    label: Flags
    presence: Floats
    uncertainty: Floats
    presented: Flags
    evidence: Mapping[str, Measured] = field(default_factory=dict)
    modality_distance: Floats | None = None
    noisier_than: Floats | None = None
    unfamiliar: Flags | None = None
    label_set: Flags | None = None
    abstained: Flags | None = None
    aleatoric: Floats | None = None
    share: Floats | None = None
    expected_share: Floats | None = None
    emotion_aleatoric: Floats | None = None
    emotion_epistemic: Floats | None = None
    missing_cost: tuple[Ablation | None, ...] = ()
    carried: Mapping[str, np.ndarray] = field(default_factory=dict)
    none_means: str = ""

    def __len__(self) -> int:
        return len(self.clip)

    def _repr_html_(self) -> str:
        return html_table(self, {"clip": self.clip.tolist()}, self.none_of_them())

    def rows(self, rows: np.ndarray) -> "Predictions":
        """A part of the clips, by row numbers or by a mask."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        costs = tuple(self.missing_cost[n] for n in np.arange(len(self))[rows]) if self.missing_cost else ()
        selected = {name: value[rows] for name, value in arrays.items() if value is not None}
        evidence = {name: measured.rows(rows) for name, measured in self.evidence.items()}
        carried = {name: values[rows] for name, values in self.carried.items()}
        return replace(self, **selected, missing_cost=costs, evidence=evidence, carried=carried)

    def to_columns(self) -> dict[str, list[Any]]:
        """Column name -> N values; None where unknown. `probability_joy`, `label_joy`, `uncertainty_joy`, ..."""
        columns: dict[str, list[Any]] = {name: getattr(self, name).tolist() for name in ("clip", "split", "group")}
        for prefix, name in PER_EMOTION.items():
            values = getattr(self, name)
            if values is not None:
                columns |= {f"{prefix}_{e}": _nullable(values[:, i]) for i, e in enumerate(self.emotions)}
        for prefix, name in PER_MODALITY.items():
            values = getattr(self, name)
            if values is not None:
                columns |= {f"{prefix}_{m}": _nullable(values[:, i]) for i, m in enumerate(self.modalities)}
        for measured in self.evidence.values():
            columns |= {
                f"{measured.evidence.prefix}_{name}": _nullable(column) for name, column in self._by_name(measured)
            }
        if self.aleatoric is not None:
            columns["aleatoric"] = _nullable(self.aleatoric)
        if self.none_means:
            columns["none_means"] = [self.shows_none(n) for n in range(len(self))]
        return columns | {name: _nullable(values) for name, values in self.carried.items()}

    def to_records(self) -> list[dict[str, Any]]:
        """One JSON object per clip; the schema is in docs/run_folder.md."""
        return [self._record(n) for n in range(len(self))]

    def _record(self, n: int) -> dict[str, Any]:
        record: dict[str, Any] = {
            "clip": self.clip[n],
            "emotions": self._chosen(self.label[n]),
            "probability": dict(zip(self.emotions, self.probability[n].tolist(), strict=True)),
            "uncertainty": dict(zip(self.emotions, self.uncertainty[n].tolist(), strict=True)),
            "evidence": {
                name: {key: _nullable(column[n : n + 1])[0] for key, column in self._by_name(measured)}
                for name, measured in self.evidence.items()
            },
            "missing": self._missing(n),
        }
        for name in PER_MODALITY.values():
            values = getattr(self, name)
            if values is not None:
                record["evidence"][name] = dict(zip(self.modalities, _nullable(values[n]), strict=True))
        if self.aleatoric is not None:
            record["aleatoric"] = float(self.aleatoric[n])
        if self.expected_share is not None:
            record["expected_share"] = dict(zip(self.emotions, self.expected_share[n].tolist(), strict=True))
        if self.emotion_aleatoric is not None and self.emotion_epistemic is not None:
            for name, values in (("aleatoric", self.emotion_aleatoric), ("epistemic", self.emotion_epistemic)):
                record["evidence"][name] = dict(zip(self.emotions, values[n].tolist(), strict=True))
        if self.label_set is not None:
            record["label_set"] = self._chosen(self.label_set[n])
        if self.abstained is not None:
            record["cannot_tell"] = self._chosen(self.abstained[n])
        if self.none_means:
            record["none_means"] = self.shows_none(n) or None
        if self.missing_cost:
            cost = self.missing_cost[n]
            record["missing_cost"] = None if cost is None else cost.to_mapping()
        if self.carried:
            record["carried"] = {name: _nullable(values[n : n + 1])[0] for name, values in self.carried.items()}
        return record

    def answered(self) -> "Answered":
        """The same, as `lddu.exports` takes it; where a clip lies is not known here."""
        from lddu.exports.answered import Answered, AnsweredClip

        kinds = [prefix for prefix, name in PER_EMOTION.items() if getattr(self, name) is not None]
        kinds += [m.evidence.prefix for m in self.evidence.values() if m.evidence.axes == ("emotion",)]
        speakers = self.carried.get("_speaker", np.full(len(self), ""))
        clips = [
            AnsweredClip(
                str(self.clip[n]), "", math.nan, math.nan, "", str(speakers[n]),
                dict(zip(self.emotions, self.probability[n].tolist(), strict=True)), self.verdicts(n),
                none_means=self.shows_none(n),
            )
            for n in range(len(self))
        ]  # fmt: skip
        return Answered(self.emotions, clips, self.to_columns(), kinds, self.to_records())

    def timeline(self) -> "Timeline":
        """Probabilities clip by clip, in their order, as a picture; it is not known here when a clip was.

        Raises:
            MismatchError: where there is no clip.
        """
        from lddu.runs.timeline import Stretch, Timeline

        refuse_nothing(self)
        clips = enumerate(self.probability)
        stretches = tuple(Stretch(n, n + 1, probability, tuple(self.verdicts(n).values())) for n, probability in clips)
        return Timeline("", self.emotions, (), stretches, timed=False)

    def verdicts(self, n: int) -> "dict[str, Verdict]":
        """Emotion -> what is decided on it in clip n."""
        unsure = np.zeros(len(self.emotions), bool) if self.abstained is None else self.abstained[n]
        return {
            emotion: "can't tell" if silent else "present" if present else "absent"
            for emotion, silent, present in zip(self.emotions, unsure, self.label[n], strict=True)
        }

    def shows_none(self, n: int) -> str:
        """What clip n shows that shows none of the emotions for certain, such as ``neutral``; else empty.

        It is not certain where the run abstains on an emotion, where the set with the promised recall holds one, where the clip is out
        of distribution, and where it has no modality.
        """
        may = [own[n] for own in (self.label, self.abstained, self.label_set, self.unfamiliar) if own is not None]
        return "" if any(flags.any() for flags in may) or not self.presented[n].any() else self.none_means

    def none_of_them(self) -> dict[str, list[str]]:
        """The column of `shows_none` for tables; none where it would be empty."""
        column = [self.shows_none(n) for n in range(len(self))]
        return {NONE_OF_THEM: column} if any(column) else {}

    def _by_name(self, measured: Measured) -> list[tuple[str, Floats]]:
        """Emotion or modality, and [N] values of it."""
        names = self.modalities if measured.evidence.axes == ("modality",) else self.emotions
        return list(zip(names, measured.values.T, strict=True))

    def _chosen(self, flags: Flags) -> list[str]:
        return [emotion for emotion, flag in zip(self.emotions, flags, strict=True) if flag]

    def one(self, n: int) -> ClipPrediction:
        """The result of clip n."""
        return ClipPrediction(
            clip=str(self.clip[n]),
            emotions=tuple(self._chosen(self.label[n])),
            probability=dict(zip(self.emotions, self.probability[n].tolist(), strict=True)),
            uncertainty=dict(zip(self.emotions, self.uncertainty[n].tolist(), strict=True)),
            missing=tuple(self._missing(n)),
            label_set=None if self.label_set is None else tuple(self._chosen(self.label_set[n])),
            cannot_tell=None if self.abstained is None else tuple(self._chosen(self.abstained[n])),
            none_means=self.shows_none(n),
        )

    def _missing(self, n: int) -> list[str]:
        return [m for m, there in zip(self.modalities, self.presented[n], strict=True) if not there]

    def write_parquet(self, path: Path) -> None:
        """Write `to_columns` as parquet, in one step."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table(self.to_columns())
        described = table.replace_schema_metadata(
            {
                "emotions": "\n".join(self.emotions),
                "modalities": "\n".join(self.modalities),
                "evidence": json.dumps([asdict(measured.evidence) for measured in self.evidence.values()]),
            }
        )
        with replaced_file(path) as temporary:
            pq.write_table(described, temporary)


MODALITY_ERROR = "modality_error"
"""The chance of a wrong decision where a modality alone is given."""


def without_modality_error(predictions: Predictions) -> Predictions:
    """Predictions that do not say how likely each modality errs alone."""
    evidence = {name: measured for name, measured in predictions.evidence.items() if name != MODALITY_ERROR}
    return replace(predictions, evidence=evidence)


OLD_EVIDENCE = (
    Evidence("width", ("emotion",), False, ""),
    Evidence(MODALITY_ERROR, ("modality",), False, "", "error"),
    Evidence("modality_noise", ("modality",), False, "", "noise"),
    Evidence("modality_trust", ("modality",), True, "", "trust"),
)
"""What predictions of run format 1 hold without naming it."""


def _kind(mapping: dict[str, Any]) -> Evidence:
    return Evidence(**{**mapping, "axes": tuple(mapping["axes"])})


def read_predictions(path: Path) -> Predictions:
    """Read what `write_parquet` wrote.

    Raises:
        RunError: where the file is absent or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read(use_threads=False)  # `read_table` imports pandas where it is installed
        metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        emotions, modalities = (
            tuple(metadata[axis].split("\n") if metadata[axis] else ()) for axis in ("emotions", "modalities")
        )

        def stack(prefix: str, names: tuple[str, ...]) -> np.ndarray:
            columns = [np.array(table[f"{prefix}_{name}"].to_pylist(), dtype=np.float64) for name in names]
            return np.stack(columns, axis=1) if columns else np.zeros((table.num_rows, 0))

        def stack_if_there(prefix: str, names: tuple[str, ...] = emotions) -> Floats | None:
            return stack(prefix, names) if not names or f"{prefix}_{names[0]}" in table.column_names else None

        known = json.loads(metadata["evidence"]) if "evidence" in metadata else OLD_EVIDENCE
        kinds = [kind if isinstance(kind, Evidence) else _kind(kind) for kind in known]
        names = {"emotion": emotions, "modality": modalities}
        evidence = {
            kind.name: Measured(kind, values)
            for kind in kinds
            if (values := stack_if_there(kind.prefix, names[kind.axes[0]])) is not None
        }
        distance = stack_if_there("distance", modalities)
        there = evidence[MODALITY_ERROR].values if distance is None and MODALITY_ERROR in evidence else distance
        if there is None:
            raise KeyError("distance")
        aleatoric = np.array(table["aleatoric"].to_pylist(), float) if "aleatoric" in table.column_names else None
        words = [np.array(table[name].to_pylist(), dtype=object) for name in ("clip", "split", "group")]
        return Predictions(
            words[0], words[1], words[2], emotions, modalities, stack("probability", emotions), stack("label", emotions) == 1,
            stack("present", emotions), stack("uncertainty", emotions), ~np.isnan(there), evidence, distance,
            aleatoric=aleatoric, share=stack_if_there("share"), expected_share=stack_if_there("expected_share"),
            emotion_aleatoric=stack_if_there("aleatoric"), emotion_epistemic=stack_if_there("epistemic"),
            carried=carried_columns(table),
        )  # fmt: skip
    except FileNotFoundError:
        raise RunError(f"Expected predictions in {path}, but they are not there; finish the run first.") from None
    except (pa.ArrowException, OSError, KeyError, ValueError, UnicodeDecodeError) as fault:
        raise RunError(
            f"Expected {path} to hold predictions of a run, but it is damaged ({fault}); copy the run again."
        ) from None


ARRAYS = tuple(one.name for one in fields(Predictions) if one.name not in _NOT_ARRAYS)
"""What is said of all clips, an array each."""


def _nullable(values: np.ndarray) -> list[Any]:
    if values.dtype in (np.bool_, np.object_):
        return list(values.tolist())
    return [None if np.isnan(value) else float(value) for value in values]
