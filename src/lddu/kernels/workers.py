"""Several batches at once on a processor, each on its own threads.

The products of one batch are small: threads that share each of them wait for one another at its end, hundreds of times
a batch. Threads with a batch each meet only once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(act: Callable[[T], R], items: Iterable[T], count: int) -> Iterator[R]:
    """What `act` says of each item, in their order; PyTorch's threads are shared out among several items at once.

    Items are taken from the iterable by the caller's thread, never more than a few ahead. The caller's own number of
    threads is left as it is.

    Args:
        act: runs in another thread, with gradients and generators of its own concern: it must draw nothing at random.
        items: to go over.
        count: how many items there are, or more.
    """
    threads = torch.get_num_threads()
    workers = min(threads, count)
    if workers <= 1:
        yield from map(act, items)
        return

    def fewer_threads() -> None:
        torch.get_num_threads()  # PyTorch sets up a new thread at its first question, over what was set before.
        torch.set_num_threads(threads // workers)

    with ThreadPoolExecutor(workers, thread_name_prefix="lddu", initializer=fewer_threads) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(act, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            torch.set_num_threads(threads)  # Threads that begin later would take over the workers' number.
