"""The splits that trainings use: those of the store, or those of each fold, whose features stay in the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lddu.errors import MismatchError
from lddu.evaluate.scored import LEAST_GROUPS
from lddu.sentences import listed
from lddu.store.folds import Folds, GroupFolds, fold_clips, fold_sentences
from lddu.store.resplit import resplit
from lddu.store.store import FeatureStore
from lddu.training.plan import chosen_modalities


@dataclass(frozen=True)
class Part:
    """One training: on the store's own splits, or on one fold.

    Attributes:
        name: such as ``fold 2``; empty without folds.
        store: its clips in its splits.
        path: of its run folder.
    """

    name: str
    store: FeatureStore
    path: Path

    def named(self, before: str) -> str:
        """The name behind that of the whole: ``seed 0, fold 2``."""
        return f"{before}, {self.name}" if self.name else before


@dataclass(frozen=True, eq=False)
class Splits:
    """How the clips of a store are split.

    Attributes:
        store: whose clips.
        stores: of each fold; the store itself without folds.
        folds: which clip is in which; None without folds.
    """

    store: FeatureStore
    stores: tuple[FeatureStore, ...]
    folds: Folds | None = None

    def parts(self, path: Path) -> list[Part]:
        """What is trained at a path: one run, or `fold-K` below it for each fold."""
        if self.folds is None:
            return [Part("", self.store, path)]
        return [Part(f"fold {k}", fold_store, fold_path(path, k)) for k, fold_store in enumerate(self.stores, start=1)]


def fold_path(path: Path, number: int) -> Path:
    """Run folder of a fold, counted from 1."""
    return path / f"fold-{number}"


def own_splits(store: FeatureStore) -> Splits:
    """Those of the store."""
    return Splits(store, (store,))


def chosen_folds(store: FeatureStore, group_folds: GroupFolds, modalities: tuple[str, ...] = ()) -> Folds:
    """Which clip is in which fold.

    Args:
        store: labelled.
        group_folds: how many, of which groups.
        modalities: that may be seen; all of the store where left out.

    Raises:
        ConfigError: where the column or a modality is not in the store, or there are too few groups.
        MismatchError: where folds would see different modalities.
        StoreError: where no clip has a label.
    """
    folds = fold_clips(store, group_folds.count, group_folds.column)
    _refuse_unlike(store, folds, chosen_modalities(store, modalities))
    return folds


def fold_splits(store: FeatureStore, out: Path, folds: Folds) -> Splits:
    """Write the splits of each fold to `out/stores/fold-K`, or check those that are there.

    Raises:
        MismatchError: where `out` holds other splits.
    """
    return Splits(store, tuple(_fold_store(store, out, folds, k) for k in range(folds.count)), folds)


def _refuse_unlike(store: FeatureStore, folds: Folds, modalities: Sequence[str]) -> None:
    """Refuse before training what could not be pooled after it."""
    for name in modalities:
        there = store.lengths(name) > 0
        lacking = [str(k + 1) for k in range(folds.count) if not there[folds.split(k) == "train"].any()]
        if lacking and len(lacking) < folds.count:
            which = (
                f"{'fold' if len(lacking) == 1 else 'folds'} {listed(lacking)} {'has' if len(lacking) == 1 else 'have'}"
            )
            raise MismatchError(
                f"Expected training clips with {name} in each of {folds.count} folds, whose answers belong together only where all "
                f"see the same modalities, but {which} none; take other folds, or train without {name}."
            )


def _fold_store(store: FeatureStore, out: Path, folds: Folds, k: int) -> FeatureStore:
    """The store of fold k; intervals draw its groups, or those of the store where there are too few."""
    several = len(set(folds.group[folds.fold >= 0].tolist())) >= LEAST_GROUPS
    group = folds.group if several and folds.column != "clip" else store.table.group
    return resplit(store, fold_path(out / "stores", k + 1), folds.split(k), group, fold_sentences(store, folds, k))
