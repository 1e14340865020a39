"""The contrastive memory keeps the newest pairs, oldest out first, without gradient, and survives a restart."""

from collections import deque

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.models.lddu.memory_queue import MemoryQueue

WIDTH = 2


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 9), st.lists(st.integers(0, 14), max_size=8))
def test_memory_holds_what_a_plain_deque_holds(size: int, pushes: list[int]) -> None:
    memory, plain = MemoryQueue(size, WIDTH), deque[tuple[int, float]](maxlen=size)
    number = 0
    for count in pushes:
        classes = torch.arange(number, number + count)
        number += count
        memory.push(torch.stack([classes.float(), -classes.float()], dim=1), classes)
        plain.extend((int(c), float(c)) for c in classes)
        features, held = memory.filled()
        assert sorted(zip(held.tolist(), features[:, 0].tolist(), strict=True)) == sorted(plain)
        assert torch.equal(features[:, 1], -features[:, 0])


def test_memory_starts_empty() -> None:
    features, classes = MemoryQueue(5, WIDTH).filled()
    assert features.shape == (0, WIDTH) and classes.shape == (0,)


def test_memory_carries_no_gradient() -> None:
    memory = MemoryQueue(4, WIDTH)
    memory.push(torch.ones(2, WIDTH, requires_grad=True) * 2, torch.zeros(2, dtype=torch.long))
    features, _ = memory.filled()
    assert not features.requires_grad and features.grad_fn is None


def test_memory_goes_on_after_a_restart_where_it_was() -> None:
    memory, restarted = MemoryQueue(5, WIDTH), MemoryQueue(5, WIDTH)
    memory.push(torch.randn(7, WIDTH), torch.arange(7))
    restarted.load_state_dict(memory.state_dict())
    for queue in (memory, restarted):
        queue.push(torch.full((2, WIDTH), 9.0), torch.tensor([7, 8]))
    assert torch.equal(memory.features, restarted.features) and torch.equal(memory.classes, restarted.classes)
    assert sorted(restarted.classes.tolist()) == [4, 5, 6, 7, 8]
