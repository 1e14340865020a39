"""Clips with fewer modalities are decided by what validation showed of such clips."""

import copy
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.arrays import Flags
from lddu.decide.decision import Decision, FittedDecision, fit_decision, with_subsets
from lddu.decide.subset import LEAST_CLIPS, FitAnswers
from lddu.errors import MismatchError, RunError
from lddu.evaluate.scored import Scored, Validation
from tests.scores import random_scored

MODALITIES = ("text", "audio")
WHOLE = random_scored(0, clips=300)
ALONE: dict[tuple[str, ...], Scored] = {
    ("audio",): random_scored(1, clips=300, sharpness=0.4),
    ("text",): random_scored(2, clips=200, sharpness=2.5),
}


def width(scored: Scored) -> dict[str, np.ndarray]:
    return {"width": np.random.default_rng(len(scored.clips)).uniform(size=scored.probability.shape)}


def fit_answers(scored: Scored) -> FitAnswers:
    return FitAnswers(Validation(scored), width(scored))


def fitted(subsets: dict[tuple[str, ...], Scored], presence: Flags | None = None) -> FittedDecision:
    there = np.ones((len(WHOLE.clips), 2), bool) if presence is None else presence
    answers = fit_answers(WHOLE)
    return with_subsets(
        fit_decision(answers.validation, scores=answers.scores),
        answers,
        dict(zip(MODALITIES, there.T, strict=True)),
        {name: fit_answers(scored) for name, scored in subsets.items()},
    )


DECISION = fitted(ALONE)


def columns(decision: Decision) -> dict[str, np.ndarray]:
    parts = {**vars(decision), **{f"score {name}": values for name, values in decision.scores.items()}}
    return {name: values for name, values in parts.items() if isinstance(values, np.ndarray)}


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12), st.integers(0, 9))
def test_among_others_a_clip_is_decided_as_alone(there: list[tuple[bool, bool]], seed: int) -> None:
    presence, rng = np.array(there, bool).reshape(-1, 2), np.random.default_rng(seed)
    probability, scores = rng.uniform(size=(len(there), 4)), {"width": rng.uniform(size=(len(there), 4))}
    together = columns(DECISION.apply(probability, scores, 0.9, 0.8, presence))
    assert all(values.shape == (len(there), 4) for values in together.values())
    for n, flags in enumerate(there):
        names = [name for name, flag in zip(MODALITIES, flags, strict=True) if flag]
        alone = columns(DECISION.given(names).apply(probability[[n]], {"width": scores["width"][[n]]}, 0.9, 0.8))
        assert together.keys() == alone.keys()
        for name, values in alone.items():
            np.testing.assert_array_equal(together[name][[n]], values, err_msg=name)
    np.testing.assert_array_equal(together["probability"], DECISION.recalibrated(probability, presence))
    thresholds = DECISION.thresholds_of(presence, len(there))
    np.testing.assert_array_equal(together["labels"], together["probability"] >= thresholds)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_what_stands_for_all_is_the_decision_of_most_clips(there: list[tuple[bool, bool]]) -> None:
    most = DECISION.of_most(np.array(there, bool))
    reached = [DECISION.given([n for n, flag in zip(MODALITIES, flags, strict=True) if flag]) for flags in there]
    of_each = [sum(flags == other for other in there) for flags in there]
    best = max(zip(of_each, map(sum, there), range(len(there)), strict=True))[:2]
    alike = [one for one, count, flags in zip(reached, of_each, there, strict=True) if (count, sum(flags)) == best]
    assert any(most.thresholds == one.thresholds and most.recalibration == one.recalibration for one in alike)


@pytest.mark.parametrize("modalities", list(ALONE))
def test_the_promised_recall_holds_for_clips_with_one_modality(modalities: tuple[str, ...]) -> None:
    """Voices of which a network is less sure than of whole clips: their sets would keep too little, or too much."""
    new = random_scored(7, clips=4000, sharpness=0.4 if modalities == ("audio",) else 2.5)
    presence = np.tile(np.isin(MODALITIES, modalities), (4000, 1))
    shows = (new.presence == 1).any(axis=1)

    def recall(sets: Flags | None) -> float:
        assert sets is not None
        kept = (sets & (new.presence == 1)).sum(axis=1)[shows] / (new.presence == 1).sum(axis=1)[shows]
        return float(kept.mean())

    own = recall(DECISION.apply(new.probability, width(new), 0.9, presence=presence).label_set)
    shared = recall(replace(DECISION, by_modalities=()).apply(new.probability, width(new), 0.9).label_set)
    assert abs(own - 0.9) < 0.02 < 0.05 < abs(shared - 0.9)


