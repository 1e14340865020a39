"""The corpora of the packaged default as plain arrays: the states of the words of a clip, else the mean over its steps.

Words: token states of MiniLM (`lddu.clips.words.text`), as float16. Voices: the store that `lddu extract` makes of a folder; the same few
sentences are spoken in every emotion, so their words are hidden; copies of them in other rooms, bands and pitches stand in for
other corpora, of which there is none that may be shipped. Faces: what the expression network reads of each photo, of
training photos by a network that did not see them; their geometry is drawn at random, since photos cut out around a face say
nothing of how large or how turned a face is in a video.
"""

import csv
import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.voice_shift import shifted_folder
from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import extract
from lddu.clips.face.expression import COLUMNS as READ
from lddu.clips.face.expression import ExpressionReader
from lddu.clips.face.geometry import COLUMNS as GEOMETRY
from lddu.clips.face.pictures import specification
from lddu.clips.words.text import WordEncoder
from lddu.store.store import FeatureStore

MODALITIES = ("text", "audio", "visual")
SIX = ("happy", "sad", "anger", "surprise", "disgust", "fear")
SIX_OF_MELD = ("joy", "sadness", "anger", "surprise", "disgust", "fear")
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
VOTES_OF_SIX = tuple(VOTES.index(name) for name in ("happiness", "sadness", "anger", "surprise", "disgust", "fear"))
PRESENT_AT = {"ferplus": 0.2}
LEAST_SHARE = 1e-4
CHUNK = 10_000
COPIES = 8
"""Changed copies of each recording of EMO-DB (benchmarks/voice_shift.py)."""

GEOMETRY_MEAN = (
    0.08,
    0.16,
    0.16,
    0.08,
    0.16,
    0.16,
    0.33,
    0.23,
    0.22,
    0.26,
    0.00,
    0.00,
    0.57,
    0.07,
    0.18,
    0.08,
    0.08,
    0.11,
    0.02,
    0.08,
    0.13,
    -0.00,
    0.47,
    0.00,
    0.47,
    0.44,
    0.44,
    0.34,
    0.34,
    -0.01,
    -0.48,
    -0.02,
    0.30,
    0.40,
    0.60,
    0.30,
)
GEOMETRY_SPREAD = (
    0.10,
    0.09,
    0.06,
    0.10,
    0.09,
    0.06,
    0.06,
    0.17,
    0.17,
    0.88,
    0.15,
    0.09,
    0.20,
    0.16,
    0.15,
    0.09,
    0.09,
    0.04,
    0.03,
    0.04,
    0.08,
    0.09,
    0.14,
    0.06,
    0.07,
    0.07,
    0.08,
    0.07,
    0.07,
    0.53,
    0.43,
    0.41,
    0.15,
    0.40,
    0.60,
    0.30,
)
"""What a face's geometry is drawn from: the means of FER+ and twice its deviations; size and speeds as videos have them."""


class TokenStates:
    """Sequences of several lengths, one a clip.

    Args:
        states: [S, D], of all clips in turn.
        lengths: [N].
    """

    def __init__(self, states: np.ndarray, lengths: np.ndarray) -> None:
        self._states, self._ends = states, np.concatenate([[0], np.cumsum(lengths)])

    def __getitem__(self, row: int) -> np.ndarray:
        """[T, D]."""
        return self._states[self._ends[row] : self._ends[row + 1]]


@dataclass(frozen=True)
class Corpus:
    """A corpus of one modality.

    Attributes:
        name: of the corpus.
        modality: that it has.
        feature: what the numbers are, as a store says it.
        values: [N, D], or [T, D] of each clip.
        shares: [N, 6] of raters; NaN where the corpus never offers the emotion.
        presence: [N, 6] 1, 0 or NaN, decided by the corpus's own share.
        split: [N] as published; empty words where the corpus has none.
        group: [N] speakers; empty words where unknown.
        language: [N].
    """

    name: str
    modality: str
    feature: str
    values: np.ndarray | TokenStates
    shares: np.ndarray
    presence: np.ndarray
    split: np.ndarray
    group: np.ndarray
    language: np.ndarray

    def in_split(self, split: str) -> np.ndarray:
        """Row numbers."""
        return np.flatnonzero(self.split == split)

    def steps(self, row: int) -> np.ndarray:
        """Features of a clip [T, D]; a mean is the only step."""
        return np.atleast_2d(self.values[row])


