"""CMU-MOSEI and M3ED in every form in which people have them, tiny, byte for byte as the originals are written.

Anyone who writes an importer or a loader can build such files; the odd cases of each form are on by default.
"""

import csv
import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

Entry = tuple[Any, Any]
"""Intervals [F, 2] and features [F, D] of one video."""

ROOTS = {
    "CMU_MOSEI_TimestampedWordVectors": "glove_vectors",
    "CMU_MOSEI_TimestampedWords": "words",
    "CMU_MOSEI_COVAREP": "COVAREP",
    "CMU_MOSEI_VisualFacet42": "FACET 4.2",
    "CMU_MOSEI_Labels": "All Labels",
}
"""File name -> root name of the SDK's files of CMU-MOSEI."""

METADATA = (
    "alignment compatible", "computational sequence description", "computational sequence version", "contact",
    "creator", "dataset bib citation", "dataset name", "dataset version", "featureset bib citation", "md5",
    "root name", "uuid",
)  # fmt: skip


def write_csd(path: Path, root: str, entries: Mapping[str, Entry]) -> Path:
    """A computational sequence as the SDK writes it: data groups and metadata as variable-length strings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        top = file.create_group(root)
        data = top.create_group("data")
        for video, (intervals, features) in entries.items():
            group = data.create_group(video)
            group.create_dataset("features", data=np.asarray(features))
            group.create_dataset("intervals", data=np.asarray(intervals, np.float64).reshape(-1, 2))
        metadata = top.create_group("metadata")
        for name in METADATA:
            metadata.create_dataset(name, (1,), dtype=h5py.special_dtype(vlen=str))
            metadata[name][0] = root if name == "root name" else "made up"
    return path


def evenly(start: float, end: float, count: int) -> np.ndarray:
    """[count, 2] stretches of time side by side."""
    edges = np.linspace(start, end, count + 1)
    return np.stack([edges[:-1], edges[1:]], axis=1)


def mosei_videos(videos: int = 4, seconds: float = 12.0, seed: int = 0) -> dict[str, dict[str, Entry]]:
    """File name -> video -> entry of a corpus without oddities: three segments a video, two words a second."""
    rng = np.random.default_rng(seed)
    files: dict[str, dict[str, Entry]] = {name: {} for name in ROOTS}
    for v in range(videos):
        video = f"-video{v}"
        words = evenly(0, seconds, int(2 * seconds))
        spoken = np.array([[f"w{i}".encode()] for i in range(len(words))], "S32")
        files["CMU_MOSEI_TimestampedWordVectors"][video] = words, rng.normal(size=(len(words), 3)).astype("f4")
        files["CMU_MOSEI_TimestampedWords"][video] = words, spoken
        for name, rate, width in (("CMU_MOSEI_COVAREP", 10, 2), ("CMU_MOSEI_VisualFacet42", 3, 2)):
            frames = evenly(0, seconds, int(rate * seconds))
            files[name][video] = frames, rng.normal(size=(len(frames), width)).astype("f4")
        labels = np.round(rng.uniform(-3, 3, (3, 7)) * 3) / 3
        labels[:, 1:] = np.maximum(labels[:, 1:], 0)
        files["CMU_MOSEI_Labels"][video] = evenly(0, seconds, 3), labels.astype("f4")
    return files


def odd_mosei_videos() -> dict[str, dict[str, Entry]]:
    """`mosei_videos` with every oddity of the real files.

    -video0: a word that no face and no voice meets, -inf and NaN in the voice, a word outside every segment.
    -video1: a negative start, overlapping segments, rows out of time order, a segment without words, one without length.
    -video2: no face at all. -video3: no emotion at all. -video4: features without labels. -video5: labels only.
    """
    files = mosei_videos(5)
    audio, visual, labels = (files[f"CMU_MOSEI_{n}"] for n in ("COVAREP", "VisualFacet42", "Labels"))
    intervals, values = audio["-video0"]
    far = (intervals[:, 1] <= 1.0) | (intervals[:, 0] >= 1.5)
    values[20, 0], values[21, 1] = -np.inf, np.nan
    audio["-video0"] = intervals[far], values[far]
    intervals, values = visual["-video0"]
    far = (intervals[:, 1] <= 1.0) | (intervals[:, 0] >= 1.5)
    visual["-video0"] = intervals[far], values[far]
    labels["-video0"] = evenly(0, 10.0, 3), labels["-video0"][1]
    odd = [[6.0, 9.0], [-0.4, 4.0], [3.5, 6.5], [50.0, 52.0], [7.0, 7.0]]
    rows = np.concatenate([labels["-video1"][1], labels["-video2"][1][:2]])
    labels["-video1"] = np.array(odd), rows
    del visual["-video2"]
    labels["-video3"][1][:, 1:] = 0
    del labels["-video4"]
    labels["-video5"] = evenly(0, 4, 1), labels["-video3"][1][:1]
    return files


def mosei_folder(folder: Path, files: Mapping[str, Mapping[str, Entry]] | None = None) -> Path:
    """A folder of ``.csd`` files; the odd corpus by default."""
    for name, entries in (files or odd_mosei_videos()).items():
        write_csd(folder / f"{name}.csd", ROOTS[name], entries)
    return folder


def write_folds(path: Path, **splits: Sequence[str]) -> Path:
    """A folds file: ``.json``, ``.py`` as in the SDK, or ``.csv``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(splits))
    elif path.suffix == ".py":
        path.write_text("".join(f"standard_{split}_fold = {list(names)!r}\n\n" for split, names in splits.items()))
    else:
        rows = [f"{name},{split}" for split, names in splits.items() for name in names]
        path.write_text("video,split\n" + "\n".join(rows) + "\n")
    return path


