"""The stores that the fixtures of every corpus form must become, number by number.

`python -m tests.golden_corpora` writes them anew; look at the difference before you commit it.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.store.store import FeatureStore
from tests import builders_corpora as build

FOLDER = Path(__file__).parent / "golden" / "corpora"

Made = tuple[Path, Mapping[str, Any]]
"""A source and the options to import it with."""


def _mosei(folder: Path, **options: Any) -> Made:
    return build.mosei_folder(folder / "mosei"), {"folds": build.odd_folds(folder / "folds.json"), **options}


def _mmsa(folder: Path, aligned: bool) -> Made:
    source = build.write_pickle(folder / "mosei.pkl", build.mmsa_content(aligned))
    return source, {"labels": build.mmsa_labels(folder / "labels" / "CMU_MOSEI_Labels.csd")}


def _m3ed(folder: Path, protocol: str, annotated: bool) -> Made:
    content = build.m3ed_content()
    source = build.write_pickle(folder / "m3ed.pkl", content)
    options = {"protocol": protocol}
    if annotated:
        labels = build.write_json(folder / "annotation.json", build.annotation_content(content))
        return source, {**options, "labels": labels}
    return source, options


CASES: Mapping[str, Callable[[Path], Made]] = {
    "mosei-aligned": _mosei,
    "mosei-unaligned": lambda folder: _mosei(folder, unaligned=True, **{"max-steps": {"audio": 12}}),
    "tailor": lambda folder: (build.write_tailor(folder / "mosei.pt"), {}),
    "m3ed-carat": lambda folder: (build.write_tailor(folder / "m3ed_data.pt", build.tailor_content(7)), {}),
    "mmsa-aligned": lambda folder: _mmsa(folder, aligned=True),
    "mmsa-unaligned": lambda folder: _mmsa(folder, aligned=False),
    "m3ed-dialogue": lambda folder: _m3ed(folder, "dialogue", annotated=False),
    "m3ed-utterance": lambda folder: _m3ed(folder, "utterance", annotated=True),
}
"""Name -> how to build the source in an empty folder."""


def imported(name: str, folder: Path) -> FeatureStore:
    """The store of a case."""
    source, options = CASES[name](folder)
    return import_corpus(source, folder / "store", options=ImportOptions(extra=options))


def content_of(store: FeatureStore) -> dict[str, Any]:
    """Everything in a store that a reader of it can see, as JSON."""
    table = store.table
    clips = [
        {
            "clip": table.clip[i], "split": table.split[i], "group": table.group[i], "start": _number(table.start[i]),
            "end": _number(table.end[i]), "transcript": table.transcript[i],
            "labels": [_number(share) for share in table.labels[i]],
            "carried": {column: _number(values[i]) for column, values in table.carried.items()},
            "features": {
                modality: [[_number(number) for number in row] for row in store.steps(modality, i)]
                for modality in store.modalities
            },
        }
        for i in range(len(store))
    ]  # fmt: skip
    return {"emotions": list(store.emotions), "repairs": store.manifest["repairs"], "clips": clips}


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def main() -> None:
    """Write all golden stores anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            content = content_of(imported(name, Path(folder)))
        (FOLDER / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
