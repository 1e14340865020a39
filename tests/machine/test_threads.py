"""Batches side by side: the same answers in the same order, errors that arrive, and PyTorch's threads left as they were."""

import threading
from collections.abc import Iterator

import pytest
import torch

from lddu.machine.threads import side_by_side
from tests.threads import torch_threads

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    with torch_threads(2):
        yield


def test_answers_come_in_the_order_of_the_items_whichever_is_done_first() -> None:
    second_done = threading.Event()

    def act(item: int) -> int:
        if item == 0:
            assert second_done.wait(60), "expected another thread to do the next item meanwhile"
        if item == 1:
            second_done.set()
        return 10 * item

    assert list(side_by_side(act, range(5), 5, CPU)) == [0, 10, 20, 30, 40]


def test_every_worker_computes_on_its_share_of_the_threads_and_the_caller_keeps_its_own() -> None:
    assert list(side_by_side(lambda _: torch.get_num_threads(), range(4), 4, CPU)) == [1] * 4
    assert torch.get_num_threads() == 2
    assert threads_of_a_new_thread() == 2


def threads_of_a_new_thread() -> int:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


def test_another_device_is_asked_by_the_caller_one_item_at_a_time() -> None:
    asked = side_by_side(lambda _: threading.current_thread(), range(3), 3, torch.device("meta"))
    assert set(asked) == {threading.current_thread()}


def test_one_item_is_done_by_the_caller_on_all_threads() -> None:
    assert list(side_by_side(lambda _: (threading.current_thread(), torch.get_num_threads()), [0], 1, CPU)) == [
        (threading.current_thread(), 2)
    ]


def test_items_are_taken_a_few_ahead_and_no_more() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while taken < 100:
            taken += 1
            yield taken

    answers = side_by_side(lambda item: item, items(), 100, CPU)
    assert next(answers) == 1
    assert taken <= 4
    answers.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == threads_of_a_new_thread() == 2


def test_an_error_reaches_the_caller_and_ends_the_work() -> None:
    def act(item: int) -> int:
        if item == 2:
            raise ValueError("clip 2")
        return item

    with pytest.raises(ValueError, match="clip 2"):
        list(side_by_side(act, range(50), 50, CPU))
    assert torch.get_num_threads() == 2
