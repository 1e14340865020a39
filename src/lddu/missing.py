"""Clips that lack modalities: which, why, and what that costs according to the run's own validation figures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lddu.ablation import Ablation
from lddu.clips.extractor import UNHEARD, UNTOLD, WORDLESS
from lddu.extract import MADE_BY
from lddu.features.store import FeatureStore

_MOST_TOLD = 6

Lookup = Callable[[Sequence[str]], Ablation | None]
"""Modalities that are there -> the run's validation figures with these only, where they were measured."""


@dataclass(frozen=True)
class Missing:
    """Clips of a store that lack the same modalities.

    Attributes:
        lacking: names, in the run's order.
        there: names of the others.
        rows: of the clips.
        reasons: what the extraction noted, such as "no video track"; empty where nothing was.
    """

    lacking: tuple[str, ...]
    there: tuple[str, ...]
    rows: tuple[int, ...]
    reasons: tuple[str, ...]

    def sentence(self, clips: int, cost: Ablation | None) -> str:
        """What a reader of the answers should know.

        Args:
            clips: of the whole store.
            cost: measured with `there` only; None where it was not measured.
        """
        where = "in the clip" if clips == 1 else f"in {len(self.rows)} of {clips} clips"
        why = f" ({'; '.join(self.reasons)})" if self.reasons else ""
        rest = listed(self.there) or "nothing but how common each emotion is"
        told = f"{listed(self.lacking)} {'is' if len(self.lacking) == 1 else 'are'} missing {where}{why}"
        price = f"; without {listed(self.lacking)} {cost.sentence()}" if cost else ""
        return f"{told}: {'its answer rests' if len(self.rows) == 1 else 'their answers rest'} on {rest}{price}"


def missing_in(store: FeatureStore, modalities: Sequence[str]) -> Iterator[Missing]:
    """The clips that lack any of a run's modalities, by what they lack, the most frequent first."""
    absent = np.zeros((len(store), len(modalities)), bool)
    for m, name in enumerate(modalities):
        absent[:, m] = store.lengths(name) == 0 if name in store.modalities else True
    patterns, owner, count = np.unique(absent, axis=0, return_inverse=True, return_counts=True)
    notes = _notes(store)
    for number in np.argsort(-count, kind="stable"):
        pattern, rows = patterns[number], np.flatnonzero(owner.reshape(-1) == number)
        if pattern.any():
            lacking = tuple(name for name, gone in zip(modalities, pattern, strict=True) if gone)
            there = tuple(name for name in modalities if name not in lacking)
            told = {note for row in rows for note in notes.get(str(store.table.clip[row]), ())}
            reasons = sorted(told - (set() if "text" in lacking else {UNTOLD, UNHEARD, WORDLESS}))
            yield Missing(lacking, there, tuple(rows.tolist()), tuple(reasons))


def missing_sentences(store: FeatureStore, modalities: Sequence[str], cost: Lookup) -> list[str]:
    """One sentence per combination of missing modalities; the rarest beyond six are only counted."""
    found = list(missing_in(store, modalities))
    sentences = [one.sentence(len(store), cost(one.there)) for one in found[:_MOST_TOLD]]
    if rest := sum(len(one.rows) for one in found[_MOST_TOLD:]):
        sentences.append(f"other combinations of modalities are missing in {rest} of {len(store)} clips")
    return sentences


def _notes(store: FeatureStore) -> dict[str, list[str]]:
    """Clip -> what `lddu extract` noted of it; empty for a store that was made otherwise."""
    source = store.manifest["source"]
    files = source["files"] if source.get("made_by") == MADE_BY else []
    return {clip: told for file in files for clip, told in file["notes"].items()}


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
