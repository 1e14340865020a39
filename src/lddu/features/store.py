"""The feature store: a folder of memory-mapped features, a clip table and a manifest. Format in docs/data.md.

Sequences of all clips lie end to end in one array per modality, so that nothing is padded on disk and a clip is a
slice. Large corpora are several such parts. Nothing in a store can run code when it is read.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lddu.errors import StoreError
from lddu.features.clip_table import ClipTable, read_table
from lddu.features.tensor_file import map_tensors

FORMAT = "lddu-feature-store"
VERSION = 1


@dataclass(frozen=True)
class Part:
    """One safetensors file: `values` and `offsets` of a run of consecutive clips."""

    file: str
    clips: int
    steps: int
    sha256: str


@dataclass(frozen=True)
class Modality:
    """One stream of features.

    Attributes:
        name: such as ``text``, ``audio``, ``visual``.
        dimension: D, numbers per step.
        feature: what the numbers are, such as ``GloVe 300`` or an extractor's full configuration.
        parts: files that hold it, in clip order.
    """

    name: str
    dimension: int
    feature: str
    parts: tuple[Part, ...]


class FeatureStore:
    """Read access to a store folder. Opening reads the manifest only; features stay on disk until asked for.

    Example:
        >>> store = FeatureStore(store_folder)
        >>> store.emotions
        ('joy', 'anger')
        >>> store.steps("audio", 0).shape
        (3, 4)

    Raises:
        StoreError: where the folder is no store, is damaged, or was written by a newer version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.manifest = _read_manifest(self.path)
        try:
            self.emotions: tuple[str, ...] = tuple(self.manifest["emotions"])
            self.present_at = float(self.manifest["present_at"])
            self.modalities = {name: _modality(name, entry) for name, entry in self.manifest["modalities"].items()}
            self.simulated = bool(self.manifest.get("simulated", False))
            self._clips = sum(int(count) for count in self.manifest["splits"].values())
            self._table_sha256 = str(self.manifest["sha256"]["clips.parquet"])
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise StoreError(
                f"Expected {self.path / 'manifest.json'} to describe a store, but it is damaged ({fault!r}); "
                "import the corpus again."
            ) from None

    def __repr__(self) -> str:
        streams = ", ".join(f"{m.name} {m.dimension}" for m in self.modalities.values())
        return f"FeatureStore({str(self.path)!r}: {len(self)} clips, {streams}; {', '.join(self.emotions)})"

    def __len__(self) -> int:
        return self._clips

    @cached_property
    def table(self) -> ClipTable:
        """The clip table; read on first use."""
        table = read_table(self.path / "clips.parquet", self.emotions)
        if len(table) != len(self):
            raise StoreError(
                f"Expected {len(self)} clips in {self.path / 'clips.parquet'} as the manifest says, "
                f"but got {len(table)}; import the corpus again."
            )
        return table

    def lengths(self, modality: str) -> np.ndarray:
        """[N] steps of each clip; 0 where the modality is missing."""
        return np.concatenate([np.diff(offsets) for _, offsets in self._mapped(modality)])

    def steps(self, modality: str, clip: int) -> np.ndarray:
        """[T, D] features of one clip by row number, still on disk; T = 0 where the modality is missing."""
        first = 0
        for values, offsets in self._mapped(modality):
            if clip < first + len(offsets) - 1:
                return values[offsets[clip - first] : offsets[clip - first + 1]]
            first += len(offsets) - 1
        raise IndexError(f"Expected a clip below {first}, but got {clip}.")

    def times(self, modality: str, clip: int) -> np.ndarray | None:
        """[T, 2] start and end of each step in seconds from the clip's start; None where the store does not know."""
        first = 0
        self._mapped(modality)  # checks the modality and its parts
        for part in self.modalities[modality].parts:
            if clip < first + part.clips:
                arrays = map_tensors(self.path / part.file, StoreError)
                times, offsets = arrays.get("times"), arrays["offsets"]
                if times is None or times.shape != (part.steps, 2):
                    return None
                found = np.asarray(times[offsets[clip - first] : offsets[clip - first + 1]])
                return None if np.isnan(found).any() else found
            first += part.clips
        raise IndexError(f"Expected a clip below {first}, but got {clip}.")

    def present(self) -> np.ndarray:
        """[N, M] whether each clip has each modality."""
        return np.stack([self.lengths(name) > 0 for name in self.modalities], axis=1)

    def verify(self) -> list[str]:
        """Files whose content no longer matches the checksum in the manifest."""
        sums = {part.file: part.sha256 for m in self.modalities.values() for part in m.parts}
        sums["clips.parquet"] = self._table_sha256
        return [file for file, expected in sums.items() if file_sha256(self.path / file) != expected]

    @cached_property
    def _maps(self) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
        return {}

    def _mapped(self, modality: str) -> list[tuple[np.ndarray, np.ndarray]]:
        if modality not in self._maps:
            if modality not in self.modalities:
                raise StoreError(
                    f"Expected a modality out of {', '.join(self.modalities)} in {self.path}, but got {modality!r}."
                )
            stream = self.modalities[modality]
            self._maps[modality] = [_map_part(self.path, part, stream.dimension) for part in stream.parts]
        return self._maps[modality]


def file_sha256(path: Path) -> str:
    """Checksum of a file, hexadecimal; empty where it is absent."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_manifest(path: Path) -> dict[str, Any]:
    file = path / "manifest.json"
    if not file.is_file():
        found = "nothing is there" if not path.exists() else "it holds no manifest.json"
        cure = (
            "run 'lddu data import' on it first"
            if (path / "clips.csv").is_file() or path.is_file()
            else "check the path, or make a store with 'lddu data import' or 'lddu data simulate'"
        )
        raise StoreError(f"Expected {path} to be a feature store, but {found}; {cure}.")
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as fault:
        raise StoreError(f"Expected {file} to be JSON, but it is damaged ({fault}); import the corpus again.") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise StoreError(f"Expected {file} to be the manifest of an {FORMAT}, but it is something else.")
    if manifest.get("version") != VERSION:
        raise StoreError(
            f"Expected store format version {VERSION} in {file}, but got {manifest.get('version')!r}; "
            "update lddu, or import the corpus again."
        )
    return manifest


def _modality(name: str, entry: dict[str, Any]) -> Modality:
    parts = tuple(Part(str(p["file"]), int(p["clips"]), int(p["steps"]), str(p["sha256"])) for p in entry["parts"])
    if any(Path(part.file).name != part.file for part in parts):
        raise ValueError(f"a part of {name} lies outside the store")
    return Modality(name, int(entry["dimension"]), str(entry["feature"]), parts)


def _map_part(folder: Path, part: Part, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    arrays = map_tensors(folder / part.file, StoreError)
    values, offsets = arrays.get("values"), arrays.get("offsets")
    sound = (
        values is not None
        and offsets is not None
        and values.shape == (part.steps, dimension)
        and offsets.shape == (part.clips + 1,)
        and offsets.dtype.kind in "iu"
        and bool((np.diff(offsets) >= 0).all())
        and int(offsets[0]) == 0
        and int(offsets[-1]) == part.steps
    )
    if not sound or values is None or offsets is None:
        raise StoreError(
            f"Expected {folder / part.file} to hold {part.steps} steps of {dimension} numbers for {part.clips} clips, "
            "as the manifest says, but it holds something else; copy the store again or import the corpus again."
        )
    return values, np.asarray(offsets)
