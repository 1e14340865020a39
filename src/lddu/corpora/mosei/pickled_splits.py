"""The dictionary {split: its content} that TAILOR's and MMSA's files hold, read one split after the other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from lddu.corpora.mosei.folds import fold_named
from lddu.corpora.untrusted.object_file import read_objects
from lddu.corpora.untrusted.pickled_values import PickledValues, form_of
from lddu.errors import SourceError
from lddu.labels import splits_said

Split = TypeVar("Split")


def read_splits(source: Path, read_split: Callable[[str, Any, PickledValues], Split]) -> list[Split]:
    """Every split of the file, in its order.

    Args:
        source: a .pkl or .pt file; it is read as data and never run.
        read_split: makes one of ``train``, ``valid`` or ``test`` from its content.

    Raises:
        SourceError: where the file is no dictionary of splits, or names one that is unknown or there already.
    """
    content = read_objects(source)
    values = PickledValues(source)
    if not isinstance(content, dict) or not content:
        raise SourceError(f"Expected {source} to be a dictionary of splits, but got {form_of(content)}.")
    splits: dict[str, Split] = {}
    for key, split in content.items():
        name = fold_named(key)
        if name is None:
            raise SourceError(f"Expected the splits of {source} to be {splits_said(key)}; rename it.")
        if name in splits:
            raise SourceError(f"Expected each split once in {source}, but {str(key)[:40]!r} is {name} again; keep one.")
        splits[name] = read_split(name, split, values)
    return list(splits.values())
