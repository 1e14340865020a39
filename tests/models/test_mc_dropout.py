"""MC dropout: the same seed gives the same figures, the network is left as it was, and nothing but dropout wakes up."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lddu.batches.batch import BatchReader
from lddu.models.mc_dropout import DropoutMoments, dropout_on
from lddu.models.network import Network
from lddu.models.networks import DropoutPasses, infer, joined
from tests.builders import DIMENSIONS, tiny_network, tiny_store

ROWS = np.arange(20)


@pytest.fixture
def reader(tmp_path: Path) -> BatchReader:
    return BatchReader(tiny_store(tmp_path / "store", missing=[(4, "audio")]), DIMENSIONS, max_steps=16)


def network(**changes: float) -> Network:
    torch.manual_seed(0)
    return tiny_network(DIMENSIONS, 2, **changes)


def moments(reader: BatchReader, model: Network, passes: int = 8, seed: int = 0) -> DropoutMoments:
    found = infer(model, reader, ROWS, dropout=DropoutPasses(passes, seed)).dropout
    assert found is not None
    return found


def test_the_same_seed_gives_the_same_figures_and_leaves_the_callers_generator_alone(reader: BatchReader) -> None:
    model = network()
    before = torch.random.get_rng_state()
    first, again, other = moments(reader, model), moments(reader, model), moments(reader, model, seed=1)
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(first.std, again.std) and not np.array_equal(first.std, other.std)


def test_the_answer_itself_does_not_change_and_the_network_stays_in_evaluation_mode(reader: BatchReader) -> None:
    model = network()
    plain, asked = infer(model, reader, ROWS), infer(model, reader, ROWS, dropout=DropoutPasses(3))
    assert plain.dropout is None and np.array_equal(plain.probability, asked.probability)
    assert not any(module.training for module in model.modules())


def test_information_is_a_part_of_the_entropy(reader: BatchReader) -> None:
    found = moments(reader, network())
    assert found.std.shape == (20, 2) and (found.std > 0).all()
    assert (found.information >= 0).all() and (found.information <= found.entropy).all()


@pytest.mark.parametrize("kind", [nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_every_dropout_of_a_users_network_wakes_up_and_its_norms_stay(kind: type[nn.Module]) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), kind()).eval()
    with dropout_on(model):
        assert [part.training for part in model] == [False, False, True]
    assert not any(part.training for part in model)


def test_without_dropout_the_passes_agree(reader: BatchReader) -> None:
    found = moments(reader, network(dropout=0, emotion_dropout=0, head_dropout=0))
    np.testing.assert_allclose(found.std, 0, atol=1e-6)
    np.testing.assert_allclose(found.information, 0, atol=1e-6)


def test_only_what_drops_out_is_put_into_training_mode() -> None:
    model = network()
    model.eval()
    with dropout_on(model):
        awake = {type(module).__name__ for module in model.modules() if module.training}
    assert awake == {"UnimodalEncoder", "TransformerLayer", "EmotionAttention", "ScorePerEmotion", "Dropout"}


def test_splits_join_with_their_moments(reader: BatchReader) -> None:
    parts = [infer(network(), reader, rows, dropout=DropoutPasses(2)) for rows in (ROWS[:5], ROWS[5:])]
    whole = joined(parts)
    assert whole.dropout is not None and whole.dropout.std.shape == (20, 2)
    assert joined([parts[0], infer(network(), reader, ROWS[5:])]).dropout is None
