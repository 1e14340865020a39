"""Layers as a user types them."""

import pytest

from lddu.clips.words.pretrained import LAST
from lddu.commands.layers import layer, layers
from lddu.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"), [("", ()), ("2", (2,)), ("3,last", (3, LAST)), (" 3 , 6 ", (3, 6)), ("last", (LAST,))]
)
def test_layers_are_numbers_from_1_or_last_between_commas(text: str, expected: tuple[int, ...]) -> None:
    assert layers("--text-layers", text) == expected


@pytest.mark.parametrize("text", ["0", "-1", "3;4", "3,", ",", "Last", "1.5", "²", "10000", "3 6"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigError, match="Expected --text-layers to be layers such as 3,last, counted from 1, but got"
    ):
        layers("--text-layers", text)


def test_a_voice_has_one_layer() -> None:
    assert (layer("--voice-layer", "2"), layer("--voice-layer", "")) == (2, 0)
    with pytest.raises(ConfigError, match="Expected --voice-layer to be one layer, but got '1,2'; choose one"):
        layer("--voice-layer", "1,2")
