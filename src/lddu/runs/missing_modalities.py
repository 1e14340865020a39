"""What extraction noted of clips, and clips that lack modalities: which, why, and what that costs on the run's validation clips."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lddu.runs.ablation import Ablation
from lddu.sentences import listed, some
from lddu.store.extraction_notes import explains, explains_any
from lddu.store.provenance import extracted_files
from lddu.store.store import FeatureStore

_MOST_SHOWN, _MOST_NAMED = 6, 3
_NUMBERS_AND_EXAMPLES = re.compile(r"\d[\d.,]*|'[^']*'|\"[^\"]*\"|s\b")  # what notes of one kind differ in

Lookup = Callable[[Sequence[str]], Ablation | None]
"""Modalities that are there -> the run's validation figures with these only, where they were measured."""


@dataclass(frozen=True)
class Missing:
    """Clips of a store that lack the same modalities.

    Attributes:
        lacking: names, in the run's order.
        there: names of the others.
        rows: of the clips.
        reasons: what the extraction noted, such as "no video track" -> clips of which; empty where nothing was.
    """

    lacking: tuple[str, ...]
    there: tuple[str, ...]
    rows: tuple[int, ...]
    reasons: Mapping[str, int]

    def sentence(self, clips: int, cost: Ablation | None, alone: bool = False) -> str:
        """What a reader of the answers should know.

        Args:
            clips: in all.
            cost: measured with `there` only; None where it was not measured.
            alone: say that nothing else is missing in these clips, for in others there is.
        """
        where = "in the clip" if clips == 1 else f"in {len(self.rows)} of {clips} clips"
        shared = [f"{note}{'' if n == len(self.rows) else f' in {n}'}" for note, n in self.reasons.items()]
        why = f" ({'; '.join(shared)})" if shared else ""
        rest = listed(self.there) or "nothing but how common each emotion is"
        only = "only " if alone else ""
        missing = f"{only}{listed(self.lacking)} {'is' if len(self.lacking) == 1 else 'are'} missing {where}{why}"
        price = f"; without {listed(self.lacking)} {cost.sentence()}" if cost else ""
        return f"{missing}: {'its result rests' if len(self.rows) == 1 else 'their results rest'} on {rest}{price}"


def missing_in(store: FeatureStore, clips: np.ndarray, modalities: Sequence[str]) -> Iterator[Missing]:
    """Those of some clips (row numbers) that lack any of a run's modalities, by what they lack, the most frequent first."""
    absent = np.zeros((len(clips), len(modalities)), bool)
    for m, name in enumerate(modalities):
        absent[:, m] = store.lengths(name)[clips] == 0 if name in store.modalities else True
    patterns, owner, count = np.unique(absent, axis=0, return_inverse=True, return_counts=True)
    notes = _notes(store)
    for number in np.argsort(-count, kind="stable"):
        pattern, rows = patterns[number], clips[owner.reshape(-1) == number]
        if pattern.any():
            lacking = tuple(name for name, gone in zip(modalities, pattern, strict=True) if gone)
            there = tuple(name for name in modalities if name not in lacking)
            counts = Counter(note for row in rows for note in notes.get(str(store.table.clip[row]), ()))
            reasons = {note: counts[note] for name in lacking for note in sorted(counts) if explains(note, name)}
            yield Missing(lacking, there, tuple(rows.tolist()), reasons)


def missing_sentences(store: FeatureStore, clips: np.ndarray, modalities: Sequence[str], cost: Lookup) -> list[str]:
    """Of some clips (row numbers): one sentence per combination of missing modalities; the rarest beyond six are only counted."""
    combinations = list(missing_in(store, clips, modalities))
    sentences = [
        missing.sentence(
            len(clips),
            cost(missing.there),
            alone=any(set(missing.lacking) < set(other.lacking) for other in combinations),
        )
        for missing in combinations[:_MOST_SHOWN]
    ]
    if rest := sum(len(missing.rows) for missing in combinations[_MOST_SHOWN:]):
        sentences.append(f"other combinations of modalities are missing in {rest} of {len(clips)} clips")
    return sentences


def noted_sentences(store: FeatureStore) -> list[str]:
    """What `lddu extract` noted beside missing modalities, such as a file that is cut short: one sentence for notes that differ in numbers alone."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for file in extracted_files(store):
        for note in dict.fromkeys(note for noted in file["notes"].values() for note in noted if not explains_any(note)):
            clips = [clip for clip, noted in file["notes"].items() if note in noted]
            whole = file["file"] and len(clips) == len(file["clips"])
            where = file["file"] if whole else some(clips, _MOST_NAMED)
            alike.setdefault(_NUMBERS_AND_EXAMPLES.sub("", note), []).append((where, note))
    return [_together(places) for places in alike.values()]


def _together(places: Sequence[tuple[str, str]]) -> str:
    """One sentence of where notes stand and notes that are alike."""
    where, (first, note) = list(dict.fromkeys(where for where, _ in places)), places[0]
    if len({noted for _, noted in places}) == 1:
        return f"{some(where, _MOST_NAMED)}: {note}"
    if where[1:]:
        return f"{first}: {note} (likewise in {some(where[1:], _MOST_NAMED)})"
    more = f" (likewise {len(places) - _MOST_NAMED} more)" if len(places) > _MOST_NAMED else ""
    return f"{first}: {'; '.join(noted for _, noted in places[:_MOST_NAMED])}{more}"


def _notes(store: FeatureStore) -> dict[str, list[str]]:
    """Clip -> what was noted of it."""
    return {clip: noted for file in extracted_files(store) for clip, noted in file["notes"].items()}
