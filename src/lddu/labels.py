"""The emotion vocabularies of the corpora this project knows, in the order of their releases; what splits are called; what a share means."""

from collections.abc import Sequence

from lddu.errors import ConfigError, parameter

MOSEI_EMOTIONS = ("happy", "sad", "anger", "surprise", "disgust", "fear")
"""CMU-MOSEI: six emotions, several at once (Zadeh et al., ACL 2018)."""

M3ED_EMOTIONS = ("happy", "neutral", "sad", "disgust", "anger", "fear", "surprise")
"""M3ED: seven emotions in the order of its own files (Zhao et al., ACL 2022)."""

SPLITS = ("train", "valid", "test", "unused")
"""What a clip is for. Validation chooses, test only reports; `unused` clips take part in nothing."""

PREDICTED = ("valid", "test")
"""Of which splits a run keeps its answers."""

LABELLED = ("train", *PREDICTED)
"""Which splits can be measured."""

SPLIT_WORDS = {
    "train": ("training", "trn"),
    "valid": ("dev", "val", "devel", "development", "validation"),
    "test": ("testing", "tst"),
    "unused": (),
}
"""Each of `SPLITS` and the other words in use for it: the one table, for clip tables, folds, predictions, options and Python."""

_TWO_MEANINGS = ("eval", "evaluation")
"""The validation split of some corpora and the test split of others."""


def split_named(word: object) -> str | None:
    """One of `SPLITS` for the words in use for it, in any case (``Dev``, ``val``, ``training``); None for others."""
    said = str(word).strip().lower()
    return next((split for split, others in SPLIT_WORDS.items() if said == split or said in others), None)


def splits_said(word: object, among: Sequence[str] = SPLITS, more: str = "") -> str:
    """The end of a sentence on a word that names none of these splits: what may be written, and what was.

    Args:
        word: that was written.
        among: the splits that may be.
        more: what may be written beside them.

    Example:
        >>> splits_said("tset", ("valid", "test"))
        "valid, test (also called dev, val, devel, development, validation; testing, tst), but got 'tset'"
    """
    others = "; ".join(", ".join(SPLIT_WORDS[split]) for split in among if SPLIT_WORDS[split])
    said = f"{', '.join(among)} (also called {others}){more}, but got {str(word)[:80]!r}"
    if str(word).strip().lower() in _TWO_MEANINGS:
        said += ", which means valid in some corpora and test in others"
    return said


def split_asked(word: str, among: Sequence[str]) -> str:
    """The split that a parameter `split` names.

    Example:
        >>> split_asked("dev", ("valid", "test"))
        'valid'

    Raises:
        ConfigError: where it is none of `among`.
    """
    split = split_named(word)
    if split is None or split not in among:
        raise ConfigError(f"Expected {parameter('split')} to be one of {splits_said(word, among)}.")
    return split


def least_share(present_at: float) -> float:
    """The smallest share of raters from which an emotion counts as present, Eq. (16): shares are stored as float32."""
    return present_at - 1e-6
