"""A task for the tests of workers whose module loads PyTorch, as those of the library do."""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class ThreadsOpening:
    """Says how many threads PyTorch has."""

    def __call__(self) -> Callable[[str], int]:
        return lambda _: torch.get_num_threads()
