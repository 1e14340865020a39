"""M3ED's feature pickles: one row an utterance, keyed by dialogue; a sample is a dialogue or an utterance."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from lddu.corpora.clip_intake import ClipIntake, max_steps, named_path
from lddu.corpora.corpus_format import CorpusFormat, ImportOptions
from lddu.corpora.m3ed.annotation import Annotation, Utterance, read_annotation
from lddu.corpora.m3ed.pickle import M3edPickle, read_m3ed_pickle
from lddu.corpora.untrusted.object_file import PICKLE_SUFFIXES, pickled_container
from lddu.errors import SourceError, parameter
from lddu.labels import M3ED_EMOTIONS
from lddu.sentences import some
from lddu.store.clip_table import ClipRow
from lddu.store.writer import StoreDescription, StoreWriter, writing_store

PROTOCOLS: Final = ("dialogue", "utterance")
LICENCE = "M3ED, for research; terms at https://github.com/AIM3-RUC/RUCM3ED"


def recognises_m3ed(path: Path) -> bool:
    """Whether a path is M3ED's annotation.json, a pickle that does not hold a dictionary, or a folder with both."""
    if path.is_dir():
        return (path / "annotation.json").is_file()
    if path.suffix.lower() == ".json":
        return _is_annotation(path)
    return (
        path.suffix.lower() in PICKLE_SUFFIXES and path.is_file() and pickled_container(path) not in ("dict", "archive")
    )


