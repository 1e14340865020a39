"""Small stores and corpus folders to test on. Every builder takes what matters to a test and makes up the rest."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lddu.config import NOTHING_OPEN, Config
from lddu.corpora.simulated.simulate import SimulationConfig, simulate
from lddu.models.families import preset
from lddu.models.family import Task
from lddu.models.lddu.family import LDDU_FAMILY
from lddu.models.lddu.settings import PAPER, ResolvedModel
from lddu.models.network import Network
from lddu.store.clip_table import ClipRow, ClipTable
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store

EMOTIONS = ("joy", "anger")
DIMENSIONS = {"audio": 4, "text": 6}


def tiny_store(
    path: Path,
    clips: int = 20,
    emotions: Sequence[str] = EMOTIONS,
    dimensions: Mapping[str, int] | None = None,
    missing: Sequence[tuple[int, str]] = (),
    seed: int = 0,
) -> FeatureStore:
    """A sound store: 60 % train, 20 % valid, 20 % test, 1-5 steps a clip (the first clip has 3), labels 0, 1/3, 2/3, 1.

    Args:
        path: where it goes; replaced where one exists.
        clips: how many.
        emotions: their names.
        dimensions: modality -> numbers per step.
        missing: (row number, modality) that are left out.
        seed: of features and labels.
    """
    rng = np.random.default_rng(seed)
    sizes = dict(dimensions or DIMENSIONS)
    description = StoreDescription(tuple(emotions), {name: f"made-up {name}" for name in sizes})
    with writing_store(path, description, force=True) as writer:
        for i in range(clips):
            split = ("train", "train", "train", "valid", "test")[i % 5]
            shares = (rng.integers(0, 4, len(emotions)) / 3).tolist()
            steps = int(rng.integers(1, 6)) if i else 3
            features = {name: rng.standard_normal((steps, d)).astype(np.float32) for name, d in sizes.items()}
            kept = {name: values for name, values in features.items() if (i, name) not in set(missing)}
            writer.add(ClipRow(f"-clip{i}", split, shares, group=f"speaker{i % 10}", transcript=f"words {i}"), kept)
    return FeatureStore(path)


def untested_store(path: Path) -> FeatureStore:
    """A sound store without test clips."""
    with writing_store(path, StoreDescription(EMOTIONS, {"text": "made up", "audio": "made up"})) as writer:
        rng = np.random.default_rng(0)
        for i in range(30):
            row = ClipRow(f"c{i}", "train" if i % 3 else "valid", (rng.integers(0, 2, len(EMOTIONS)) * 1.0).tolist())
            writer.add(row, {name: rng.standard_normal((2, 3)).astype(np.float32) for name in ("text", "audio")})
    return FeatureStore(path)


def noisy_store(path: Path) -> FeatureStore:
    """Simulated, two modalities of known noise, large enough to hold twenty validation clips of each."""
    return simulate(path, SimulationConfig(clips=300, dimensions={"text": 12, "audio": 6}, missing=0.1))


def table_rows(clips: int = 6) -> list[dict[str, str]]:
    """Rows of a sound clip table: ids begin with '-', two emotions."""
    splits = ("train", "train", "valid", "test")
    return [
        {"clip": f"-c{i}", "split": splits[i % 4], "joy": str(i % 2), "anger": "0.5" if i % 3 else ""}
        for i in range(clips)
    ]


def clip_arrays(clips: int = 6, dimension: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays of the clips of `table_rows`, 2-4 steps each, none of them zero."""
    rng = np.random.default_rng(seed)
    return {f"-c{i}": rng.uniform(1, 2, (2 + i % 3, dimension)).astype(np.float32) for i in range(clips)}


def write_csv(path: Path, rows: Sequence[Mapping[str, str]], delimiter: str = ",") -> None:
    """Write rows under the header of the first."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an .npz; unlike numpy.savez it takes any name."""
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as stream:
                np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=True)


def table_folder(path: Path, clips: int = 6) -> Path:
    """A sound corpus in the table format, for a test to spoil: `clips.csv` and `audio.npz`."""
    path.mkdir(parents=True, exist_ok=True)
    write_csv(path / "clips.csv", table_rows(clips))
    write_npz(path / "audio.npz", clip_arrays(clips))
    return path


def tiny_model_config(**changes: Any) -> ResolvedModel:
    """The smallest network that has every part."""
    sizes: dict[str, Any] = {"hidden": 8, "latent": 4, "layers": 1, "heads": 2, "max_steps": 16}
    return ResolvedModel(**sizes | changes)


def tiny_network(dimensions: dict[str, int], emotions: int, **changes: Any) -> Network:
    """An untrained LDDU of the smallest size, behind a scaling that changes nothing."""
    config = PAPER.fitted_to(NOTHING_OPEN)
    names = tuple(f"e{n}" for n in range(emotions))
    task = Task(names, dimensions, dict.fromkeys(dimensions, "made up"), present_at=0.5, simulated=True)
    return Network(LDDU_FAMILY, task, replace(config, model=tiny_model_config(**changes)))


def tiny_config(name: str = "default", **sections: Mapping[str, Any]) -> Config:
    """A preset that trains in a second: small, few epochs and passes of dropout; `sections` as TOML would give them."""
    model: dict[str, Any] = {"hidden": 8, "latent": 4, "layers": 1, "heads": 2, "max_steps": 16, "shallow_networks": 0}
    training = {"epochs": 4, "patience": 4, "batch_size": 8, "learning_rate": 1e-3}
    objective: dict[str, Any] = {"memory_size": 64}
    decision: dict[str, Any] = {"dropout_passes": 2}
    base: dict[str, Mapping[str, Any]] = {
        "model": model, "training": training, "objective": objective, "decision": decision
    }  # fmt: skip
    names = dict.fromkeys([*base, *sections])
    return preset(name, {key: {**base.get(key, {}), **sections.get(key, {})} for key in names})


def with_table(corpus: FeatureStore, table: ClipTable) -> FeatureStore:
    """The same store with other clips in its table."""
    store = FeatureStore(corpus.path)
    store.__dict__["table"] = table
    return store
