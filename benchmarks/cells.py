"""The default against simple baselines on seven cells, and on the new features of voice, words and faces.

python -m benchmarks.cells DATA --cells music_emotions

DATA holds the corpora of docs/experiments.md (`music_emotions`, `meld_dev`, `face_votes`, `words`, `voices`). Everything is
chosen on valid. Each (cell, fold, variant, seed) is one line of `results.jsonl` and one file of probabilities under
OUT; what is there already is not computed again, and nothing but OUT is written. `--table` prints test figures with the paired
standard error of the difference to the best baseline. The cells of faces need `OUT/faces/out_of_fold.npz`, which
benchmarks/train_expression.py makes.
"""

import argparse
import csv
import gzip
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.cell_baselines import BASELINES, arrays_of
from benchmarks.cell_faces import faces
from benchmarks.cell_figures import figures_of_cell, table
from benchmarks.cell_runs import run_default
from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.store.store import FeatureStore

PRESENT_AT = {"face_votes": 0.2, "faces_geometry": 0.2, "faces_read": 0.2}
GOEMOTIONS = ("happy", "sad", "anger", "surprise", "disgust", "fear")
FOLDS = 5
SPEAKERS = ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")


@dataclass(frozen=True)
class Cell:
    """One corpus of the comparison: how its table is made, once a fold, and which baselines are tried."""

    name: str
    make: Callable[[Path, Path], Iterable[Path]]
    baselines: tuple[str, ...] = ("logistic", "svm", "mlp")


def main() -> None:
    """Compute the chosen results that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cells", nargs="+", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--variant", default="default", help="name of the settings, or a baseline, or 'baselines'")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.NAME=VALUE")
    parser.add_argument("--out", type=Path, default=Path("runs/cells"))
    parser.add_argument("--table", action="store_true", help="print the figures of what is there")
    parser.add_argument(
        "--against", default="", help="variant that the others are compared with; else the best baseline"
    )
    options = parser.parse_args()
    for name in options.cells:
        stores = list(stores_of(CELLS[name], options.data, options.out))[: options.folds]
        if options.table:
            print(table(name, options.out, options.against))
            continue
        variants = CELLS[name].baselines if options.variant == "baselines" else (options.variant,)
        for variant in variants:
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                for fold, store in enumerate(stores):
                    compute(options, name, variant, seed if variant not in ("logistic", "svm") else 0, fold, store)


def compute(options: argparse.Namespace, name: str, variant: str, seed: int, fold: int, store: FeatureStore) -> None:
    """One result, unless it is there."""
    place = options.out / "scores" / f"{name}.{fold}.{variant}.{seed}.npz"
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    truth = arrays_of(store)
    if variant in BASELINES:
        valid, test, recorded = BASELINES[variant](truth, seed)
        results = {"": {"valid": valid, "test": test}}
    else:
        results, recorded = run_default(store, seed, options.set, options.out / "fits")
    recorded["seconds"] = round(time.monotonic() - began, 1)
    for suffix in reversed(results):  # the one that is looked for comes last
        columns = results[suffix]
        temporary = place.with_name(f".{place.name}.tmp")
        with temporary.open("wb") as stream:
            np.savez_compressed(stream, **columns)  # type: ignore[arg-type]
        temporary.rename(place.with_name(f"{name}.{fold}.{variant}{suffix}.{seed}.npz"))
        figures = figures_of_cell(truth, columns, name)
        line = {"cell": name, "fold": fold, "variant": variant + suffix, "seed": seed, **recorded, **figures}
        if "trust" in columns:
            line["width_product"] = np.round(columns["trust"], 4).tolist()
        with (options.out / "results.jsonl").open("a") as stream:
            stream.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def stores_of(cell: Cell, data: Path, out: Path) -> Iterator[FeatureStore]:
    """The cell's stores, one a fold; made once."""
    for fold, source in enumerate(cell.make(data, out / "tables")):
        place = out / "stores" / f"{cell.name}-{fold}"
        if not place.exists():
            import_corpus(source, place, options=ImportOptions(present_at=PRESENT_AT.get(cell.name, 0.5)))
        yield FeatureStore(place)


def shipped(name: str) -> Callable[[Path, Path], Iterable[Path]]:
    """A corpus that is a table already."""
    return lambda data, _: [data / name]


def words(name: str, labels: str, small: bool, layers: str = "last") -> Callable[[Path, Path], Iterable[Path]]:
    """GoEmotions as MiniLM means over tokens, of the last layer or of `both`, the third and the last."""

    def make(data: Path, tables: Path) -> Iterable[Path]:
        folder = tables / name
        if not (folder / "clips.csv").exists():
            rows = comments(data / "words", labels, small)
            values = minilm(tables.parent, rows, layers)
            write_table(folder, rows, {"text": values})
        return [folder]

    return make


