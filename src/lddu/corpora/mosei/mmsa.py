"""CMU-MOSEI as MMSA distributes it: `aligned_50.pkl` and `unaligned_50.pkl`, padded, without emotions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lddu.corpora.clip_intake import ClipIntake, max_steps, named_path
from lddu.corpora.corpus_format import CorpusFormat, ImportOptions
from lddu.corpora.mosei.csd import LICENCE
from lddu.corpora.mosei.joined import Emotions, Joined, UnlabelledClip, plain_id
from lddu.corpora.mosei.labels import join_emotions
from lddu.corpora.mosei.pickled_splits import read_splits
from lddu.corpora.mosei.segments import note_labels
from lddu.corpora.untrusted.object_file import PICKLE_SUFFIXES, pickled_container
from lddu.corpora.untrusted.pickled_values import PickledValues
from lddu.errors import SourceError, parameter
from lddu.labels import MOSEI_EMOTIONS
from lddu.sentences import counted, some
from lddu.store.clip_table import ClipRow
from lddu.store.store import file_sha256
from lddu.store.writer import StoreDescription, StoreWriter, writing_store

PUBLISHED: Final = {
    "aligned_50.pkl": "45eccfb748a87c80ecab9bfac29582e7b1466bf6605ff29d3b338a75120bf791",
    "unaligned_50.pkl": "ad8b23d50557045e7d47959ce6c5b955d8d983f2979c7d9b7b9226f6dd6fec1f",
}
"""sha256 of the files as published."""

DIFFERENT: Final = (
    "neither that of MMSA's published aligned_50.pkl nor that of unaligned_50.pkl: another version, or changed since"
)

KEYS: Mapping[str, str] = {"text": "text", "audio": "audio", "visual": "vision"}
_LENGTHS = {"audio": "audio_lengths", "visual": "vision_lengths"}


def recognises_mmsa(path: Path) -> bool:
    """Whether a path is a pickle that holds a dictionary; M3ED's hold lists."""
    return path.is_file() and path.suffix.lower() in PICKLE_SUFFIXES and pickled_container(path) == "dict"


def import_mmsa(source: Path, out: Path, options: ImportOptions) -> None:
    """Write such a file to a store; its emotions are joined from the file given as ``labels``.

    Raises:
        SourceError: where the file cannot be understood or trusted, or no labels are given.
        StoreError: where `out` is taken.
    """
    splits = read_splits(source, _split)
    labels = named_path(options, "labels")
    if labels is None:
        raise SourceError(
            f"Expected {parameter('labels')}, since {source} holds no emotions; name the SDK's CMU_MOSEI_Labels.csd, or a .csv "
            "with mode and tgt, or with ids and emotions."
        )
    max_steps(options)
    clips = [clip for split in splits for clip in split.clips()]
    joined = join_emotions(labels, clips)
    description = _description(source, labels, joined, options)
    with writing_store(out, description, options.force) as writer:
        if description.source["checksum"] == DIFFERENT:
            writer.warnings.append(f"the sha256 of {source.name} is {DIFFERENT}.")
        intake = ClipIntake(writer, options, len(clips))
        for split in splits:
            for clip in split.clips():
                emotions = joined.emotions.get((clip.split, clip.place), Emotions(()))
                intake.add(split.row(clip, emotions), split.features(clip, writer))
        intake.close()
        _note_join(writer, labels, joined, clips)


MMSA = CorpusFormat(
    name="mmsa",
    looks_like="MMSA's aligned_50.pkl or unaligned_50.pkl of CMU-MOSEI",
    recognises=recognises_mmsa,
    write=import_mmsa,
    extra_options=frozenset({"labels", "max-steps"}),
)


