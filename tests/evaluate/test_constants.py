"""Where a run is no better than an answer that is the same for every clip, everything that shows it says so."""

import numpy as np
import pytest

from lddu.evaluate.constants import below_constants, shortfall
from lddu.evaluate.metrics import baselines, metrics
from lddu.evaluate.scored import Scored

PRESENCE = np.array([[1.0, 0], [1, 1], [1, 0], [0, 0]])
CONSTANTS = baselines(PRESENCE, PRESENCE, ("joy", "fear"))


def entry(f1_micro: float, f1_macro: float, jaccard: float) -> dict[str, object]:
    told = {"f1_micro": f1_micro, "f1_macro": f1_macro, "jaccard_empty_correct": jaccard}
    return told | {"baselines": [constant.to_mapping() for constant in CONSTANTS]}


def test_a_run_that_beats_both_constants_has_nothing_to_say() -> None:
    good = entry(0.99, 0.99, 0.99)
    assert below_constants(good, CONSTANTS) == {} and shortfall(good) == ""


def test_a_run_that_only_equals_a_constant_says_so() -> None:
    everything, best = CONSTANTS
    equal = entry(best.f1_micro, 0.99, 0.99)
    assert below_constants(equal, CONSTANTS) == {"f1_micro": ["best-constant"]}
    assert shortfall(equal) == (
        f"This run is no better than a constant answer in micro-F1 ({best.f1_micro:.3f}; best-constant {best.f1_micro:.3f})."
    )
    assert everything.f1_micro < best.f1_micro


def test_every_figure_is_named_with_the_constant_that_reaches_most() -> None:
    found = shortfall(entry(0.0, 0.0, 0.0))
    assert "in micro-F1 (" in found and "), macro-F1 (" in found and ") and Jaccard (" in found
    assert below_constants(entry(0.0, 0.0, 0.0), CONSTANTS)["f1_macro"] == ["everything-positive", "best-constant"]


@pytest.mark.parametrize("told", [{}, {"baselines": []}])
def test_without_constants_there_is_nothing_to_compare_with(told: dict[str, object]) -> None:
    assert shortfall({"f1_micro": 0.0, "f1_macro": 0.0, "jaccard_empty_correct": 0.0} | told) == ""


def test_a_run_that_is_silent_where_nothing_is_shown_is_not_accused_by_its_jaccard() -> None:
    presence = np.array([[1.0, 0]] + [[0, 0]] * 9)
    right = metrics(Scored(presence, presence, np.arange(10).astype(object), ("joy", "fear")), np.array([0.5, 0.5]))
    constants = baselines(presence, presence, ("joy", "fear"))
    assert right.jaccard == constants[1].jaccard == 0.1  # as published, the best run is a constant's equal
    assert below_constants(right.to_mapping(), constants) == {}


def test_figures_of_an_older_run_are_compared_as_far_as_they_go() -> None:
    old = {"name": "best-constant", "f1_micro": 0.5, "f1_macro": 0.5, "jaccard": 0.9}
    told = shortfall(
        {"f1_micro": 0.4, "f1_macro": 0.6, "jaccard": 0.1, "jaccard_empty_correct": 0.1, "baselines": [old]}
    )
    assert told == "This run is no better than a constant answer in micro-F1 (0.400; best-constant 0.500)."
