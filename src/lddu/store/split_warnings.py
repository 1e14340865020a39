"""What a corpus says of how its clips are split, which does not hold for the same clips in other splits."""

from collections import Counter
from collections.abc import Sequence

from lddu.store.repeated import SAME_FEATURES

NONE_NAMED = " names no split: the store can be predicted, not trained on."
NONE_IN = {
    "train": "nothing can be trained on it",
    "valid": "training has nothing to choose its epoch and threshold on",
    "test": "training reports no test figures",
}
"""Split -> what it means that no clip is in it."""

SOME_WITHOUT = "Clips without a split can be predicted and take part in nothing else"


def split_warnings(splits: Sequence[str], file: str) -> list[str]:
    """Sentences on what cannot be done with a corpus.

    Args:
        splits: of each clip; empty where it names none.
        file: name of the table that says so.

    Example:
        >>> split_warnings(["train", "valid", "test", ""], "clips.csv")
        ['Clips without a split can be predicted and take part in nothing else (1).']
    """
    used = Counter(splits)
    if set(used) == {""}:
        return [file + NONE_NAMED]
    sentences = [_none_in(split) for split in NONE_IN if not used[split]]
    return sentences + ([f"{SOME_WITHOUT} ({used['']})."] if used[""] else [])


def of_splits(warning: str) -> bool:
    """Whether a warning is one of `split_warnings`, or on copies in other splits (`lddu.store.repeated`).

    Example:
        >>> of_splits("clips.csv names no split: the store can be predicted, not trained on."), of_splits("2 clips are empty")
        (True, False)
    """
    return (
        warning.endswith(NONE_NAMED)
        or warning.startswith(SOME_WITHOUT)
        or SAME_FEATURES in warning
        or warning in [_none_in(name) for name in NONE_IN]
    )


def _none_in(split: str) -> str:
    return f"No clip is in the split {split!r}: {NONE_IN[split]}."
