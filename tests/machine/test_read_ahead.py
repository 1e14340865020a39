"""What is made ahead in a thread arrives in order, with its faults, and stops with its reader."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.machine.read_ahead import read_ahead


@given(st.lists(st.integers()), st.integers(1, 5))
def test_items_arrive_as_they_are(items: list[int], ahead: int) -> None:
    assert list(read_ahead(items, ahead)) == items


@given(st.integers(0, 9), st.integers(1, 5))
def test_a_fault_is_raised_in_its_place(before: int, ahead: int) -> None:
    def faulty() -> Iterator[int]:
        yield from range(before)
        raise ValueError("broken")

    taken: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        taken.extend(read_ahead(faulty(), ahead))
    assert taken == list(range(before))


@given(st.integers(0, 9), st.integers(1, 4))
def test_who_stops_early_stops_the_thread_and_closes_what_it_read(taken: int, ahead: int) -> None:
    closed, made = threading.Event(), 0

    def endless() -> Iterator[int]:
        nonlocal made
        try:
            while True:
                made += 1
                yield made
        finally:
            closed.set()

    threads, items = threading.active_count(), read_ahead(endless(), ahead)
    for _ in range(taken):
        next(items)
    items.close()
    assert threading.active_count() == threads
    assert closed.is_set() == bool(taken)  # nothing is begun before the first is asked for
    assert made <= taken + ahead + 1
