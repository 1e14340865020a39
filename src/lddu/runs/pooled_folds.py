"""The runs of a cross-validation together: every clip answered by the run that never saw its group, and the figures of each fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lddu.arrays import Floats
from lddu.errors import MismatchError
from lddu.evaluate.answered import HEADLINE, Answers, figures
from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.compare import intervals
from lddu.evaluate.metrics import Baseline, baseline_of, baselines, metrics
from lddu.evaluate.scored import Scored
from lddu.evaluate.trust import SELECTED, Judged, trust_figures
from lddu.models.measured import Measured
from lddu.runs.kept_answers import answers_of
from lddu.runs.predictions import ARRAYS, Predictions
from lddu.runs.run_folder import RunFolder
from lddu.runs.split_figures import CalibrationErrors, SplitFigures
from lddu.sentences import counted
from lddu.store.observation import presence_of
from lddu.store.store import FeatureStore


def folds_phrase(count: int, column: str) -> str:
    """The folds of a table in words.

    Example:
        >>> folds_phrase(5, "_speaker"), folds_phrase(3, "clip")
        ("5 folds by '_speaker'", '3 folds of single clips')
    """
    return f"{counted(count, 'fold')} {'of single clips' if column == 'clip' else f'by {column!r}'}"


def pooling_notes(column: str, by: str) -> str:
    """What figures of the test clips of all folds together cannot say.

    Args:
        column: that names the groups of the folds.
        by: what intervals are over, ``group`` or ``clip``.
    """
    note = "mAP and AUROC rank probabilities of different networks against each other."
    if by == "clip" and column != "clip":
        note += " There are too few groups to resample: intervals are over clips, as if those of a group were independent, and too narrow."
    return note


@dataclass(frozen=True)
class FoldRow:
    """One fold on its test clips.

    Attributes:
        run: name of its run folder.
        groups: of the test clips; empty where each clip is its own.
        clips: split -> how many.
        figures: those of `HEADLINE` that its test clips can give.
    """

    run: str
    groups: tuple[str, ...]
    clips: dict[str, int]
    figures: dict[str, float]


def fold_row(run: RunFolder, store: FeatureStore, groups: Sequence[str]) -> FoldRow:
    """The figures of a finished fold."""
    counts = store.table.split_counts()
    measured = figures(answers_of(run, "test"))
    clips = {split: counts.get(split, 0) for split in ("train", "valid", "test")}
    return FoldRow(run.name, tuple(groups), clips, {name: measured[name] for name in HEADLINE if name in measured})


def over_folds(rows: Sequence[FoldRow]) -> dict[str, dict[str, float | None]]:
    """Figure -> mean and standard deviation over the folds that can give it, and their number; one alone has no deviation."""
    summary: dict[str, dict[str, float | None]] = {}
    for name in HEADLINE:
        values = np.array([row.figures[name] for row in rows if name in row.figures])
        if len(values):
            spread = float(values.std(ddof=1)) if len(values) > 1 else None
            summary[name] = {"mean": float(values.mean()), "deviation": spread, "folds": len(values)}
    return summary


def pooled_predictions(runs: Sequence[RunFolder]) -> Predictions:
    """The answers of each run on its test clips, one after the other; what only some runs say is left out.

    Raises:
        MismatchError: where the runs see other modalities.
    """
    parts = [predictions.rows(predictions.split == "test") for predictions in (run.predictions() for run in runs)]
    first = parts[0]
    for run, part in zip(runs, parts, strict=True):
        if part.modalities != first.modalities:
            raise MismatchError(
                f"Expected all folds to see the same modalities, but {runs[0].place} sees {', '.join(first.modalities)} and {run.place} "
                f"{', '.join(part.modalities)}, since no training clip of it has the others; take fewer folds, or name modalities."
            )
        assert part.emotions == first.emotions, "folds are of one store"
    clips = np.concatenate([part.clip for part in parts])
    assert len(set(clips.tolist())) == len(clips), "a clip is tested once"
    names = [name for name in ARRAYS if all(getattr(part, name) is not None for part in parts)]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    evidence = {
        name: Measured(measured.evidence, np.concatenate([part.evidence[name].values for part in parts]))
        for name, measured in first.evidence.items()
        if all(name in part.evidence for part in parts)
    }
    carried = {name: np.concatenate([part.carried[name] for part in parts]) for name in first.carried}
    arrays = dict.fromkeys(ARRAYS) | joined
    return replace(first, **arrays, evidence=evidence, carried=carried)  # type: ignore[arg-type]


def pooled_figures(predicted: Predictions, thresholds: Floats, constants: Sequence[Baseline]) -> dict[str, Any]:
    """The figures of all test clips together, as a split of `metrics.json` has them; those before recalibration are not known.

    Args:
        predicted: of all folds.
        thresholds: [E] mean over the folds, for the record: decisions are those of each fold.
        constants: answers that are the same for all clips of a fold.
    """
    scored = Scored(
        predicted.probability, predicted.presence, predicted.clip, predicted.emotions, predicted.group, "test"
    )
    known = scored.known
    present, probability = scored.presence[known] == 1, scored.probability[known]
    errors = [calibration_error(probability, present, binning) for binning in ("equal_width", "equal_mass")]
    estimates = intervals(Answers("", scored, predicted.label))
    unnamed = (scored.presence == 1).any(axis=0) & ~predicted.label.any(axis=0)
    measured = SplitFigures(
        metrics=metrics(scored, thresholds, predicted.label),
        calibration=CalibrationErrors(errors[0], errors[1], errors[0], errors[1]),
        trust=trust_figures(Judged(scored, predicted.label, {SELECTED: predicted.uncertainty})),
        intervals={
            n: (estimate.low, estimate.high)
            for n, estimate in estimates.items()
            if n != "adaptive_ece" and estimate.low == estimate.low
        },
        baselines=tuple(constants),
        never_named=tuple(name for name, missed in zip(scored.emotions, unnamed, strict=True) if missed),
    ).to_mapping()
    return {name: value for name, value in measured.items() if name not in ("ece_raw", "adaptive_ece_raw")}


def pooled_constants(stores: Sequence[FeatureStore], emotions: tuple[str, ...], present_at: float) -> list[Baseline]:
    """What the constant answers of the folds reach together, each chosen on the training clips of its fold."""
    presences, labels = [], dict[str, list[np.ndarray]]()
    for store in stores:
        train, test = (
            presence_of(store, store.table.in_split(name), emotions, present_at) for name in ("train", "test")
        )
        presences.append(test)
        for baseline in baselines(train, test, emotions):
            named = np.isin(np.array(emotions, dtype=object), baseline.emotions)
            labels.setdefault(baseline.name, []).append(np.broadcast_to(named, test.shape))
    presence = np.concatenate(presences)
    return [baseline_of(name, np.concatenate(parts), presence, emotions) for name, parts in labels.items()]


def thresholds_of(runs: Sequence[RunFolder]) -> Floats:
    """[E] the mean over the runs, of each those of most of its test clips."""
    predicted = [run.predictions() for run in runs]
    tested = [predictions.presented[predictions.split == "test"] for predictions in predicted]
    decisions = [run.load_decision().of_most(presented) for run, presented in zip(runs, tested, strict=True)]
    return np.asarray(np.mean([decision.thresholds for decision in decisions], axis=0))


def folds_csv(
    rows: Sequence[FoldRow], summary: Mapping[str, Mapping[str, float | None]], pooled: dict[str, Any]
) -> str:
    """A line for each fold, then their mean and deviation, then the pooled clips with the ends of the interval."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["fold", "groups", "train", "valid", "test", *HEADLINE])
    for row in rows:
        cells = [row.figures.get(name, "") for name in HEADLINE]
        writer.writerow([row.run, len(row.groups) or "", *row.clips.values(), *cells])
    for what in ("mean", "deviation"):
        writer.writerow([what, "", "", "", "", *(summary[n][what] if n in summary else "" for n in HEADLINE)])
    values = {**pooled, "error_auroc": pooled["error_auroc"][SELECTED]}
    ends = {**pooled["intervals"], **{name: pooled.get(f"{name}_interval") for name in ("error_auroc", "adaptive_ece")}}
    lines: dict[str, list[Any]] = {"pooled": [values.get(name) for name in HEADLINE]}
    lines |= {
        f"pooled {end}": [(ends.get(name) or ("", ""))[k] for name in HEADLINE] for k, end in enumerate(("low", "high"))
    }
    for what, cells in lines.items():
        writer.writerow([what, "", "", "", pooled["n"], *cells])
    return text.getvalue()
