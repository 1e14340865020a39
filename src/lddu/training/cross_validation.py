"""Cross-validation on one store: whole groups go to folds, each fold is tested once, and what was stopped goes on.

The folder holds `stores/fold-K`, the splits of each fold (features stay in the store); `fold-K`, a run folder like any other; and at the end
a run folder's own files for all test clips together, so that it is reported and compared as a run is.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lddu.config import Config
from lddu.errors import MismatchError, RunError, parameter
from lddu.evaluate.scored import LEAST_GROUPS
from lddu.machine.atomic import write_text
from lddu.models.families import preset
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
from lddu.sentences import counted, listed
from lddu.store.folds import Folds, fold_clips, fold_sentences, without_positives
from lddu.store.resplit import resplit
from lddu.store.store import FeatureStore, StoreLike, opened_store
from lddu.training.loop import NoCallback, TrainingCallback
from lddu.training.plan import RunOptions
from lddu.training.retrained import refuse_other
from lddu.training.run import train_or_resume
from lddu.training.side_by_side import Training, pace_in, train_all

ABOUT = "folds.json"


@dataclass(frozen=True)
class FoldOptions:
    """How clips go to folds.

    Attributes:
        folds: how many; None takes each group as one (leave one group out).
        group: column of the clip table that names the groups; ``clip`` lets each clip go anywhere.
        run: of each run; `init_from` plays no part, since those weights may know test clips.
    """

    folds: int | None = 5
    group: str = "group"
    run: RunOptions = RunOptions()


def cross_validate(
    store: StoreLike,
    out: str | Path,
    config: Config | None = None,
    folds: FoldOptions = FoldOptions(),
    callback: TrainingCallback | None = None,
    begins: Callable[[int, int, list[str]], None] | None = None,
) -> RunFolder:
    """Train a run for each fold: it is tested on fold k, chooses on fold k + 1 and learns from the others.

    Args:
        store: labelled; its own splits play no part, but for ``unused`` clips, which stay out. Or its path or URL.
        out: folder of the runs, new or of the same cross-validation, which goes on.
        config: settings of all runs; by default LDDU's preset ``default``.
        folds: how clips go to folds, and options of the runs.
        callback: called with the progress of each training.
        begins: called before each training with its number, that of the folds, and the groups that it is tested on.

    Returns:
        The folder, with the answers of all folds on their test clips.

    Raises:
        ConfigError: where the column is not there, or has too few groups.
        RunError: where `out` holds something else.
        MismatchError: where `out` is of other folds, settings or another store.
    """
    store, out = opened_store(store), Path(out)
    found, options = fold_clips(store, folds.folds, folds.group), replace(folds.run, init_from=None)
    config, callback = config or preset("default"), callback or NoCallback()
    _begun(store, out, found, options)
    stores = [_fold_store(store, out, found, k) for k in range(found.count)]
    paths = [out / f"fold-{k + 1}" for k in range(found.count)]
    alone = replace(options, force=False, jobs=1)
    for path, own in zip(paths, stores, strict=True):
        refuse_other(path, own, config, alone, "cross-validation")
    names = {f"fold {k + 1}": k for k in range(found.count)}
    missing = [
        Training(name, partial(train_or_resume, stores[k].address, paths[k], config, alone))
        for name, k in names.items()
        if not RunFolder(paths[k]).finished
    ]

    def begun(name: str) -> None:
        if begins is not None:
            begins(names[name] + 1, found.count, found.groups_of(names[name]))

    train_all(missing, pace_in(stores[0], config, options, found.count, callback), callback, begun)
    return _concluded(store, out, found, stores, options)


def _begun(store: FeatureStore, out: Path, folds: Folds, options: RunOptions) -> None:
    about = {"store": store.manifest_sha256, "folds": folds.count, "group": folds.column}
    file = out / ABOUT
    if options.force and file.is_file():
        shutil.rmtree(out)
    if out.exists() and not file.is_file() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(
            f"Expected {out} to be free or to hold a cross-validation, but it is something else; choose another {parameter('out')}."
        )
    if not file.is_file():
        out.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps({**about, "command": options.command}, indent=1, ensure_ascii=False) + "\n")
        return
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        other = [name for name, value in about.items() if found.get(name) != value]
    except (ValueError, AttributeError):
        raise RunError(f"Expected JSON in {file}, but it is damaged; choose another {parameter('out')}.") from None
    if other:
        raise MismatchError(
            f"Expected {out} to be of this cross-validation, but its {listed(other)} differ; choose another {parameter('out')}."
        )


def _fold_store(store: FeatureStore, out: Path, folds: Folds, k: int) -> FeatureStore:
    """The store of fold k; intervals draw its groups, or those of the store where there are too few."""
    several = len(set(folds.group[folds.fold >= 0].tolist())) >= LEAST_GROUPS
    group = folds.group if several and folds.column != "clip" else store.table.group
    return resplit(store, out / "stores" / f"fold-{k + 1}", folds.split(k), group, fold_sentences(store, folds, k))


def _concluded(
    store: FeatureStore, out: Path, folds: Folds, stores: Sequence[FeatureStore], options: RunOptions
) -> RunFolder:
    """Write what the folds say together."""
    runs = [RunFolder(out / f"fold-{k + 1}") for k in range(folds.count)]
    names = [[] if folds.column == "clip" else folds.groups_of(k) for k in range(folds.count)]
    rows = [fold_row(run, own, groups) for run, own, groups in zip(runs, stores, names, strict=True)]
    predicted, task = pooled_predictions(runs), runs[0].description.task
    constants = pooled_constants(stores, task.emotions, task.present_at)
    figures, summary = pooled_figures(predicted, thresholds_of(runs), constants), over_folds(rows)
    folder = RunFolder(out)
    description = _described(store, folds, runs, options)
    folder.write_json("config.json", description.to_mapping())
    predicted.write_parquet(out / "predictions.parquet")
    write_text(out / "folds.csv", folds_csv(rows, summary, figures))
    folder.write_json("metrics.json", _metrics(runs, rows, figures, summary, description))
    folder = RunFolder(out)
    if options.report:
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
    found = [run.read_json("metrics.json") for run in runs]
    protocols, costs = [own["protocol"] for own in found], [own["cost"] for own in found]
    differing = {key: "by fold" for key, value in protocols[0].items() if any(own[key] != value for own in protocols)}
    return {
        "splits": {"test": figures},
        "folds": [asdict(row) for row in rows],
        "over_folds": summary,
        "protocol": {**protocols[0], **differing},
        "cost": {
            **costs[0],
            "train_seconds": round(sum(own["train_seconds"] for own in costs), 2),
            "baseline_seconds": round(sum(own["baseline_seconds"] for own in costs), 2),
            "epochs": [n for own in costs for n in own["epochs"]],
            "best_epoch": [n for own in costs for n in own["best_epoch"]],
        },
        "warnings": list(description.warnings),
    }


def _described(store: FeatureStore, folds: Folds, runs: Sequence[RunFolder], options: RunOptions) -> RunDescription:
    first = runs[0].description
    about = {
        "path": store.address,
        "manifest_sha256": store.manifest_sha256,
        "source": store.manifest["source"],
        "init_from": None,
        "folds": {"count": folds.count, "group": folds.column},
    }
    return replace(first, store=about, warnings=tuple(_warnings(store, folds, runs)), command=options.command)


def _warnings(store: FeatureStore, folds: Folds, runs: Sequence[RunFolder]) -> list[str]:
    """What the runs warn of, once where all do, with the fold's number where only some do."""
    found = [f"{counted(n, 'clip')} left out of the folds: {why}" for why, n in folds.left_out.items()]
    if folds.alone:
        found.append(
            f"{counted(folds.alone, 'clip')} without a value in {folds.column!r}: each went to a fold by itself"
        )
    for emotion in store.emotions:
        if lacking := [str(k + 1) for k, name in without_positives(store, folds) if name == emotion]:
            found.append(
                f"no clip of fold{'s' if len(lacking) > 1 else ''} {listed(lacking)} shows {emotion}: no AP of it there"
            )
    own = [set(fold_sentences(store, folds, k)) for k in range(folds.count)]
    said = [[one for one in run.description.warnings if one not in own[k]] for k, run in enumerate(runs)]
    for sentence in dict.fromkeys(one for sentences in said for one in sentences):
        where = [str(k + 1) for k, sentences in enumerate(said) if sentence in sentences]
        found.append(sentence if len(where) == len(runs) else f"fold {listed(where)}: {sentence}")
    return found
