"""Models of the Hugging Face hub, from a folder or by name: loaded, named and run in one way for words and voice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lddu.clips.extras import needs
from lddu.errors import ConfigError


def load(name: str, kind: str, default: str, loader: Callable[[Any], tuple[Any, Any]]) -> tuple[Any, Any]:
    """Load a model and what prepares its input.

    Args:
        name: what the user said, for the message.
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
    return prepare, model.eval()


def specification(name: str, model: Any) -> dict[str, str]:
    """What tells a model from every other: its name (of a folder the last part) and a digest of its weights."""
    return {"model": Path(name).name if Path(name).is_dir() else name, "weights": fingerprint(model)}


def fingerprint(model: Any) -> str:
    """Twelve hexadecimal digits that change with any weight of the model."""
    import hashlib

    import torch

    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(dtype=torch.uint8).numpy())
    return digest.hexdigest()[:12]


@contextmanager
def steady() -> Iterator[None]:
    """Torch without gradients on one thread: sums in one order, so that a clip gives the same bits wherever it lies."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
