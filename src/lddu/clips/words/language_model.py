"""What a language model offers to turn words into its states, and the one that transformers loads."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lddu.clips.words import pretrained
from lddu.errors import ConfigError, parameter

MOST_TOKENS = 256
"""Of a window of words."""

_INSIDE = "##"  # before a piece of WordPiece that continues a word


@dataclass(frozen=True)
class Encoded:
    """A window of words in tokens.

    Attributes:
        inputs: of the model, by name, each of one number per token; ``input_ids`` among them.
        owner: number of each token's word in the window; None of special tokens.
    """

    inputs: Mapping[str, Sequence[int]]
    owner: Sequence[int | None]

    def __len__(self) -> int:
        return len(self.owner)


class LanguageModel(Protocol):
    """A tokenizer that knows the word of each token, and an encoder."""

    @property
    def width(self) -> int:
        """Numbers per token and layer."""

    @property
    def most_tokens(self) -> int:
        """Of a window, special ones among them."""

    @property
    def special_tokens(self) -> int:
        """How many a window has beside those of its words."""

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any weight."""

    def resolved(self, layers: Sequence[int]) -> tuple[int, ...]:
        """Its layers as requested, the last one always as `lddu.clips.words.pretrained.LAST`.

        Raises:
            ConfigError: where it has no such layer.
        """

    def pieces(self, words: Sequence[str]) -> list[int]:
        """Into how many tokens each word falls."""

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Whether any token of each word is one of its vocabulary, not the one that stands for all that is in none."""

    def encoded(self, windows: Sequence[Sequence[str]]) -> list[Encoded]:
        """The tokens of each window of words; what is beyond `most_tokens` is cut."""

    def states(self, windows: Sequence[Encoded], layers: Sequence[int]) -> np.ndarray:
        """[B, T, width * len(layers)] float32 states of windows of one length after these layers, end to end."""


class HubLanguageModel:
    """A language model of the Hugging Face hub.

    Args:
        name: a folder, or a name on the hub such as ``roberta-base``.

    Raises:
        ConfigError: where it cannot be loaded or has no fast tokenizer, or (PackageError) transformers is missing.
    """

    def __init__(self, name: str) -> None:
        self._tokenizer, self._model = pretrained.load(
            name,
            "language model",
            "the packaged model",
            lambda hub: (hub.AutoTokenizer.from_pretrained(name), hub.AutoModel.from_pretrained(name)),
        )
        if not self._tokenizer.is_fast:
            raise ConfigError(
                f"Expected the language model {name!r} to have a fast tokenizer, which knows the word of each token, but it "
                "has none; choose another model."
            )
        read_symbols_apart(self._tokenizer.backend_tokenizer)
        longest = getattr(self._model.config, "max_position_embeddings", 10**9)
        self.most_tokens = int(min(MOST_TOKENS, self._tokenizer.model_max_length, longest))
        self.width = int(self._model.config.hidden_size)
        self.special_tokens = int(self._tokenizer.num_special_tokens_to_add())

    @property
    def fingerprint(self) -> str:
        """See `LanguageModel`."""
        return pretrained.fingerprint(self._model.state_dict())

    def resolved(self, layers: Sequence[int]) -> tuple[int, ...]:
        """See `LanguageModel`."""
        some = self._tokenizer(["a"], is_split_into_words=True, return_tensors="pt")
        return pretrained.resolved_layers(layers, self._model, some, parameter("text_layers"))

    def pieces(self, words: Sequence[str]) -> list[int]:
        """See `LanguageModel`."""
        return [len(ids) for ids in self._ids(words)]

    def knows(self, words: Sequence[str]) -> list[bool]:
        """See `LanguageModel`."""
        return [bool(set(ids) - {self._tokenizer.unk_token_id}) for ids in self._ids(words)]

    def _ids(self, words: Sequence[str]) -> list[list[int]]:
        ids: list[list[int]] = self._tokenizer(list(words), add_special_tokens=False)["input_ids"]
        return ids

    def encoded(self, windows: Sequence[Sequence[str]]) -> list[Encoded]:
        """See `LanguageModel`."""
        encodings = self._tokenizer(
            [list(words) for words in windows], is_split_into_words=True, truncation=True, max_length=self.most_tokens
        )
        rows = range(len(windows))
        return [Encoded({name: encodings[name][row] for name in encodings}, encodings.word_ids(row)) for row in rows]

    def states(self, windows: Sequence[Encoded], layers: Sequence[int]) -> np.ndarray:
        """See `LanguageModel`."""
        import torch

        names = windows[0].inputs
        inputs: dict[str, Any] = {name: torch.tensor([window.inputs[name] for window in windows]) for name in names}
        return pretrained.batch_states(self._model, layers, inputs)


def read_symbols_apart(tokenizer: Any) -> None:
    """Let a tokenizer of WordPiece read symbols that it cannot spell, such as an emoji, apart from the word that they touch.

    It would take the whole word ("glad😀") for unknown otherwise. Symbols that it can spell inside a word (the one in "30°") stay there.
    Features keep their version: stores that were made before differ in such words alone, in which nothing was read.

    Args:
        tokenizer: a `tokenizers.Tokenizer`; one of another kind is left as it is.
    """
    from tokenizers import Regex, models, pre_tokenizers

    if not isinstance(tokenizer.model, models.WordPiece):
        return
    inside = (piece[len(_INSIDE) :] for piece in tokenizer.get_vocab() if piece.startswith(_INSIDE))
    spelled = sorted(sign for sign in inside if len(sign) == 1 and unicodedata.category(sign).startswith("S"))
    but = f"&&[^{''.join(map(_escaped, spelled))}]" if spelled else ""
    symbols = pre_tokenizers.Split(Regex(rf"[\p{{S}}{but}]+"), "isolated")
    before = [tokenizer.pre_tokenizer] if tokenizer.pre_tokenizer else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([symbols, *before])


def _escaped(sign: str) -> str:
    """A character in a pattern of the tokenizer."""
    return rf"\x{{{ord(sign):x}}}"