def odd_folds(path: Path) -> Path:
    """Folds of the odd corpus: -video3 is in none."""
    return write_folds(path, train=["-video0", "-video5"], valid=["-video1"], test=["-video2", "-nobody"])


def tailor_content(emotions: int = 6, clips: int = 4, steps: int = 6, seed: int = 0) -> dict[str, dict[str, Any]]:
    """What TAILOR's and CARAT's ``.pt`` hold: sequences padded at the end, token labels.

    In every split the first clip has no emotion, the second lacks the face (all zero) and the third has NaN and -inf.
    """
    rng = np.random.default_rng(seed)
    content: dict[str, dict[str, Any]] = {}
    for split in ("train", "valid", "test"):
        shown = {"src-text": 5, "src-audio": 3, "src-visual": 2}
        arrays = {key: rng.normal(size=(clips, steps, width)).astype("f4") for key, width in shown.items()}
        for i in range(clips):
            for values in arrays.values():
                values[i, 2 + i % (steps - 1) :] = 0
        arrays["src-visual"][1 % clips] = 0
        arrays["src-audio"][2 % clips, 0] = [np.nan, -np.inf, 1]
        labels = [[2, *(4 + e for e in range(emotions) if (i * (e + 3)) % 5 == 1), 3] for i in range(clips)]
        labels[-1] = [2, 3 + emotions, 4, 3]
        content[split] = {**{key: list(values) for key, values in arrays.items()}, "tgt": labels}
    return content


def write_tailor(path: Path, content: Mapping[str, Any] | None = None, old: bool = False) -> Path:
    """A ``.pt`` as `torch.save` writes it, or in the form before PyTorch 1.6."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content or tailor_content(), path, _use_new_zipfile_serialization=not old)
    return path


MMSA_NUMBERS = {
    "train": ("-va", ["10", "13", "2", "3"]),
    "valid": ("-vb", ["0", "1", "2"]),
    "test": ("-vc", ["4", "7"]),
}
"""Split -> its video and the original numbers of its segments, as words in the order of the label rows."""


def mmsa_content(aligned: bool = True, seed: int = 0) -> dict[str, dict[str, Any]]:
    """What MMSA's ``.pkl`` hold: BERT vectors that are not zero on padding, a mask, zero-padded voice and face.

    Train has a duplicate id and a clip whose face is missing (all zero); voices have -inf.
    """
    rng = np.random.default_rng(seed)
    content: dict[str, dict[str, Any]] = {}
    for split, (video, numbers) in MMSA_NUMBERS.items():
        told = sorted(numbers, key=int) + (["2"] if split == "train" else [])
        n, words = len(told), 6
        frames = {"audio": words if aligned else 9, "vision": words if aligned else 8}
        lengths = {key: rng.integers(2, size, n) for key, size in frames.items()}
        mask = np.zeros((n, words), np.int64)
        spoken = rng.integers(3, words + 1, n)
        for i in range(n):
            mask[i, : spoken[i]] = 1
        features = {key: rng.normal(size=(n, size, 2)) for key, size in frames.items()}
        for key, values in features.items():
            for i in range(n):
                values[i, min(lengths[key][i], spoken[i]) if aligned else lengths[key][i] :] = 0
        features["audio"][0, 0, 0] = -np.inf
        features["vision"][n - 1] = 0
        content[split] = {
            "raw_text": np.array([f"text {video} {k}" for k in told]),
            **features,
            "id": [f"{video}$_${k}" for k in told],
            "text": rng.normal(size=(n, words, 4)).astype("f4"),
            "text_bert": np.stack([mask * 101, mask, 0 * mask], axis=1),
            "annotations": ["Positive"] * n,
            "classification_labels": np.full(n, 2.0),
            "regression_labels": np.array([mmsa_sentiment(video, k) for k in told]),
        }
        if not aligned:
            content[split]["audio_lengths"] = lengths["audio"].tolist()
            content[split]["vision_lengths"] = lengths["vision"].tolist()
    return content


def mmsa_sentiment(video: str, number: str) -> float:
    """The sentiment of a clip in both files."""
    return ((int(number) * 7 + len(video)) % 19 - 9) / 3


def write_pickle(path: Path, content: Any, protocol: int = 4) -> Path:
    """A pickle, as every such file is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def mmsa_labels(path: Path) -> Path:
    """The Labels ``.csd`` that belongs to `mmsa_content`: rows in the order of the numbers as words."""
    entries: dict[str, Entry] = {}
    for video, numbers in MMSA_NUMBERS.values():
        rows = sorted(numbers)
        values = [[mmsa_sentiment(video, k), *(float((int(k) + e) % 3) for e in range(6))] for k in rows]
        times = [[int(k), int(k) + 1.5] for k in rows]
        entries[video] = times, np.array(values, "f4")
    return write_csd(path, "All Labels", entries)


