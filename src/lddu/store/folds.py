"""Which fold each clip of a store belongs to: whole groups (speakers, sessions, videos), emotions as even as that allows."""

import re
import warnings
from dataclasses import dataclass

import numpy as np

from lddu.arrays import Flags
from lddu.config import near
from lddu.errors import ConfigError, StoreError, parameter
from lddu.labels import least_share
from lddu.sentences import counted, listed, some
from lddu.store.store import FeatureStore

LEAST_FOLDS = 3
"""One to test on, one to choose on, and something to learn from."""

OWN_COLUMNS = ("group", "clip")
"""What may be a group beside the carried columns: that of the table, or each clip alone."""


@dataclass(frozen=True)
class GroupFolds:
    """The folds to make.

    Attributes:
        count: how many; None takes each group as one (leave one group out).
        column: of the clip table that names the groups; ``clip`` lets each clip go anywhere.
    """

    count: int | None = 5
    column: str = "group"


@dataclass(frozen=True, eq=False)
class Folds:
    """The folds of a store.

    Attributes:
        column: that names the groups.
        count: K folds.
        fold: [N] from 0 to K - 1; -1 for clips that take part in nothing.
        group: [N] name of each clip's group; empty where unknown, which makes the clip a group of its own.
        left_out: why clips take part in nothing -> how many.
        alone: clips without a group.
    """

    column: str
    count: int
    fold: np.ndarray
    group: np.ndarray
    left_out: dict[str, int]
    alone: int

    def split(self, test: int) -> np.ndarray:
        """[N] split of each clip where fold `test` is tested, the next one chooses, and the others train."""
        split = np.full(len(self.fold), "train", dtype=object)
        split[self.fold == test] = "test"
        split[self.fold == (test + 1) % self.count] = "valid"
        split[self.fold < 0] = "unused"
        return split

    def to_mapping(self, store: FeatureStore) -> dict[str, str | int]:
        """What makes two studies over folds of a store the same one."""
        return {"store": store.manifest_sha256, "folds": self.count, "group": self.column}

    def groups_of(self, fold: int) -> list[str]:
        """The groups of a fold, in natural order; clips without one are none."""
        return sorted({str(word) for word in self.group[self.fold == fold]} - {""}, key=natural)


def fold_clips(store: FeatureStore, count: int | None, column: str = "group") -> Folds:
    """Put every labelled clip that is not ``unused`` into a fold; splits that the store has are not looked at.

    The same store, column and count give the same folds.

    Args:
        store: with labels.
        count: how many folds; None takes each group as one.
        column: ``group``, a column that begins with ``_``, or ``clip``, which lets each clip go anywhere.

    Raises:
        ConfigError: where the column is not there, or there are too few groups or folds.
        StoreError: where no clip has a label.
    """
    group = group_column(store, column)
    labelled = ~np.isnan(store.table.labels).all(axis=1) if store.emotions else np.zeros(len(store), bool)
    unused = store.table.split == "unused"
    taking_part = labelled & ~unused
    if not taking_part.any():
        raise StoreError(
            f"Expected labelled clips in {store.place} to make folds of, but there are none; import the corpus with "
            "labels."
        )
    left_out = {"without a label": int((~labelled & ~unused).sum()), "unused": int(unused.sum())}
    alone = int((group[taking_part] == "").sum())
    names = sorted(set(group[taking_part].tolist()) - {""}, key=natural)
    _refuse_few(store, column, count, len(names), alone)
    fold = np.full(len(store), -1)
    rows = np.flatnonzero(taking_part)
    if count is None:
        place = {name: n for n, name in enumerate(names)}
        fold[rows] = [place[name] for name in group[rows]]
    else:
        fold[rows] = _stratified(group[rows], store.table.labels[rows] >= least_share(store.present_at), count)
    return Folds(
        column, len(names) if count is None else count, fold, group, {k: n for k, n in left_out.items() if n}, alone
    )


