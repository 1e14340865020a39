"""Words become token states with the times of their words; any Hugging Face model does, without network."""

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("transformers", reason="text features need the extra: pip install 'lddu[clips]'")

from lddu.clips.extractor import ClipExtractor
from lddu.clips.words.pretrained import LAST
from lddu.clips.words.text import WordEncoder
from lddu.clips.words.transcript import Word, untimed
from lddu.errors import ConfigError


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny language model made on the spot, as a hub model would lie in a folder."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"), ".", "!"]
    vocabulary = {piece: i for i, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **special).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=32, **sizes))
    model.save_pretrained(folder)
    return folder


def test_a_named_model_gives_one_step_per_token_with_its_words_times(tiny_model: Path) -> None:
    encoder = WordEncoder(str(tiny_model), [LAST])
    steps = encoder.steps([Word("abcd", 1.0, 2.0), Word("no", 5.0, 5.5)], start=1.0)
    assert steps.values.shape == (6, 16) == (6, encoder.dimension)
    np.testing.assert_allclose(steps.start, [0.0, 0.25, 0.5, 0.75, 4.0, 4.25])
    np.testing.assert_allclose(steps.end, [0.25, 0.5, 0.75, 1.0, 4.25, 4.5])


def test_a_named_model_tells_which_words_it_knows(tiny_model: Path) -> None:
    assert WordEncoder(str(tiny_model), [LAST]).knows(["abc", "ABC", "no!", "", "abc"]) == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_a_long_transcript_is_read_in_windows_of_whole_words(tiny_model: Path) -> None:
    encoder = WordEncoder(str(tiny_model), [LAST])
    words = untimed(" ".join(["abcdefg"] * 40), 40.0).words
    assert len(encoder.steps(words)) == 280
    np.testing.assert_array_equal(encoder.steps(words).values[:28], encoder.steps(words[:4]).values)


WORDS = [Word("abcd", 0.0, 1.0), Word("no", 1.0, 2.0)]


def test_a_step_holds_the_states_of_every_layer_that_is_asked_for_end_to_end(tiny_model: Path) -> None:
    first, last = WordEncoder(str(tiny_model), [1]), WordEncoder(str(tiny_model), [LAST])
    both = WordEncoder(str(tiny_model), [1, 2])
    assert both.dimension == 32 and first.dimension == last.dimension == 16
    expected = np.hstack([first.steps(WORDS).values, last.steps(WORDS).values])
    np.testing.assert_array_equal(both.steps(WORDS).values, expected)
    assert np.abs(expected[:, :16] - expected[:, 16:]).max() > 0.01


def test_layers_are_part_of_the_specification_but_for_the_last_alone(tiny_model: Path) -> None:
    last = WordEncoder(str(tiny_model), [LAST]).specification()
    assert "layers" not in last and WordEncoder(str(tiny_model), [2]).specification() == last
    assert WordEncoder(str(tiny_model), [1, 2]).specification() == {**last, "layers": [1, "last"]}
    assert WordEncoder(str(tiny_model), [2, 1]).specification() == {**last, "layers": ["last", 1]}


@pytest.mark.parametrize("layers", [[3], [1, 3], [0]])
def test_a_layer_that_does_not_exist_is_refused(tiny_model: Path, layers: list[int]) -> None:
    with pytest.raises(
        ConfigError, match=r"Expected `text_layers` to name a layer from 1 to 2 of this BertModel, .* got"
    ):
        WordEncoder(str(tiny_model), layers)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_a_checkpoint_of_half_precision_is_run_in_float32(tiny_model: Path, tmp_path: Path, kind: str) -> None:
    import shutil

    import torch
    from transformers import AutoModel

    folder = tmp_path / "half"
    shutil.copytree(tiny_model, folder)
    AutoModel.from_pretrained(tiny_model).to(getattr(torch, kind)).save_pretrained(folder)
    half = WordEncoder(str(folder), [LAST]).steps(WORDS).values
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, WordEncoder(str(tiny_model), [LAST]).steps(WORDS).values, atol=0.05)


def test_no_words_give_no_steps_and_a_word_of_thousands_of_letters_is_cut(tiny_model: Path) -> None:
    encoder = WordEncoder(str(tiny_model), [LAST])
    assert len(encoder.steps([])) == 0
    assert 0 < len(encoder.steps([Word("z" * 90, 0.0, 1.0)])) <= 30


def test_a_different_weight_is_a_different_feature(tiny_model: Path, tmp_path: Path) -> None:
    import shutil

    from safetensors.numpy import load_file, save_file

    other = tmp_path / tiny_model.name
    shutil.copytree(tiny_model, other)
    weights = load_file(other / "model.safetensors")
    first = sorted(weights)[0]
    save_file({**weights, first: weights[first] + 1}, other / "model.safetensors", metadata={"format": "pt"})
    assert WordEncoder(str(other), [LAST]).specification() != WordEncoder(str(tiny_model), [LAST]).specification()


def test_a_model_that_is_not_there_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave it out to use the packaged model"):
        WordEncoder(str(tmp_path), [LAST])


def test_the_packaged_model_knows_what_words_mean(extractor: ClipExtractor) -> None:
    encoder = WordEncoder()

    def meaning(text: str) -> np.ndarray:
        vector = encoder.steps(untimed(text, 1.0).words).values.mean(axis=0)
        return np.asarray(vector / np.linalg.norm(vector))

    glad, happy, stone = meaning("I am so glad"), meaning("this makes me happy"), meaning("a heap of gravel")
    assert glad @ happy > glad @ stone + 0.1
