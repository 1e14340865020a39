"""What extraction has finished: one small file per clip file, so that a killed run goes on where it was."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.face.action_units import TOOLS
from lddu.clips.face.mesh import MESH
from lddu.clips.face.pictures import GEOMETRY
from lddu.clips.spans import Source
from lddu.clips.steps import ClipFeatures, Steps
from lddu.clips.words.transcript import READING
from lddu.errors import StoreError
from lddu.machine.atomic import replaced_file
from lddu.store.tensor_file import write_tensors


class DoneFolder:
    """Finished files under a folder, each by a key of all that its features depend on.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> None:
        """Create it.

        Raises:
            StoreError: where nothing can be kept there.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreError(
                f"Expected to keep finished files in {self.path}, but got {fault.strerror}; choose a folder that can be "
                "written to."
            ) from None

    def holds(self, key: str) -> bool:
        """Whether the file with this key is finished."""
        return self._file(key).is_file()

    def put(self, key: str, clips: list[ClipFeatures]) -> None:
        """Keep a file's clips, in one step."""
        arrays: dict[str, np.ndarray] = {}
        entries = []
        for number, clip in enumerate(clips):
            for name, steps in clip.modalities.items():
                arrays[f"{number}/{name}/values"] = steps.values
                arrays[f"{number}/{name}/times"] = np.stack([steps.start, steps.end], axis=1)
            plain = {k: v for k, v in vars(clip).items() if k != "modalities"}
            entries.append({**plain, "modalities": list(clip.modalities)})
        with replaced_file(self._file(key)) as temporary:
            write_tensors(temporary, arrays, {"clips": json.dumps(entries)})

    def get(self, key: str) -> Iterator[ClipFeatures]:
        """The clips of a finished file, one by one."""
        from safetensors import safe_open

        with safe_open(self._file(key), framework="numpy") as arrays:
            for number, entry in enumerate(json.loads(arrays.metadata()["clips"])):
                modalities = {}
                for name in entry.pop("modalities"):
                    times = arrays.get_tensor(f"{number}/{name}/times")
                    values = arrays.get_tensor(f"{number}/{name}/values")
                    modalities[name] = Steps(values, times[:, 0], times[:, 1])
                yield ClipFeatures(**{**entry, "notes": tuple(entry["notes"])}, modalities=modalities)

    def forget(self) -> None:
        """Remove it with all it holds."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _file(self, key: str) -> Path:
        return self.path / f"{key}.safetensors"


_IN_FEATURES = ("text_layers", "voice_layer", "trim", "level")
"""Settings that `features` holds; they are younger than the keys in stores that are still updated."""


_YOUNGER = ("per_person", "most_tokens")
"""Settings that are younger than these keys too, and are in them only where they are used."""


def _as_named_first(config: ExtractorConfig) -> dict[str, Any]:
    """The settings, as keys of stores that are still updated have them: by the names of then, and without what is younger."""
    settings = {name: value for name, value in asdict(config).items() if name not in _YOUNGER or value}
    return {**settings, "face_model": MESH} if config.face_model == GEOMETRY else settings


def key_of(source: Source, config: ExtractorConfig, features: Mapping[str, str]) -> str:
    """A key that changes with the file, its transcript, its face table where that is read, the clips to make of it, and how features are made."""
    if source.words_alone:
        return _digest({"texts": [[span.clip, span.transcript] for span in source.spans], "text": features["text"]})
    described = {
        "file": _state(source.path),
        "transcript": [READING, *_state(source.transcript_file())],
        "face": _state(source.face_file()) if config.face_model in TOOLS else [],
        "clip": source.clip,
        "spans": [asdict(span) for span in source.spans],
        "config": {name: value for name, value in _as_named_first(config).items() if name not in _IN_FEATURES},
        "features": dict(features),
    }
    return _digest(described)


def _digest(described: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:32]


def _state(path: Path | None) -> list[object]:
    """What shows whether a file has changed; an absent file is a state too."""
    if path is None:
        return []
    try:
        stat = path.stat()
    except OSError:
        return [str(path.absolute())]
    return [str(path.absolute()), stat.st_size, stat.st_mtime_ns]
