"""The pooled results of all folds in the files of a run folder, which is reported and compared as a run is."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lddu.machine.atomic import write_text
from lddu.runs.pooled_folds import (
    FoldRow,
    fold_row,
    folds_csv,
    over_folds,
    pooled_constants,
    pooled_figures,
    pooled_predictions,
    thresholds_of,
)
from lddu.runs.run_folder import RunDescription, RunFolder
from lddu.runs.seeds import differing
from lddu.sentences import counted, listed
from lddu.store.folds import Folds, fold_sentences, without_positives
from lddu.store.store import FeatureStore
from lddu.training.splits import Splits


def reopen(splits: Splits, path: Path) -> None:
    """Remove the files of all folds together, since one fold is trained again; does nothing without folds."""
    if splits.folds is not None:
        (path / "metrics.json").unlink(missing_ok=True)


def conclude_open(splits: Splits, paths: Iterable[Path], command: str) -> None:
    """Over folds, conclude every folder whose runs are finished and were not concluded; without folds each run did so itself.

    Raises:
        MismatchError: where the runs of one see other modalities.
    """
    for path in paths:
        whole = all(RunFolder(part.path).finished for part in splits.parts(path))
        if splits.folds is not None and whole and not RunFolder(path).finished:
            conclude_folds(splits, path, command)


def conclude_folds(splits: Splits, path: Path, command: str, report: bool = True) -> RunFolder:
    """Write the pooled results of the finished runs of all folds.

    Args:
        splits: of folds.
        path: of the folder that holds `fold-K`, and gets the files.
        command: the command line, for the record.
        report: whether to write one.

    Raises:
        MismatchError: where the runs see other modalities.
    """
    assert splits.folds is not None
    folds, store = splits.folds, splits.store
    runs = [RunFolder(part.path) for part in splits.parts(path)]
    names = [[] if folds.column == "clip" else folds.groups_of(k) for k in range(folds.count)]
    rows = [
        fold_row(run, fold_store, groups) for run, fold_store, groups in zip(runs, splits.stores, names, strict=True)
    ]
    predicted, task = pooled_predictions(runs), runs[0].description.task
    constants = pooled_constants(splits.stores, task.emotions, task.present_at)
    figures, summary = pooled_figures(predicted, thresholds_of(runs), constants), over_folds(rows)
    folder = RunFolder(path)
    description = _described(store, folds, runs, command)
    folder.write_json("config.json", description.to_mapping())
    predicted.write_parquet(path / "predictions.parquet")
    write_text(path / "folds.csv", folds_csv(rows, summary, figures))
    folder.write_json("metrics.json", _metrics(runs, rows, figures, summary, description))
    folder = RunFolder(path)
    if report:
        from lddu.pages.report import write_report

        write_report(folder)
    return folder


def _metrics(
    runs: Sequence[RunFolder],
    rows: Sequence[FoldRow],
    figures: dict[str, Any],
    summary: dict[str, Any],
    description: RunDescription,
) -> dict[str, Any]:
    metrics = [run.read_json("metrics.json") for run in runs]
    protocols, costs = [values["protocol"] for values in metrics], [values["cost"] for values in metrics]
    by_fold = {
        key: "by fold" for key, value in protocols[0].items() if any(protocol[key] != value for protocol in protocols)
    }
    return {
        "splits": {"test": figures},
        "folds": [asdict(row) for row in rows],
        "over_folds": summary,
        "protocol": {**protocols[0], **by_fold, "folds": description.store["folds"]},
        "cost": {
            **costs[0],
            "train_seconds": round(sum(cost["train_seconds"] for cost in costs), 2),
            "baseline_seconds": round(sum(cost["baseline_seconds"] for cost in costs), 2),
            "epochs": [n for cost in costs for n in cost["epochs"]],
            "best_epoch": [n for cost in costs for n in cost["best_epoch"]],
        },
        "warnings": list(description.warnings),
    }


def _described(store: FeatureStore, folds: Folds, runs: Sequence[RunFolder], command: str) -> RunDescription:
    first = runs[0].description
    about = {
        "path": store.address,
        "manifest_sha256": store.manifest_sha256,
        "source": store.manifest["source"],
        "init_from": None,
        "folds": {"count": folds.count, "group": folds.column, **_searched_settings(runs)},
    }
    return replace(first, store=about, warnings=tuple(_warnings(store, folds, runs)), command=command)


def _warnings(store: FeatureStore, folds: Folds, runs: Sequence[RunFolder]) -> list[str]:
    """The warnings of the runs: once where all have it, with the folds' numbers where only some do."""
    lines = [f"{counted(n, 'clip')} left out of the folds: {why}" for why, n in folds.left_out.items()]
    if folds.alone:
        lines.append(
            f"{counted(folds.alone, 'clip')} without a value in {folds.column!r}: each went to a fold by itself"
        )
    for emotion in store.emotions:
        if lacking := [str(k + 1) for k, name in without_positives(store, folds) if name == emotion]:
            lines.append(
                f"no clip of fold{'s' if len(lacking) > 1 else ''} {listed(lacking)} shows {emotion}: no AP of it there"
            )
    by_design = [set(fold_sentences(store, folds, k)) for k in range(folds.count)]
    others = [
        [warning for warning in run.description.warnings if warning not in by_design[k]] for k, run in enumerate(runs)
    ]
    if own_settings := _searched_settings(runs).get("settings"):
        lines.append(
            f"settings differ between the folds, each of which has its own ({', '.join(own_settings)}); those shown are of fold 1"
        )
    for sentence in dict.fromkeys(warning for sentences in others for warning in sentences):
        where = [str(k + 1) for k, sentences in enumerate(others) if sentence in sentences]
        lines.append(sentence if len(where) == len(runs) else f"fold {listed(where)}: {sentence}")
    return lines


def _searched_settings(runs: Sequence[RunFolder]) -> dict[str, Any]:
    """Settings that the folds do not share, each with its value in every fold; what ``"auto"`` made of each fold's clips is none."""
    apart = differing([run.path for run in runs])
    automatic = set.intersection(*(set(run.description.automatic) for run in runs))
    names = [name for name in next(iter(apart.values())) if name != "modalities" and name not in automatic]
    return {"settings": {name: [settings[name] for settings in apart.values()] for name in names}} if names else {}
