"""Layers of an encoder, as a user types them."""

from lddu.clips.words.pretrained import LAST
from lddu.errors import ConfigError


def layers(option: str, text: str) -> tuple[int, ...]:
    """The layers in a text such as ``3,last``; none in an empty one.

    Args:
        option: that was given it, for the message.
        text: numbers from 1, or ``last``, between commas.

    Raises:
        ConfigError: where it is anything else.
    """
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(
        part == "last" or (part.isascii() and part.isdecimal() and len(part) <= 4 and int(part) >= 1) for part in parts
    ):
        raise ConfigError(
            f"Expected {option} to be layers such as 3,last, counted from 1, but got {text!r}; correct it or leave it out."
        )
    return tuple(LAST if part == "last" else int(part) for part in parts)


def layer(option: str, text: str) -> int:
    """The one layer in a text such as ``2``; 0 for an empty one.

    Raises:
        ConfigError: where it is anything else, as `layers` says.
    """
    numbers = layers(option, text)
    if len(numbers) > 1:
        raise ConfigError(f"Expected {option} to be one layer, but got {text!r}; choose one.")
    return numbers[0] if numbers else 0
