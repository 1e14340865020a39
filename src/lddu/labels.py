"""The emotion vocabularies of the corpora this project knows, in the order of their releases; and what a share means."""

MOSEI_EMOTIONS = ("happy", "sad", "anger", "surprise", "disgust", "fear")
"""CMU-MOSEI: six emotions, several at once (Zadeh et al., ACL 2018)."""

M3ED_EMOTIONS = ("happy", "neutral", "sad", "disgust", "anger", "fear", "surprise")
"""M3ED: seven emotions in the order of its own files (Zhao et al., ACL 2022)."""

SPLITS = ("train", "valid", "test", "unused")
"""What a clip is for. Validation chooses, test only reports; `unused` clips take part in nothing."""


def least_share(present_at: float) -> float:
    """The smallest share of raters from which an emotion counts as present, Eq. (16): shares are stored as float32."""
    return present_at - 1e-6
