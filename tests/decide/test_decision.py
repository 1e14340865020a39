import copy
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lddu.decide.decision import FittedDecision, fit_decision
from lddu.errors import MismatchError, RunError
from lddu.evaluate.scored import Validation
from tests.scores import random_scored

SCORED = random_scored(clips=120, sharpness=2.0, unknown=0.05)
SCORES = {"width": np.random.default_rng(1).uniform(size=SCORED.probability.shape)}
FITTED = fit_decision(Validation(SCORED), scores=SCORES)
COMBINED = replace(FITTED, error_score=replace(FITTED.error_score, inputs=("margin", "entropy", "width")))


def test_a_decision_survives_json_exactly() -> None:
    again = FittedDecision.from_mapping(json.loads(json.dumps(FITTED.to_mapping())))
    assert again == FITTED
    one, two = (d.apply(SCORED.probability, SCORES, recall=0.9, coverage=0.8) for d in (FITTED, again))
    assert (one.probability == two.probability).all()
    assert one.label_set is not None and two.label_set is not None
    assert (one.label_set == two.label_set).all()


def test_labels_are_the_recalibrated_probabilities_from_the_thresholds_on() -> None:
    decision = FITTED.apply(SCORED.probability, SCORES)
    assert (decision.labels == (decision.probability >= np.array(FITTED.thresholds))).all()
    assert decision.label_set is None
    assert decision.abstained is None


def test_a_decision_says_what_it_was_fitted_on() -> None:
    assert (FITTED.fitted_on.split, FITTED.fitted_on.n) == ("valid", 120)


def test_a_clip_is_decided_alike_alone_and_among_others() -> None:
    own = {name: score[[5]] for name, score in SCORES.items()}
    alone = FITTED.apply(SCORED.probability[[5]], own, recall=0.9, coverage=0.8)
    among = FITTED.apply(SCORED.probability, SCORES, recall=0.9, coverage=0.8)
    assert (alone.labels == among.labels[[5]]).all()
    assert alone.abstained is not None and among.abstained is not None
    assert (alone.abstained == among.abstained[[5]]).all()


@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.8, 1.0])
def test_at_least_the_wanted_coverage_of_validation_is_answered(coverage: float) -> None:
    abstained = FITTED.apply(SCORED.probability, SCORES, coverage=coverage).abstained
    assert abstained is not None
    assert coverage <= 1 - abstained[SCORED.known].mean() + 1e-9 <= coverage + 0.02


def test_full_coverage_answers_what_is_less_certain_than_anything_seen() -> None:
    doubtful = {"width": np.full((1, 4), 1e6)}
    abstained = FITTED.apply(np.full((1, 4), 0.5), doubtful, coverage=1.0).abstained
    assert abstained is not None and not abstained.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": {}}, "Expected the scores margin, entropy, width, but width is not there"),
        ({"coverage": 1.2, "scores": SCORES}, "Expected a coverage above 0 and at most 1"),
        ({"recall": 1.0, "scores": SCORES}, "Expected a recall above 0"),
    ],
)
def test_what_cannot_be_decided_is_refused(arguments: dict[str, Any], message: str) -> None:
    fitted = COMBINED if arguments["scores"] == {} else FITTED
    with pytest.raises(MismatchError, match=message):
        fitted.apply(SCORED.probability, **arguments)


def test_probabilities_of_another_corpus_are_refused() -> None:
    with pytest.raises(MismatchError, match="clips x 4 emotions"):
        FITTED.apply(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("version",), 5, "install a newer lddu"),
        (("version",), "1", "decision.json.version to be 4"),
        (("emotions",), ["joy"], "decision.json.thresholds to be 1 numbers"),
        (("emotions",), "joy", "decision.json.emotions to be a list of texts"),
        (("thresholds",), [0.5, 0.5, 0.5, 1.5], r"thresholds\[3\] to be a number from 0 to 1, but got 1.5"),
        (("thresholds",), [0.5, 0.5], "thresholds to be 4 numbers"),
        (("thresholds",), None, "to be a list of numbers, but got None"),
        (("recalibration",), [], "decision.json.recalibration to be a mapping"),
        (("fitted_on", "split"), "test", "fitted_on.split to be one of valid, but got 'test'"),
        (("fitted_on", "n"), -1, "a whole number of at least 0"),
        (("recall_sets", "promise"), "precision", "recall_sets.promise to be recall"),
        (("recall_sets", "cuts"), [0.5], "one cut per target"),
        (("error_score", "scales"), [-1.0], "positive scale"),
        (("error_score", "weights"), "none", "error_score.weights to be a list of numbers"),
        (("abstention", "coverages"), [0.5], "as many coverages and risks"),
        (("abstention", "unit"), "hour", "unit to be one of clip, pair"),
    ],
)
def test_a_damaged_decision_is_refused_with_what_and_where(path: tuple[str, ...], value: object, message: str) -> None:
    mapping = copy.deepcopy(FITTED.to_mapping())
    place: Any = mapping
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(RunError, match=message):
        FittedDecision.from_mapping(mapping)


@pytest.mark.parametrize("mapping", [None, [], 3, {}])
def test_what_is_no_decision_is_refused(mapping: object) -> None:
    with pytest.raises(RunError, match=r"Expected decision.json to .*train again"):
        FittedDecision.from_mapping(mapping)