def corpora(data: Path, folds: Path, work: Path, only_test: bool = False) -> dict[str, Corpus]:
    """All of them, by name; with `only_test` what `default_figures` measures on."""
    work.mkdir(parents=True, exist_ok=True)
    voices = [voice(name, data / "voices" / name, work) for name in ("ravdess", "emotale")]
    if not only_test:
        voices.append(voice("emodb", data / "voices" / "emodb", work))
        changed = shifted_folder(data / "voices" / "emodb", work / "emodb-shifted-audio", COPIES, seed=0)
        voices.append(voice("emodb-shifted", changed, work))
    texts = [words(name, data / "words" / file, work, only_test) for name, file in WORDS.items()]
    texts.append(dialogues(data / "meld_dev" / "clips.csv"))
    return {corpus.name: corpus for corpus in (*texts, *voices, faces(data / "faces", folds))}


WORDS = {"goemotions": "goemotions.csv.gz", "xed": "xed_en.csv.gz"}


def words(name: str, file: Path, work: Path, only_test: bool) -> Corpus:
    """Comments or lines of film."""
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "test" or not only_test]
    encoder = WordEncoder()
    parts = []
    for first in range(0, len(rows), CHUNK):
        place = work / f"{name}-{'test-' if only_test else ''}states-{first:06d}.npz"
        if not place.exists():
            encoded = list(encoder.states([words_of(row["transcript"]) for row in rows[first : first + CHUNK]]))
            states, lengths = np.concatenate(encoded).astype(np.float16), np.array(list(map(len, encoded)))
            np.savez(place.with_suffix(".half.npz"), states=states, lengths=lengths)
            place.with_suffix(".half.npz").rename(place)
            print(f"{name}: {first + len(encoded)} of {len(rows)}", flush=True)
        with np.load(place) as cache:
            parts.append((cache["states"], cache["lengths"]))
    values = TokenStates(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    shares = np.array([[float(row[emotion]) for emotion in SIX] for row in rows])
    return Corpus(
        name, "text", json.dumps(encoder.specification()), values, shares, shares,
        np.array([row["split"] for row in rows]), np.full(len(rows), ""), np.full(len(rows), "en"),
    )  # fmt: skip


def dialogues(file: Path) -> Corpus:
    """Utterances of MELD, which measure alone; their labels rest on voice and face too."""
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    encoder = WordEncoder()
    encoded = encoder.states([words_of(row["transcript"]) for row in rows])
    shares = np.array([[float(row[emotion]) for emotion in SIX_OF_MELD] for row in rows])
    return Corpus(
        "meld", "text", json.dumps(encoder.specification()),
        TokenStates(np.concatenate(encoded), np.array(list(map(len, encoded)))), shares, shares,
        np.full(len(rows), ""), np.array([row["group"] for row in rows]), np.full(len(rows), "en"),
    )  # fmt: skip


def words_of(text: str) -> list[str]:
    """Its words; of an empty text a question mark."""
    return text.split() or ["?"]


def voice(name: str, folder: Path, work: Path) -> Corpus:
    """Acted speech; the mean over the steps of each clip."""
    place = work / name
    if not place.exists():
        extract(folder, place, ExtractorConfig(cut="whole"))
    store = FeatureStore(place)
    shares = np.stack([store.table.labels[:, store.emotions.index(emotion)] for emotion in SIX], axis=1)
    values = np.stack([store.steps("audio", row).mean(axis=0) for row in range(len(store))])
    return Corpus(
        name, "audio", store.modalities["audio"].feature, values, shares.astype(float), presence(shares, 0.5),
        np.full(len(store), ""), np.array([word.split("-")[-1] for word in store.table.group]),
        store.table.carried["_language"].astype(str),
    )  # fmt: skip


def faces(folder: Path, folds: Path) -> Corpus:
    """Photos of FER+."""
    with gzip.open(folder / "votes.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    votes = np.array([[float(row[name]) for name in VOTES] for row in rows])
    votes[votes == 1] = 0
    read = np.load(folds / "out_of_fold.npz")
    usable = read["rows"][votes[read["rows"]].sum(axis=1) > 0]
    place = np.searchsorted(read["rows"], usable)
    logs = np.log(np.maximum(read["shares"][place], LEAST_SHARE))
    known = np.concatenate([logs, read["embedding"][place].astype(np.float32)], axis=1)
    assert known.shape[1] == len(READ)
    geometry = np.random.default_rng(0).normal(GEOMETRY_MEAN, GEOMETRY_SPREAD, (len(usable), len(GEOMETRY)))
    shares = votes[usable] / votes[usable].sum(axis=1, keepdims=True)
    shares = shares[:, VOTES_OF_SIX]
    return Corpus(
        "ferplus", "visual", json.dumps(specification(ExpressionReader())),
        np.concatenate([geometry, known], axis=1).astype(np.float32), shares, presence(shares, PRESENT_AT["ferplus"]),
        np.array([rows[row]["split"] for row in usable]), np.full(len(usable), ""), np.full(len(usable), ""),
    )  # fmt: skip


def presence(shares: np.ndarray, least: float) -> np.ndarray:
    """1, 0 or NaN."""
    return np.where(np.isnan(shares), np.nan, shares >= least - 1e-6)