def comments(folder: Path, labels: str, small: bool) -> list[dict[str, str]]:
    """Rows of clip, split and 0/1 labels."""
    with gzip.open(folder / "goemotions.csv.gz", "rt", encoding="utf-8") as stream:
        rows_of = {row["clip"]: row for row in csv.DictReader(stream)}
    split = {clip: row["split"] for clip, row in rows_of.items()}
    if small:
        with (folder / "goemotions_6000.csv").open(encoding="utf-8") as stream:
            split = {row["clip"]: row["split"] for row in csv.DictReader(stream)}
    rows = [{"clip": clip, "split": part, "transcript": rows_of[clip]["transcript"]} for clip, part in split.items()]
    if labels == "six":
        columns = {clip: {name: rows_of[clip][name] for name in GOEMOTIONS} for clip in split}
        columns = {clip: {**row, "neutral": rows_of[clip]["_neutral"]} for clip, row in columns.items()}
        return [{**row, **columns[row["clip"]]} for row in rows]
    with gzip.open(folder / "goemotions_28.csv.gz", "rt", encoding="utf-8") as stream:
        emotions_of = {row["clip"]: set(row["emotions"].split("|")) for row in csv.DictReader(stream)}
    names = sorted(set().union(*emotions_of.values()))
    return [{**row, **{name: str(int(name in emotions_of[row["clip"]])) for name in names}} for row in rows]


def minilm(cache: Path, rows: list[dict[str, str]], layers: str) -> dict[str, np.ndarray]:
    """Clip -> mean over tokens of these layers; what is not in the cache is computed."""
    from benchmarks.cell_words import embedded

    states = embedded(cache / "minilm", {row["clip"]: row["transcript"] for row in rows})
    return states if layers == "both" else {clip: values[len(values) // 2 :] for clip, values in states.items()}


def emodb(features: str) -> Callable[[Path, Path], Iterable[Path]]:
    """EMO-DB, one column per acted class; fold k tests the speakers of place k in turn and validates on the next."""

    def make(data: Path, tables: Path) -> Iterable[Path]:
        means = np.load(data / "voices" / "means.npz")
        vectors = dict(zip(means["clip"].tolist(), means[features].astype(np.float32), strict=True))
        with (data / "voices" / "emodb" / "clips.csv").open(encoding="utf-8") as stream:
            clips = list(csv.DictReader(stream))
        acted = sorted({row["_acted"] for row in clips})
        for fold in range(FOLDS):
            folder = tables / f"emodb{'' if features == 'layer2' else '_' + features}-{fold}"
            if not (folder / "clips.csv").exists():
                rows = [
                    {"clip": row["clip"], "split": emodb_split(row["group"], fold), "group": row["group"]}
                    | {name: str(int(row["_acted"] == name)) for name in acted}
                    for row in clips
                ]
                write_table(folder, rows, {"voice": vectors})
            yield folder

    return make


def emodb_split(speaker: str, fold: int) -> str:
    """Two speakers test, the next two validate, six train."""
    place = (SPEAKERS.index(speaker.removeprefix("emodb-")) // 2 - fold) % FOLDS
    return {0: "test", 1: "valid"}.get(place, "train")


def write_table(folder: Path, rows: list[dict[str, str]], modalities: dict[str, dict[str, np.ndarray]]) -> None:
    """A folder in the table format; `clips.csv` comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, vectors in modalities.items():
        np.savez(folder / f"{name}.npz", **{row["clip"]: vectors[row["clip"]][None] for row in rows})  # type: ignore[arg-type]
    lines = [{key: value for key, value in row.items() if key != "transcript"} for row in rows]
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


CELLS: dict[str, Cell] = {
    cell.name: cell
    for cell in (
        Cell("music_emotions", shipped("music_emotions")),
        Cell("meld_dev", shipped("meld_dev")),
        Cell("emodb", emodb("layer2")),
        Cell("words_6", words("words_6", "six", small=True)),
        Cell("words_28", words("words_28", "28", small=True)),
        Cell("words_full", words("words_full", "six", small=False), ("logistic", "mlp")),
        Cell("face_votes", shipped("face_votes")),
        Cell("emodb_measured", emodb("measured")),
        Cell("words_layers", words("words_layers", "six", small=False, layers="both"), ("logistic", "mlp")),
        Cell("faces_geometry", faces(with_network=False)),
        Cell("faces_read", faces(with_network=True)),
    )
}

if __name__ == "__main__":
    main()