@dataclass(frozen=True)
class _Split:
    """One split of the file, looked through."""

    name: str
    ids: Sequence[str]
    texts: Sequence[str]
    sentiments: Sequence[float]
    content: Mapping[str, Any]
    lengths: Mapping[str, Sequence[float]]
    values: PickledValues

    def clips(self) -> list[UnlabelledClip]:
        """The clips, in order."""
        return [
            UnlabelledClip(plain_id(raw_id), self.name, i, self.sentiments[i]) for i, raw_id in enumerate(self.ids)
        ]  # fmt: skip

    def row(self, clip: UnlabelledClip, emotions: Emotions) -> ClipRow:
        """The clip's line of the table."""
        carried = {"_sentiment": clip.sentiment, **emotions.carried}
        transcript = self.texts[clip.place] if self.texts else ""
        return ClipRow(clip.clip, self.name, emotions.shares, clip.video, transcript=transcript, carried=carried)

    def features(self, clip: UnlabelledClip, writer: StoreWriter) -> dict[str, np.ndarray]:
        """Modality -> [T, D] without what the file itself calls padding."""
        features: dict[str, np.ndarray] = {}
        for modality, key in KEYS.items():
            rows = self.values.rows(self.content[key][clip.place], f"{key} of clip {clip.clip!r}")
            length = self._length(modality, clip, writer)
            if length is not None and length < len(rows):
                writer.count("padding_steps", modality, len(rows) - length)
                rows = rows[:length]
            features[modality] = rows
        return features

    def _length(self, modality: str, clip: UnlabelledClip, writer: StoreWriter) -> int | None:
        """Steps that are no padding: by BERT's mask, as its vectors are not zero there; None where no length is known or possible."""
        if modality == "text":
            if "text_bert" not in self.content:
                return None
            tokens = self.values.rows(self.content["text_bert"][clip.place], f"text_bert of clip {clip.clip!r}")
            return int((tokens[1] > 0).sum()) if len(tokens) == 3 else None
        if modality not in self.lengths:
            return None
        length = self.lengths[modality][clip.place]
        if not 0 <= length < math.inf:
            writer.count("unknown_lengths", modality)
            return None
        return int(length)


def _split(name: str, content: Any, values: PickledValues) -> _Split:
    ids = values.words(values.entry(content, "id", name), f"id of {name}")
    sentiments = values.numbers(values.entry(content, "regression_labels", name), f"regression_labels of {name}")
    texts = values.words(content["raw_text"], f"raw_text of {name}") if "raw_text" in content else []
    lengths = {
        modality: values.numbers(content[key], f"{key} of {name}")
        for modality, key in _LENGTHS.items()
        if key in content
    }
    counted: dict[str, int] = {"regression_labels": len(sentiments), "raw_text": len(texts) or len(ids)}
    counted.update({key: len(lengths[modality]) for modality, key in _LENGTHS.items() if modality in lengths})
    for key in (*KEYS.values(), *(("text_bert",) if "text_bert" in content else ())):
        counted[key] = values.count(values.entry(content, key, name), f"{key} of {name}")
    odd = {key: count for key, count in counted.items() if count != len(ids)}
    if odd:
        key, count = next(iter(odd.items()))
        raise SourceError(f"Expected {len(ids)} clips in {key} of {name} in {values.path}, as in id, but got {count}.")
    return _Split(name, ids, texts, sentiments, content, lengths, values)


def _description(source: Path, labels: Path, joined: Joined, options: ImportOptions) -> StoreDescription:
    checksum = file_sha256(source)
    known = next((name for name, published in PUBLISHED.items() if published == checksum), None)
    return StoreDescription(
        emotions=MOSEI_EMOTIONS,
        modalities={"text": "BERT base, last layer", "audio": "COVAREP", "visual": "FACET 4.2"},
        present_at=options.present_at,
        source={
            "format": "mmsa", "path": str(source), "licence": LICENCE, "labels": str(labels),
            "labels_joined": joined.how, "sha256": checksum,
            "checksum": f"that of MMSA's published {known}" if known else DIFFERENT,
        },
    )  # fmt: skip


def _note_join(writer: StoreWriter, labels: Path, joined: Joined, clips: Sequence[UnlabelledClip]) -> None:
    lost = [clip.clip for clip in clips if (clip.split, clip.place) not in joined.emotions]
    writer.count("clips_without_labels", "clips", len(lost))
    writer.count("labels_without_clip", "clips", joined.unused)
    pairs = [(clip.clip, joined.emotions.get((clip.split, clip.place))) for clip in clips]
    note_labels(
        writer,
        labels.name,
        [(clip, emotions.shares, emotions.outside) for clip, emotions in pairs if emotions is not None],
    )
    if lost:
        writer.warnings.append(
            f"{len(lost)} of {counted(len(clips), 'clip')} {'has' if len(lost) == 1 else 'have'} no emotions in {labels.name} (matched {joined.how}): {some(lost)}."
        )
