"""Timing knows when it is wrong: a machine whose pace is known, and other work that comes and goes."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lddu.benchmark import clock as module
from lddu.benchmark.clock import Clock, MeasuredRun, Timing

WORK = 3.0
"""Products of the clock that the timed work is worth."""


class Machine:
    """Time passes only by computing, at a pace that may depend on how much was computed."""

    def __init__(self, pace: Callable[[float], float]) -> None:
        self.seconds, self.done, self._pace = 0.0, 0.0, pace

    def compute(self, products: float) -> None:
        self.seconds += products / self._pace(self.done)
        self.done += products


def timed(machine: Machine, monkeypatch: pytest.MonkeyPatch, least: int = 3) -> Timing:
    monkeypatch.setattr(module, "finished", lambda _: machine.seconds)
    monkeypatch.setattr(Clock, "_multiply", lambda *_: machine.compute(1.0))
    clock = Clock(2, [(2, 2)], torch.device("cpu"), rate_seconds=0.5)
    return clock.time(lambda: machine.compute(WORK), seconds=5.0, least=least)


def test_on_a_quiet_machine_work_is_worth_its_products(monkeypatch: pytest.MonkeyPatch) -> None:
    found = timed(Machine(lambda _: 10.0), monkeypatch)
    assert found.quiet and found.discarded == 0 and found.spread == pytest.approx(0, abs=1e-9)
    assert found.seconds == pytest.approx(WORK / 10)
    assert found.products == pytest.approx(WORK * 2 * 2 * 2 * 2)


def test_a_machine_that_is_slower_all_the_time_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = timed(Machine(lambda _: 10.0), monkeypatch)
    slow = timed(Machine(lambda _: 2.0), monkeypatch)
    assert slow.quiet and slow.products == pytest.approx(fast.products) and slow.seconds > fast.seconds


def test_runs_between_which_the_pace_changed_are_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = timed(Machine(lambda done: 5.0 if 30 < done < 40 else 10.0), monkeypatch)
    assert found.quiet and 0 < found.discarded < 1
    assert found.products == pytest.approx(WORK * 2 * 2 * 2 * 2)


def test_a_machine_that_is_never_steady_is_not_quiet_and_the_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    found = timed(Machine(lambda done: 10.0 * 0.97**done), monkeypatch)
    assert not found.quiet and found.discarded == 1 and found.spread > 0


RATE = st.floats(1.0, 100.0)


@given(st.lists(st.builds(MeasuredRun, RATE, RATE, RATE), min_size=1, max_size=8), st.integers(1, 4))
def test_a_disturbed_run_decides_nothing_where_enough_others_are_left(runs: list[MeasuredRun], least: int) -> None:
    found, steady = Timing.of(runs, least), [run for run in runs if run.steady]
    assert found.quiet == (len(steady) >= least)
    if found.quiet:
        assert Timing.of(steady, least).products == found.products
        assert found.seconds == min(run.seconds for run in steady)


def test_a_sum_of_times_is_quiet_where_both_are() -> None:
    quiet, not_quiet = Timing(1, 2, 0.1, 0.0), Timing(3, 4, 0.3, 0.5, quiet=False)
    assert quiet + quiet == Timing(2, 4, 0.1, 0.0)
    assert quiet + not_quiet == Timing(4, 6, 0.3, 0.5, quiet=False)
