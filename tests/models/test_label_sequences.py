"""Labels as a sequence: how it is written, what beam search makes of it, and what the loss of MMS2S reads."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lddu.config import CorpusSize, laid_over
from lddu.machine.ranks import ALONE
from lddu.models.families import family_of
from lddu.models.network import Network
from lddu.models.peers.label_sequences import label_odds, written
from lddu.models.peers.mms2s import Mms2s, SequenceObjective
from tests.models.test_every_family import clips, config_of
from tests.models.test_peers import TASK


class NextLabel:
    """Log-probabilities of the next label after any sequence, drawn once for each; token E begins and stops."""

    def __init__(self, labels: int, seed: int) -> None:
        self.labels, self.seed = labels, seed

    def after(self, sequence: tuple[int, ...]) -> Tensor:
        generator = torch.Generator().manual_seed(hash((self.seed, *sequence)) % 2**31)
        drawn = 2 * torch.randn(self.labels + 1, generator=generator)
        drawn[list(sequence[1:])] = -math.inf
        return drawn.log_softmax(dim=0)

    def __call__(self, tokens: Tensor) -> Tensor:
        rows = [[self.after(tuple(sequence)) for sequence in clip] for clip in tokens.tolist()]
        return torch.stack([torch.stack(row) for row in rows])

    def exact(self) -> np.ndarray:
        """Probability of every label, as the sum over all sequences."""
        found = np.zeros(self.labels)
        for length in range(1, self.labels + 1):
            for sequence in itertools.permutations(range(self.labels), length):
                steps = [*sequence, self.labels]
                began = (self.labels, *sequence)
                log_p = sum(float(self.after(began[: i + 1])[step]) for i, step in enumerate(steps))
                found[list(sequence)] += math.exp(log_p)
        return found

    def by_beam(self, beam: int) -> np.ndarray:
        start = torch.full((1, 1, 1), self.labels)
        return label_odds(self, start, self.labels, beam)[0].sigmoid().double().numpy()


@given(labels=st.integers(1, 4), seed=st.integers(0, 1000))
def test_a_beam_that_drops_nothing_gives_the_sum_over_all_sequences(labels: int, seed: int) -> None:
    model = NextLabel(labels, seed)
    np.testing.assert_allclose(model.by_beam(24), model.exact(), atol=1e-5)


@given(labels=st.integers(2, 4), seed=st.integers(0, 1000), beam=st.integers(1, 3))
def test_what_a_narrow_beam_drops_can_only_lower_a_label_and_never_to_nothing(
    labels: int, seed: int, beam: int
) -> None:
    model = NextLabel(labels, seed)
    assert (model.by_beam(beam) <= model.exact() + 1e-5).all()
    assert (model.by_beam(beam) > 0).all()


def test_a_clip_that_is_over_is_answered_as_if_alone() -> None:
    """Of two clips the first stops at once for sure, the second writes all four labels for sure."""
    lengths: list[int] = []

    def following(tokens: Tensor) -> Tensor:
        lengths.append(tokens.shape[2])
        wanted = torch.tensor([4, tokens.shape[2] - 1])[: len(tokens)]
        drawn = 30 * torch.nn.functional.one_hot(wanted, 5).float()[:, None].expand(-1, tokens.shape[1], -1)
        return drawn.log_softmax(dim=2)

    alone = label_odds(following, torch.full((1, 1, 1), 4), 4, 5)
    assert lengths == [1]
    both = label_odds(following, torch.full((2, 1, 1), 4), 4, 5)
    assert torch.equal(both[:1], alone) and (both[1] > 20).all() and (alone < -20).all()


def test_labels_are_written_in_order_and_only_the_first_stop_counts() -> None:
    present = torch.tensor([[True, False, True], [False, False, False], [False, True, False]])
    labels, counted = written(present, torch.tensor([2, 1, 0]))
    assert labels.tolist() == [[2, 0, 3], [3, 3, 3], [1, 3, 3]]
    assert counted.tolist() == [[True, True, True], [True, False, False], [True, True, False]]


def network() -> Network:
    torch.manual_seed(0)
    return Network(family_of("mms2s"), TASK, config_of("mms2s").fitted_to(CorpusSize(100, 4, 7))).eval()


def loss_of(model: Network, shares: list[list[float]], objective: SequenceObjective | None = None) -> float:
    objective = objective or SequenceObjective(config_of("mms2s").objective, TASK, ALONE)
    assert isinstance(model.module, Mms2s)
    values, mask, presence = clips(20)
    n = len(shares)
    with torch.no_grad():
        answer = model(tuple(x[:n] for x in values), tuple(x[:n] for x in mask), presence[:n])
        return float(objective(model.module, answer, torch.tensor(shares), torch.zeros(n, 2)).total)


def test_an_unknown_label_is_no_choice_and_a_clip_without_any_known_one_does_not_count() -> None:
    """Whatever the network would say of emotion b, which is unknown in both clips."""
    model = network()
    shares = [[1.0, math.nan], [0.0, math.nan]]
    assert isinstance(model.module, Mms2s)
    before = loss_of(model, shares)
    with torch.no_grad():
        model.module.output.bias[1] += 5
    assert loss_of(model, shares) == pytest.approx(before)
    assert loss_of(model, [[1.0, 0.0], [0.0, 0.0]]) != pytest.approx(before)
    assert loss_of(model, [*shares, [math.nan, math.nan]]) == pytest.approx(before)


def test_labels_are_learned_in_the_order_of_their_frequency_so_far() -> None:
    """A clip with both emotions is another sequence once b has been seen more often than a."""
    model, both = network(), [[1.0, 1.0]]
    objective = SequenceObjective(config_of("mms2s").objective, TASK, ALONE)
    first = loss_of(model, both, objective)
    loss_of(model, [[0.0, 1.0]] * 3, objective)
    assert loss_of(model, both, objective) != pytest.approx(first)
    assert objective.state_dict()["count"].tolist() == [2, 5]


def test_shares_are_drawn_anew_at_every_step() -> None:
    """On average half of the clips with a share of one half show the emotion."""
    config = laid_over(config_of("mms2s"), {"objective": {"target": "shares"}})
    objective = SequenceObjective(config.objective, TASK, ALONE)
    torch.manual_seed(0)
    model = network()
    for _ in range(25):
        loss_of(model, [[0.5, 0.0]] * 20, objective)
    assert objective.count.tolist() == [pytest.approx(250, abs=50), 0]
