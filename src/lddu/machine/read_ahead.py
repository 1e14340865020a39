"""An iterable read in a thread of its own, a few items ahead of its consumer."""

from collections.abc import Generator, Iterable
from contextlib import closing, nullcontext
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

_LOOK = 0.05  # seconds after which a thread that waits for room checks whether it should stop


@dataclass(frozen=True)
class _Fault:
    fault: BaseException


class _End:
    pass


def read_ahead(items: Iterable[T], ahead: int) -> Generator[T]:
    """The items in their order, made in another thread; worth it where that thread mostly decodes and leaves Python free.

    What making them raises is raised here, in its place. Whoever stops early stops the thread: `items`, if it can be
    closed, is closed there before this returns.

    Args:
        items: to go over.
        ahead: how many may be ready and not yet taken.
    """
    ready: Queue[T | _Fault | _End] = Queue(ahead)
    stopped = Event()
    thread = Thread(target=_make, args=(items, ready, stopped), name="lddu-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            if isinstance(item, _Fault):
                raise item.fault
            yield item
    finally:
        stopped.set()
        thread.join()


def _make(items: Iterable[T], ready: "Queue[T | _Fault | _End]", stopped: Event) -> None:
    try:
        with closing(items) if hasattr(items, "close") else nullcontext():  # type: ignore[type-var]
            for item in items:
                if not _put(ready, item, stopped):
                    return
        _put(ready, _End(), stopped)
    except BaseException as fault:
        _put(ready, _Fault(fault), stopped)


def _put(ready: "Queue[T | _Fault | _End]", item: T | _Fault | _End, stopped: Event) -> bool:
    """Whether the item was queued; False once the consumer has stopped."""
    while not stopped.is_set():
        try:
            ready.put(item, timeout=_LOOK)
        except Full:
            continue
        return True
    return False