def _is_annotation(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(2**16)
    except OSError:
        return False
    return b'"Dialog"' in head and b"EmoAnnotation" in head


def import_m3ed(source: Path, out: Path, options: ImportOptions) -> None:
    """Write a feature pickle to a store, by the option ``protocol`` one sample a dialogue (default) or an utterance.

    Raises:
        SourceError: where the file cannot be understood or trusted.
        StoreError: where `out` is taken.
    """
    protocol = str(options.extra.get("protocol") or PROTOCOLS[0])
    if protocol not in PROTOCOLS:
        raise SourceError(f"Expected {parameter('protocol')} to be {' or '.join(PROTOCOLS)}, but got {protocol!r}.")
    pickle, labels = _files(source, named_path(options, "labels"))
    max_steps(options)
    annotation = read_annotation(labels) if labels else None
    corpus = read_m3ed_pickle(pickle)
    with writing_store(out, _description(pickle, labels, protocol, options), options.force) as writer:
        dialogues = list(_dialogues(corpus, annotation, writer))
        _note(writer, corpus, annotation, dialogues)
        by_dialogue = protocol == "dialogue"
        total = len(dialogues) if by_dialogue else sum(len(dialogue.utterances) for dialogue in dialogues)
        intake = ClipIntake(writer, options, total)
        for dialogue in dialogues:
            for row, features in [dialogue.whole()] if by_dialogue else dialogue.parts(writer):
                intake.add(row, features, parallel=True)
        intake.close()


M3ED = CorpusFormat(
    name="m3ed",
    looks_like="a feature pickle of M3ED (with annotation.json beside it or named as labels)",
    recognises=recognises_m3ed,
    write=import_m3ed,
    extra_options=frozenset({"labels", "protocol", "max-steps"}),
)


@dataclass(frozen=True)
class _Dialogue:
    """One dialogue with its features, a row an utterance."""

    name: str
    split: str
    features: Mapping[str, np.ndarray]
    utterances: Sequence[Utterance]
    ids: Sequence[str] = field(default=())

    def whole(self) -> tuple[ClipRow, Mapping[str, np.ndarray]]:
        """The dialogue as one sample: utterances are steps, an emotion is present where any utterance shows it."""
        decided = [utterance.decided for utterance in self.utterances if utterance.decided]
        union = frozenset[str]().union(*decided)
        shares = [float(emotion in union) if decided else None for emotion in M3ED_EMOTIONS]
        starts = [utterance.start for utterance in self.utterances if utterance.start is not None]
        ends = [utterance.end for utterance in self.utterances if utterance.end is not None]
        text = " ".join(utterance.text for utterance in self.utterances).strip()
        show = self.name.rpartition("_")[0] or self.name
        row = ClipRow(
            self.name, self.split, shares, show, min(starts, default=None), max(ends, default=None), text
        )  # fmt: skip
        return row, self.features

    def parts(self, writer: StoreWriter) -> Iterator[tuple[ClipRow, Mapping[str, np.ndarray]]]:
        """Every utterance as a sample of one step, with the annotators' shares where they are known."""
        for i, utterance in enumerate(self.utterances):
            repairs: Counter[str] = Counter()
            shares = utterance.shares(repairs)
            for kind, times in repairs.items():
                writer.count(kind, "labels", times)
            row = ClipRow(
                self.ids[i], self.split, shares, self.name, utterance.start, utterance.end, utterance.text
            )  # fmt: skip
            yield row, {name: rows[i : i + 1] for name, rows in self.features.items()}


def _files(source: Path, labels: Path | None) -> tuple[Path, Path | None]:
    """The feature pickle, and annotation.json where there is one."""
    if source.is_dir():
        pickles = sorted(path for path in source.iterdir() if path.suffix.lower() in PICKLE_SUFFIXES)
        if len(pickles) != 1:
            names = some([path.name for path in pickles]) or "none"
            raise SourceError(f"Expected one feature pickle in {source}, but got {names}; name the one to import.")
        beside = source / "annotation.json"
        return pickles[0], labels or (beside if beside.is_file() else None)
    if source.suffix.lower() == ".json":
        raise SourceError(
            f"Expected features of M3ED, but {source} holds labels only; name the feature pickle and give this file "
            f"as {parameter('labels')}."
        )
    return source, labels


def _dialogues(corpus: M3edPickle, annotation: Annotation | None, writer: StoreWriter) -> Iterator[_Dialogue]:
    placed = [(name, split) for split, names in corpus.splits.items() for name in names]
    known = {name for name, _ in placed}
    rest = [name for name in corpus.labels if name not in known]
    writer.count("dialogues_outside_splits", "clips", len(rest))
    writer.count("duplicate_dialogues", "clips", len(placed) - len(known))
    seen: set[str] = set()
    for name, split in [*placed, *((name, "unused") for name in rest)]:
        if name in seen:
            continue
        seen.add(name)
        if name not in corpus.labels:
            writer.count("dialogues_without_labels", "clips")
            continue
        utterances, ids = _utterances(corpus, annotation, name, writer)
        unknown = sum(not utterance.decided and not utterance.votes for utterance in utterances)
        writer.count("unknown_labels", "utterances", unknown)
        yield _Dialogue(name, split, _features(corpus, name, writer), utterances, ids)


def _utterances(
    corpus: M3edPickle, annotation: Annotation | None, name: str, writer: StoreWriter
) -> tuple[list[Utterance], list[str]]:
    labels = corpus.labels[name]
    texts = corpus.texts.get(name, [])
    plain = [
        Utterance(None, None, texts[i] if len(texts) == len(labels) else "", _decided(corpus, name, label), [])
        for i, label in enumerate(labels)
    ]
    ids = [f"{name}_{i + 1}" for i in range(len(labels))]
    if annotation is None:
        return plain, ids
    annotated = annotation.dialogues.get(name, [])
    if len(annotated) != len(labels):
        writer.count("dialogues_not_in_annotation", "clips")
        return plain, ids
    differing = sum(bool(a.decided) and not a.decided <= b.decided for a, b in zip(plain, annotated, strict=True))
    writer.count("labels_differ_from_annotation", "labels", differing)
    return list(annotated), list(annotation.ids[name])


def _decided(corpus: M3edPickle, name: str, label: float) -> frozenset[str]:
    """The emotion of one utterance by its number; -1 and NaN are unknown."""
    if label != label or label == -1:
        return frozenset()
    if not float(label).is_integer() or not 0 <= label < len(M3ED_EMOTIONS):
        raise SourceError(
            f"Expected labels of dialogue {name!r} in {corpus.path} from 0 ({M3ED_EMOTIONS[0]}) to "
            f"{len(M3ED_EMOTIONS) - 1} ({M3ED_EMOTIONS[-1]}), but got {label:g}."
        )
    return frozenset((M3ED_EMOTIONS[int(label)],))


def _features(corpus: M3edPickle, name: str, writer: StoreWriter) -> dict[str, np.ndarray]:
    """Modality -> [utterances, D]; one with another number of utterances cannot be trusted and is left out, counted."""
    features: dict[str, np.ndarray] = {}
    for modality, by_dialogue in corpus.features.items():
        if by_dialogue.get(name) is None:
            continue
        rows = corpus.values.rows(by_dialogue[name], f"{modality} of dialogue {name!r}")
        if len(rows) == len(corpus.labels[name]):
            features[modality] = rows
        else:
            writer.count("other_number_of_utterances", modality)
    return features


def _description(pickle: Path, labels: Path | None, protocol: str, options: ImportOptions) -> StoreDescription:
    return StoreDescription(
        emotions=M3ED_EMOTIONS,
        modalities={name: f"{name} of {pickle.name}" for name in ("text", "audio", "visual")},
        present_at=options.present_at,
        source={
            "format": "m3ed", "path": str(pickle), "licence": LICENCE, "protocol": protocol,
            "annotation": str(labels or ""),
        },
    )  # fmt: skip


def _note(
    writer: StoreWriter, corpus: M3edPickle, annotation: Annotation | None, dialogues: Sequence[_Dialogue]
) -> None:
    if not dialogues:
        raise SourceError(f"Expected dialogues with labels in {corpus.path}, but there is none.")
    if annotation is not None and annotation.strange:
        writer.count("unknown_emotion_names", "labels", sum(annotation.strange.values()))
        writer.warnings.append(
            f"{annotation.path.name} names emotions that M3ED does not have, left out: {some(sorted(annotation.strange))}."
        )
