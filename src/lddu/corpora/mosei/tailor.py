"""The `.pt` files of TAILOR and CARAT: padded sequences and token labels per split; CMU-MOSEI, or M3ED as `m3ed_data.pt`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lddu.corpora.clip_intake import ClipIntake, max_steps
from lddu.corpora.corpus_format import CorpusFormat, ImportOptions
from lddu.corpora.mosei.pickled_splits import read_splits
from lddu.corpora.token_labels import FIRST_EMOTION, shares_of_tokens
from lddu.corpora.untrusted.object_file import PICKLE_SUFFIXES, pickled_container
from lddu.corpora.untrusted.pickled_values import PickledValues
from lddu.errors import SourceError
from lddu.labels import M3ED_EMOTIONS, MOSEI_EMOTIONS
from lddu.store.clip_table import ClipRow
from lddu.store.writer import StoreDescription, writing_store

KEYS: Mapping[str, str] = {"text": "src-text", "audio": "src-audio", "visual": "src-visual"}
_TARGET = "tgt"


def recognises_tailor(path: Path) -> bool:
    """Whether a path is a ``.pt`` or ``.pth`` file, or what torch.save writes today under the name of a pickle."""
    kind = path.suffix.lower()
    named = kind in (".pt", ".pth") or (kind in PICKLE_SUFFIXES and pickled_container(path) == "archive")
    return path.is_file() and named


def import_tailor(source: Path, out: Path, options: ImportOptions) -> None:
    """Write such a file to a store; clips are called ``SPLIT-NUMBER``, since the file has no ids.

    Raises:
        SourceError: where the file cannot be understood or trusted.
        StoreError: where `out` is taken.
    """
    splits = read_splits(source, _split)
    emotions = _emotions(source, splits)
    corpus = "M3ED" if emotions is M3ED_EMOTIONS else "CMU-MOSEI"
    description = StoreDescription(
        emotions=emotions,
        modalities={name: f"{key} of {source.name}" for name, key in KEYS.items()},
        present_at=options.present_at,
        source={"format": "tailor", "path": str(source), "corpus": corpus, "licence": f"as {corpus}, for research"},
    )
    max_steps(options)
    with writing_store(out, description, options.force) as writer:
        intake = ClipIntake(writer, options, sum(split.count for split in splits))
        for split in splits:
            for i in range(split.count):
                clip = f"{split.name}-{i:05d}"
                shares = shares_of_tokens(split.tokens[i], emotions, f"{_TARGET} of clip {clip!r} in {source}")
                intake.add(ClipRow(clip, split.name, shares), split.features(i, clip))
        intake.close()


TAILOR = CorpusFormat(
    name="tailor",
    looks_like="a .pt file of TAILOR or CARAT (src-text, src-audio, src-visual, tgt per split)",
    recognises=recognises_tailor,
    write=import_tailor,
    extra_options=frozenset({"max-steps"}),
)


@dataclass(frozen=True)
class _Split:
    """One split of the file, looked through."""

    name: str
    count: int
    sequences: Mapping[str, Any]
    tokens: list[list[float]]
    values: PickledValues

    def features(self, i: int, clip: str) -> dict[str, Any]:
        """Modality -> [T, D] of a clip; None where the file has None for it."""
        features: dict[str, Any] = {}
        for name, sequences in self.sequences.items():
            sequence = sequences[i]
            features[name] = None if sequence is None else self.values.rows(sequence, f"{KEYS[name]} of clip {clip!r}")
        return features


def _split(name: str, content: Any, values: PickledValues) -> _Split:
    targets = values.entry(content, _TARGET, name)
    count = values.count(targets, f"{_TARGET} of {name}")
    sequences = {modality: values.entry(content, key, name) for modality, key in KEYS.items()}
    for modality, given in sequences.items():
        actual = values.count(given, f"{KEYS[modality]} of {name}")
        if actual != count:
            raise SourceError(
                f"Expected {count} clips in {KEYS[modality]} of {name} in {values.path}, as in {_TARGET}, but got {actual}."
            )
    tokens = [values.numbers(targets[i], f"{_TARGET} of {name} {i}") for i in range(count)]
    return _Split(name, count, sequences, tokens, values)


def _emotions(source: Path, splits: list[_Split]) -> tuple[str, ...]:
    """M3ED where the file says so or uses its seventh id; CMU-MOSEI otherwise."""
    seventh = float(FIRST_EMOTION + len(MOSEI_EMOTIONS))
    used = any(seventh in tokens for split in splits for tokens in split.tokens)
    return M3ED_EMOTIONS if used or "m3ed" in source.name.lower() else MOSEI_EMOTIONS
