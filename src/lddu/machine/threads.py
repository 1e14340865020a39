"""Several batches at once on a processor, each on its own threads.

The products of one batch are small: threads that share each of them wait for one another at its end, hundreds of times
a batch. Threads with a batch each meet only once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on the caller's thread alone: sums in one order, and what is small does not wait for a second thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def in_order(pool: Executor, tasks: Iterable[Callable[[], R]], ahead: int) -> Iterator[R]:
    """Results of the tasks in their order, while the pool works on the next `ahead` ones.

    The caller's thread takes tasks from the iterable, never further ahead. What has not begun when the caller stops is
    not begun.
    """
    waiting: deque[Future[R]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def side_by_side(act: Callable[[T], R], items: Iterable[T], count: int, device: torch.device) -> Iterator[R]:
    """The results of `act` for each item, in order; on a processor several at once share out PyTorch's threads.

    Items are taken from the iterable by the caller's thread, never more than a few ahead. The caller's own number of
    threads is left as it is.

    Args:
        act: runs in another thread, with gradients and generators of its own concern: it must draw nothing at random.
        items: to go over.
        count: how many items there are, or more.
        device: that `act` computes on; any but a CPU gets one item at a time.
    """
    threads = torch.get_num_threads()
    workers = min(threads, count) if device.type == "cpu" else 1
    if workers <= 1:
        yield from map(act, items)
        return

    def fewer_threads() -> None:
        torch.get_num_threads()  # PyTorch sets up a new thread at its first question, over what was set before.
        torch.set_num_threads(threads // workers)

    try:
        with ThreadPoolExecutor(workers, "lddu", fewer_threads) as pool:
            yield from in_order(pool, (partial(act, item) for item in items), workers)
    finally:  # After the last worker began: threads that begin later would take over the workers' number.
        torch.set_num_threads(threads)
