"""The presets on real corpora over seeds: `python benchmarks/presets.py DATA --corpus music_emotions --preset default --seeds 5`.

DATA holds the corpora in the table format. Prints one row of the table in docs/experiments.md per corpus and preset; runs that
are there already are not trained again. Any setting can be changed: `--set training.epochs=20`.
"""

import argparse
import json
import statistics
import tomllib
from pathlib import Path
from typing import Any

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.models.families import preset
from lddu.runs.run_folder import RunFolder
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import train

PRESENT_AT = {"face_votes": 0.2}


def main() -> None:
    """Train what is not there yet and print the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("runs/presets"))
    parser.add_argument("--label", default="")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.NAME=VALUE")
    options = parser.parse_args()
    store = corpus_store(options.data / options.corpus, options.out / "stores" / options.corpus)
    label = options.label or "-".join([options.preset, *options.set])
    config = preset(options.preset, overrides(options.set))
    metrics = []
    for seed in range(options.seeds):
        folder = RunFolder(options.out / f"{options.corpus}-{label}-{seed}")
        if not folder.finished:
            train(store, folder.path, config, RunOptions(seed=seed, force=True))
        metrics.append(folder.read_json("metrics.json"))
    print(row(options.corpus, label, metrics))


def corpus_store(source: Path, place: Path) -> FeatureStore:
    """The corpus as a store, imported once."""
    if not place.exists():
        import_corpus(source, place, options=ImportOptions(present_at=PRESENT_AT.get(source.name, 0.5)))
    return FeatureStore(place)


def overrides(settings: list[str]) -> dict[str, Any]:
    """`training.epochs=20` and the like as nested mappings."""
    nested: dict[str, dict[str, Any]] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        section, _, key = name.partition(".")
        nested.setdefault(section, {})[key] = tomllib.loads(f"value = {value}")["value"]
    return nested


def row(corpus: str, label: str, runs: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over the seeds, on test."""
    tests = [run["splits"]["test"] for run in runs]
    figures = [
        [test[key] for test in tests] for key in ("f1_micro", "f1_macro", "map_macro", "jaccard", "adaptive_ece")
    ]
    figures += [[test["error_auroc"][score] for test in tests] for score in ("width", "margin", "entropy", "product")]
    figures += [[test["aurc_of"][score] for test in tests] for score in ("margin", "product")]
    minutes = statistics.mean(run["cost"]["train_seconds"] for run in runs) / 60
    cells = [f"{statistics.mean(values):.4f} ± {spread(values):.4f}" for values in figures]
    chosen = json.dumps([run["protocol"]["uncertainty"] for run in runs])
    return " | ".join(["", corpus, label, str(len(runs)), *cells, f"{minutes:.1f}", chosen, ""]).strip()


def spread(values: list[float]) -> float:
    """Sample standard deviation; 0 of one value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