def group_column(store: FeatureStore, column: str) -> np.ndarray:
    """[N] the words of a column of the clip table, whole numbers without a point; empty where unknown.

    Raises:
        ConfigError: where the store has no such column.
    """
    table = store.table
    if column in OWN_COLUMNS:
        return np.array([str(word) for word in getattr(table, column)], dtype=object)
    if column not in table.carried:
        known = [*OWN_COLUMNS, *table.carried]
        raise ConfigError(
            f"Expected {parameter('group')} to be a column of {store.place} that names groups ({', '.join(known)}), but got "
            f"{column!r}{near(column, known)}; import the corpus with such a column, its name beginning with '_'."
        )
    return np.array([in_words(value) for value in table.carried[column]], dtype=object)


def in_words(value: object) -> str:
    """A value of a carried column as a word; nothing where it is unknown.

    Example:
        >>> in_words(3.0), in_words(float("nan")), in_words("f")
        ('3', '', 'f')
    """
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return "" if np.isnan(number) else f"{number:.12g}"


def without_positives(store: FeatureStore, folds: Folds) -> list[tuple[int, str]]:
    """Fold and emotion, where no clip of the fold is known to show it."""
    present = store.table.labels >= least_share(store.present_at)
    return [
        (k, emotion)
        for k in range(folds.count)
        for emotion, has_positive in zip(store.emotions, present[folds.fold == k].any(axis=0), strict=True)
        if not has_positive
    ]


def _refuse_few(store: FeatureStore, column: str, count: int | None, groups: int, alone: int) -> None:
    if count is not None and count < LEAST_FOLDS:
        raise ConfigError(
            f"Expected {parameter('folds')} to be at least {LEAST_FOLDS} (one tests, one chooses, the others train), but got {count}."
        )
    if count is None and alone:
        raise ConfigError(
            f"Expected every clip of {store.place} to have a value in {column!r} for a fold of each group, but {counted(alone, 'clip')} "
            f"{'has' if alone == 1 else 'have'} none; give them one, mark them unused, or take a number of folds."
        )
    if not groups:
        raise ConfigError(
            f"Expected groups in the column {column!r} of {store.place}, but it is empty; name another column, or "
            f"{parameter('group', 'clip')} if no two clips are of one speaker or recording."
        )
    units, least = groups + alone, LEAST_FOLDS if count is None else count
    if units < least:
        cure = f"take at most {units}" if units >= LEAST_FOLDS else "name a column of more groups"
        raise ConfigError(
            f"Expected at least {counted(least, 'group')} in the column {column!r} of {store.place} for {counted(least, 'fold')}, but it "
            f"has {units}; {cure}."
        )


def _stratified(group: np.ndarray, present: Flags, count: int) -> np.ndarray:
    """[N] fold of each clip; scikit-learn deals out the groups so that every class is as even as it gets.

    It knows one class per row, so a clip is a row for each emotion that it shows, and one more for itself.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    units = np.unique([f"group {word}" if word else f"clip {n}" for n, word in enumerate(group)], return_inverse=True)[
        1
    ]
    clips, emotions = np.nonzero(present)
    row = np.concatenate([np.arange(len(group)), clips])
    kind = np.concatenate([np.zeros(len(group), np.int64), emotions + 1])
    fold = np.empty(len(group), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # of classes with fewer rows than folds, which `without_positives` names
        for k, (_, chosen) in enumerate(StratifiedGroupKFold(count).split(row[:, None], kind, units[row])):
            fold[row[chosen]] = k
    return fold


def natural(word: str) -> list[tuple[int, int, str]]:
    """Order in which Ses2 comes before Ses10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", word) if part]


def fold_sentences(store: FeatureStore, folds: Folds, test: int) -> list[str]:
    """What a reader of the run that is tested on a fold should know."""
    valid = (test + 1) % folds.count
    parts = [
        f"{part} {counted(int((folds.fold == k).sum()), 'clip')}"
        + (f" ({some(names)})" if (names := folds.groups_of(k)) and folds.column != "clip" else "")
        for part, k in (("test", test), ("valid", valid))
    ]
    sentences = [f"fold {test + 1} of {folds.count} by {folds.column!r}: {', '.join(parts)}"]
    lacking = without_positives(store, folds)
    for part, k in (("test", test), ("valid", valid)):
        if names := [emotion for fold, emotion in lacking if fold == k]:
            sentences.append(f"no {part} clip of this fold shows {listed(names)}")
    return sentences