def test_the_chance_of_an_error_is_that_of_clips_with_one_modality() -> None:
    new = random_scored(7, clips=4000, sharpness=0.4)
    decided = DECISION.apply(new.probability, width(new), presence=np.tile([False, True], (4000, 1)))
    wrong = (new.presence == 1) != decided.labels
    assert abs(decided.uncertainty.mean() - wrong.mean()) < 0.02
    assert abs(decided.probability.mean() - new.presence.mean()) < 0.02


def test_clips_with_everything_are_decided_as_before() -> None:
    plain, presence = fit_decision(Validation(WHOLE), scores=width(WHOLE)), np.ones((300, 2), bool)
    one = plain.apply(WHOLE.probability, width(WHOLE), 0.9, 0.8)
    two = DECISION.apply(WHOLE.probability, width(WHOLE), 0.9, 0.8, presence)
    for name, values in columns(one).items():
        np.testing.assert_array_equal(values, columns(two)[name], err_msg=name)


def test_the_wanted_coverage_is_that_of_validation_as_it_is() -> None:
    presence = np.ones((300, 2), bool)
    presence[::3, 0] = False
    decision = fitted(ALONE, presence)
    for coverage in (0.3, 0.8):
        abstained = decision.apply(WHOLE.probability, width(WHOLE), coverage=coverage, presence=presence).abstained
        assert abstained is not None and coverage <= 1 - abstained.mean() <= coverage + 0.02


def test_too_few_clips_are_decided_as_the_others() -> None:
    few = ALONE["audio",].rows(np.arange(LEAST_CLIPS - 1))
    few_only: dict[tuple[str, ...], Scored] = {("audio",): few}
    assert fitted(few_only) == fit_decision(Validation(WHOLE), scores=width(WHOLE))
    assert [one.clips for one in DECISION.by_modalities] == [300, 200]


@pytest.mark.parametrize("presence", [None, np.ones((300, 3), bool), np.ones((2, 2), bool)])
def test_what_depends_on_modalities_must_be_told_them(presence: Flags | None) -> None:
    with pytest.raises(MismatchError, match="told which of text, audio each of 300 clips has"):
        DECISION.apply(WHOLE.probability, width(WHOLE), presence=presence)


def test_it_survives_json_exactly() -> None:
    assert FittedDecision.from_mapping(json.loads(json.dumps(DECISION.to_mapping()))) == DECISION


def test_decisions_of_earlier_versions_do_not_depend_on_modalities() -> None:
    mapping = fit_decision(Validation(WHOLE)).to_mapping() | {"version": 3}
    del mapping["modalities"], mapping["by_modalities"]
    decision = FittedDecision.from_mapping(mapping)
    assert decision == fit_decision(Validation(WHOLE))
    with pytest.raises(RunError, match="lacks by_modalities"):
        FittedDecision.from_mapping(mapping | {"version": 4, "modalities": []})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("modalities", ["smell"], r"by_modalities\[0\].modalities to be some of text, audio, in this order"),
        ("modalities", [], "to be some of text, audio"),
        ("modalities", ["audio", "text"], "in this order"),
        ("thresholds", [0.5], "thresholds to be 4 numbers"),
        ("clips", -1, "a whole number"),
        ("recall_sets", DECISION.precision_sets.to_mapping(), "recall_sets.promise to be recall"),
        ("error_score", None, "error_score to be a mapping"),
    ],
)
def test_a_damaged_part_is_refused(field: str, value: object, message: str) -> None:
    mapping: dict[str, Any] = copy.deepcopy(DECISION.to_mapping())
    mapping["by_modalities"][0][field] = value
    with pytest.raises(RunError, match=message):
        FittedDecision.from_mapping(mapping)