def mmsa_csv(path: Path) -> Path:
    """LDDU's label form for `mmsa_content`: mode and tgt, rows in the order of the split."""
    rows = [
        {"mode": split, "tgt": str([2, *(4 + e for e in range(6) if (int(told.partition("$_$")[2]) + e) % 3), 3])}
        for split, part in mmsa_content().items()
        for told in part["id"]
    ]
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["mode", "tgt"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def m3ed_content(dialogues: int = 6, seed: int = 0) -> list[Any]:
    """What M3ED's feature pickles hold: ten parts.

    show0_2 has no face, show0_1 has a NaN, the last dialogue is in no split, and show0_0 is in two.
    """
    rng = np.random.default_rng(seed)
    names = [f"show{i // 3}_{i % 3}" for i in range(dialogues)]
    sizes = {name: 2 + i % 3 for i, name in enumerate(names)}
    labels = {name: [int(k) for k in rng.integers(0, 7, size)] for name, size in sizes.items()}
    widths = (4, 3, 2)
    features = [
        {name: [rng.normal(size=width).astype("f4") for _ in range(size)] for name, size in sizes.items()}
        for width in widths
    ]
    del features[1]["show0_2"]
    features[2]["show0_1"][0][0] = np.nan
    speakers = {name: ["A", "B", "A", "B"][:size] for name, size in sizes.items()}
    texts = {name: [f"说 {name} {i}" for i in range(size)] for name, size in sizes.items()}
    third = max((dialogues - 1) // 3, 1)
    splits = [
        [*names[: dialogues - 1 - 2 * third], names[0]],
        names[-1 - 2 * third : -1 - third],
        names[-1 - third : -1],
    ]
    return [names, speakers, labels, *features, texts, *splits]


M3ED_NAMES = ("Happy", "Neutral", "Sad", "Disgust", "Anger", "Fear", "Surprise")


def annotation_content(content: Sequence[Any], separator: str = ",") -> dict[str, Any]:
    """The ``annotation.json`` that belongs to `m3ed_content`: three annotators, several emotions in one string."""
    shows: dict[str, Any] = {}
    for name, labels in content[2].items():
        said: dict[str, Any] = {}
        for i, label in enumerate(labels):
            main, other = M3ED_NAMES[label], M3ED_NAMES[(label + 1) % 7]
            said[f"{name}_{i + 1}"] = {
                "StartTime": f"00:00:{2 * i:02d}:00", "EndTime": f"00:00:{2 * i + 1:02d}:05",
                "Text": content[6][name][i], "Speaker": "A",
                "EmoAnnotation": {
                    "EmoAnnotator1": main, "EmoAnnotator2": separator.join((other, main)), "EmoAnnotator3": other,
                    "final_mul_emo": separator.join((main, other)) if i else main, "final_main_emo": main,
                },
            }  # fmt: skip
        speakers = {"A": {"Name": "甲", "Age": "mid", "Gender": "male", "OtherName": []}}
        shows.setdefault(name.partition("_")[0], {})[name] = {"SpeakerInfo": speakers, "Dialog": said}
    return shows


def write_json(path: Path, content: Any) -> Path:
    """A JSON file with its characters as they are."""
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path
