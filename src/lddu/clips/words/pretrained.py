"""Models of the Hugging Face hub, from a folder or by name: loaded, named and run in one way for words and voice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.extras import needs
from lddu.errors import ConfigError

LAST = -1
"""A layer's number that stands for the last one, as in Python's sequences."""


def load(name: str, kind: str, default: str, loader: Callable[[Any], tuple[Any, Any]]) -> tuple[Any, Any]:
    """Load a model and what prepares its input.

    Args:
        name: what the user gave, for the message.
        kind: such as "language model".
        default: what serves where none is named, such as "the packaged model".
        loader: the transformers package -> (what prepares the input, model).

    Raises:
        ConfigError: where transformers is not installed or the model cannot be loaded.
    """
    transformers = needs("transformers", "clips", f"a {kind}")
    transformers.utils.logging.disable_progress_bar()
    try:
        prepare, model = loader(transformers)
    except (OSError, ValueError, KeyError, RuntimeError) as fault:
        raise ConfigError(
            f"Expected the {kind} {name!r} to be a folder or a name on the Hugging Face hub, but it cannot be "
            f"loaded ({' '.join(str(fault).split())[:160]}); check the name and the network, or leave it out to use "
            f"{default}."
        ) from None
    return prepare, model.eval().float()  # a checkpoint in float16 or bfloat16 too: inputs are float32


def specification(name: str, weights: str, layers: Sequence[int]) -> dict[str, Any]:
    """What identifies features of a model: its name (of a folder the last part), a digest of its weights, layers.

    Without ``layers`` they are states of the last layer alone, as they were before layers could be chosen.
    """
    named = {"model": Path(name).name if Path(name).is_dir() else name, "weights": weights}
    if tuple(layers) == (LAST,):
        return named
    return {**named, "layers": ["last" if layer == LAST else layer for layer in layers]}


def states(model: Any, layers: Sequence[int], inputs: Mapping[str, Any]) -> np.ndarray:
    """[T, D * len(layers)] states of the only sequence of a batch; see `batch_states`."""
    return np.asarray(batch_states(model, layers, inputs)[0])


def batch_states(model: Any, layers: Sequence[int], inputs: Mapping[str, Any]) -> np.ndarray:
    """[B, T, D * len(layers)] states of sequences of one length after these layers, end to end.

    Args:
        model: a transformers model.
        layers: as `resolved_layers` gives them; the last one's are the model's output, after its final norm if it has one.
        inputs: of the model.
    """
    import torch

    with steady():
        output = model(**inputs, output_hidden_states=any(layer != LAST for layer in layers))
    chosen = [output.last_hidden_state if layer == LAST else output.hidden_states[layer] for layer in layers]
    return np.asarray(torch.cat(chosen, dim=2).numpy(), np.float32)


def fingerprint(weights: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that change with any of the tensors or its name."""
    import hashlib

    import torch

    digest = hashlib.sha256()
    for key, tensor in sorted(weights.items()):
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(dtype=torch.uint8).numpy())
    return digest.hexdigest()[:12]


@contextmanager
def steady() -> Iterator[None]:
    """Torch without gradients on one thread: sums in one order, so that a clip gives the same bits wherever it lies."""
    import torch

    from lddu.machine.threads import one_thread

    with one_thread(), torch.inference_mode():
        yield


def resolved_layer(layer: int, depth: int, option: str, model: str) -> int:
    """The number of a layer, counted from 1.

    Args:
        layer: as requested; `LAST` is the last.
        depth: how many layers the model has.
        option: that sets it, for the message.
        model: which model, for the message.

    Raises:
        ConfigError: where the model has no such layer.
    """
    if layer == LAST:
        return depth
    if not 1 <= layer <= depth:
        raise ConfigError(
            f"Expected {option} to name a layer from 1 to {depth} of {model}, or 'last', but got {layer}; choose one of these."
        )
    return layer


def resolved_layers(layers: Sequence[int], model: Any, inputs: Mapping[str, Any], option: str) -> tuple[int, ...]:
    """Layers of a transformers model, the last one always as `LAST`.

    Args:
        layers: as requested.
        model: what has them.
        inputs: some input, which shows how many there are.
        option: that sets them, for the message.

    Raises:
        ConfigError: where the model has no such layer, or shows its output alone.
    """
    if all(layer == LAST for layer in layers):
        return tuple(layers)
    with steady():
        hidden = getattr(model(**inputs, output_hidden_states=True), "hidden_states", None)
    if not hidden:
        raise ConfigError(
            f"Expected {option} last for a {type(model).__name__}, which shows no other layers; leave it out."
        )
    depth = len(hidden) - 1
    numbers = [resolved_layer(layer, depth, option, f"this {type(model).__name__}") for layer in layers]
    return tuple(LAST if number == depth else number for number in numbers)
