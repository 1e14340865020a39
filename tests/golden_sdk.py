"""What the CMU Multimodal SDK itself makes of two made-up corpora: `.csd` files that it wrote, and its alignment of them.

The SDK has no licence file and is no dependency, so its answer is kept in `tests/golden/sdk` and every machine checks
against it. To make it anew (the answer has not changed if git sees no difference in `aligned.json`):

    pip install cmu-multimodal-sdk==0.0.6
    python -m tests.golden_sdk
"""

import contextlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.builders_corpora import METADATA, ROOTS, Entry, mosei_videos

FOLDER = Path(__file__).parent / "golden" / "sdk"
STREAMS = {"text": "glove_vectors", "audio": "COVAREP", "visual": "FACET 4.2"}
"""Modality -> name of its sequence."""

Files = dict[str, dict[str, Entry]]
Aligned = dict[str, dict[str, dict[str, list[Any]]]]
"""Modality -> segment -> intervals and features of its words."""


def awkward_videos() -> Files:
    """Three videos whose frames do not fit the words: gaps, overlaps, frames longer than words, tiny words."""
    rng = np.random.default_rng(3)
    files = mosei_videos(3, 12.0)
    for name in ("CMU_MOSEI_COVAREP", "CMU_MOSEI_VisualFacet42"):
        for video, (intervals, values) in files[name].items():
            moved = intervals + rng.uniform(-0.02, 0.02, intervals.shape)
            kept = rng.random(len(moved)) > 0.3
            kept[(moved[:, 0] > 4) & (moved[:, 1] < 5.2)] = False
            files[name][video] = moved[kept], values[kept]
    for video in files["CMU_MOSEI_TimestampedWordVectors"]:
        edges = np.concatenate([[0], np.sort(rng.uniform(0, 12, 23)), [12]])
        words = np.stack([edges[:-1], edges[1:]], axis=1)
        words[5, 1] = words[5, 0] + 4e-4
        for name in ("CMU_MOSEI_TimestampedWordVectors", "CMU_MOSEI_TimestampedWords"):
            files[name][video] = words, files[name][video][1]
        starts = np.sort(rng.uniform(-0.3, 9, 4))
        labels = files["CMU_MOSEI_Labels"][video][1]
        spans = np.stack([starts, starts + rng.uniform(1, 4, 4)], axis=1)[[2, 0, 3, 1]]
        files["CMU_MOSEI_Labels"][video] = spans, np.concatenate([labels, labels[:1]])
    return files


def lacking_videos() -> Files:
    """Four videos that lack something.

    -video0: a face in the last of three segments only, and a voice with -inf. -video1: no face. -video2: no words.
    -video3: whole.
    """
    files = mosei_videos(4)
    intervals, values = files["CMU_MOSEI_VisualFacet42"]["-video0"]
    seen = intervals[:, 0] > 4
    files["CMU_MOSEI_VisualFacet42"]["-video0"] = intervals[seen], values[seen]
    files["CMU_MOSEI_COVAREP"]["-video0"][1][61, 0] = -np.inf
    del files["CMU_MOSEI_VisualFacet42"]["-video1"]
    del files["CMU_MOSEI_TimestampedWordVectors"]["-video2"]
    return files


CORPORA: Mapping[str, Callable[[], Files]] = {"awkward": awkward_videos, "lacking": lacking_videos}


def written_by_the_sdk(folder: Path, files: Files) -> Path:
    """The same corpus as `.csd` files that the SDK's own `deploy` wrote."""
    from mmsdk.mmdatasdk.computational_sequence.computational_sequence import computational_sequence

    folder.mkdir(parents=True, exist_ok=True)
    for name, entries in files.items():
        sequence = computational_sequence(ROOTS[name])
        data = {video: {"intervals": spans, "features": values} for video, (spans, values) in entries.items()}
        sequence.setData(data, ROOTS[name])
        sequence.setMetadata(dict.fromkeys(METADATA, "made up") | {"root name": ROOTS[name]}, ROOTS[name])
        sequence.deploy(str(folder / f"{name}.csd"))
    return folder


def aligned_by_the_sdk(folder: Path) -> Aligned:
    """Its two calls: words, with the mean of what meets them, then segments. Modality -> segment -> what it has of each word."""
    from mmsdk import mmdatasdk

    paths = {root: str(folder / f"{name}.csd") for name, root in ROOTS.items() if root in STREAMS.values()}
    dataset = mmdatasdk.mmdataset(paths)
    dataset.align("glove_vectors", collapse_functions=[lambda intervals, features: np.average(features, axis=0)])
    dataset.add_computational_sequences({"All Labels": str(folder / "CMU_MOSEI_Labels.csd")}, None)
    dataset.align("All Labels")
    return {
        modality: {
            key: {part: np.asarray(entry[part]).tolist() for part in ("intervals", "features")}
            for key, entry in dataset.computational_sequences[root].data.items()
        }
        for modality, root in STREAMS.items()
    }


def answer(name: str) -> Aligned:
    """The SDK's alignment of a corpus, as kept."""
    found: Aligned = json.loads((FOLDER / name / "aligned.json").read_text())
    return found


def main() -> None:
    """Write both corpora and the SDK's alignment of them anew."""
    for name, build in CORPORA.items():
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            folder = written_by_the_sdk(FOLDER / name, build())
            aligned = aligned_by_the_sdk(folder)
        (folder / "aligned.json").write_text(json.dumps(aligned, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
