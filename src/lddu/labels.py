"""The emotion vocabularies of the corpora this project knows, in the order of their releases; and what a share means."""

MOSEI_EMOTIONS = ("happy", "sad", "anger", "surprise", "disgust", "fear")
"""CMU-MOSEI: six emotions, several at once (Zadeh et al., ACL 2018)."""

M3ED_EMOTIONS = ("happy", "neutral", "sad", "disgust", "anger", "fear", "surprise")
"""M3ED: seven emotions in the order of its own files (Zhao et al., ACL 2022)."""

SPLITS = ("train", "valid", "test", "unused")
"""What a clip is for. Validation chooses, test only reports; `unused` clips take part in nothing."""

_SPLIT_WORDS = {
    **{split: split for split in SPLITS},
    "training": "train", "val": "valid", "dev": "valid", "devel": "valid", "development": "valid",
    "validation": "valid", "testing": "test",
}  # fmt: skip


def split_named(word: object) -> str | None:
    """One of `SPLITS` for the words in use for it, in any case (``Dev``, ``val``, ``training``); None for others."""
    return _SPLIT_WORDS.get(str(word).strip().lower())


def least_share(present_at: float) -> float:
    """The smallest share of raters from which an emotion counts as present, Eq. (16): shares are stored as float32."""
    return present_at - 1e-6
