"""The emotion vocabularies of the corpora this project knows, in the order of their releases."""

MOSEI_EMOTIONS = ("happy", "sad", "anger", "surprise", "disgust", "fear")
"""CMU-MOSEI: six emotions, several at once (Zadeh et al., ACL 2018)."""

M3ED_EMOTIONS = ("happy", "neutral", "sad", "disgust", "anger", "fear", "surprise")
"""M3ED: seven emotions in the order of its own files (Zhao et al., ACL 2022)."""

SPLITS = ("train", "valid", "test", "unused")
"""What a clip is for. Validation chooses, test only reports; `unused` clips take part in nothing."""
