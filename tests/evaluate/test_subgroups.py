"""Figures by subgroup: each is what the subgroup's clips alone give, and a gap is more than chance only where it is."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.arrays import Flags
from lddu.evaluate.answered import Answers
from lddu.evaluate.calibration import calibration_error
from lddu.evaluate.gaps import TITLES, picked_difference
from lddu.evaluate.metrics import metrics, micro_f1
from lddu.evaluate.resample import LEAST_UNITS, unit_weights
from lddu.evaluate.selective import selective_report
from lddu.evaluate.subgroup_differences import compared_subgroups
from lddu.evaluate.subgroups import Subgroups, measure_subgroups
from lddu.evaluate.within import LEAST_CLIPS, drawn_within
from tests.scores import random_scored

HALF = np.full(4, 0.5)


def answers(clips: int = 200, seed: int = 0, noise: float = 0.0, groups: int = 0, unknown: float = 0.0) -> Answers:
    scored = random_scored(seed, clips, unknown=unknown, split="test")
    if groups:
        scored = replace(scored, group=np.array([f"g{n % groups}" for n in range(clips)], dtype=object))
    flips = np.random.default_rng(seed).random(scored.probability.shape) < noise
    labels = (scored.probability >= HALF) ^ flips
    return Answers("run", scored, labels, 0.5 - np.abs(scored.probability - 0.5), scored.probability >= 0.2)


def halves(clips: int = 200) -> dict[str, Flags]:
    first = np.arange(clips) < clips // 2
    return {"a": first, "b": ~first}


@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_a_subgroup_has_the_figures_of_its_clips_alone(unknown: float) -> None:
    whole = answers(noise=0.1, unknown=unknown)
    for name, flags in halves().items():
        found = measure_subgroups(whole, halves(), "_half")[name]
        alone, labels = whole.scored.rows(flags), whole.labels[flags]
        assert whole.uncertainty is not None and whole.label_set is not None
        expected, known, present = metrics(alone, HALF, labels), alone.known, alone.presence == 1
        held = (whole.label_set[flags] & present).sum(axis=1)[present.any(axis=1)] / present.sum(axis=1)[
            present.any(axis=1)
        ]
        assert {n: own.value for n, own in found.figures.items()} == pytest.approx({
            "f1_micro": expected.f1_micro,
            "f1_macro": expected.f1_macro,
            "map_macro": expected.map_macro,
            "adaptive_ece": calibration_error(alone.probability[known], alone.presence[known] == 1, "equal_mass"),
            "error_auroc": selective_report(alone, labels, whole.uncertainty[flags]).pooled.error_auroc,
            "set_recall": held.mean(),
        })  # fmt: skip
        assert found.clips == int(known.any(axis=1).sum())
        assert found.positives == {e: own.positives for e, own in expected.per_emotion.items()}


def test_subgroups_meet_the_resamples_of_the_whole_split() -> None:
    whole = answers(60, noise=0.1, groups=20)
    draws = next(unit_weights(20, 0, 4))
    units = whole.scored.units()
    for flags in halves(60).values():
        found = drawn_within(whole, flags, 4).drawn["f1_micro"]
        for value, weight in zip(found, draws, strict=True):
            rows = np.repeat(np.arange(60), (weight[units] * flags).astype(int))
            assert value == pytest.approx(micro_f1(whole.scored.presence[rows], whole.labels[rows]))


def test_a_resample_without_a_clip_of_the_subgroup_gives_no_figure() -> None:
    found = drawn_within(answers(groups=40), np.arange(200) % 40 == 0, 400)
    units = np.unique(answers(groups=40).scored.units()[np.arange(200) % 40 == 0])
    missed = np.concatenate(list(unit_weights(40, 0, 400)))[:, units].sum(axis=1) == 0
    assert missed.any() and all(
        np.array_equal(np.isnan(own), missed) for name, own in found.drawn.items() if name != "error_auroc"
    )


def test_of_subgroups_that_do_not_differ_a_gap_is_seldom_more_than_chance() -> None:
    random = np.random.default_rng(0)
    picked, naive = [], []
    for _ in range(300):
        values = random.normal(size=6)
        drawn = values[:, None] + random.normal(size=(6, 300))
        best, worst, apart = picked_difference(values.tolist(), drawn)
        picked.append(apart.low > 0)
        naive.append(np.quantile(drawn[best] - drawn[worst], 0.025) > 0)
        assert (apart.low > 0) == (apart.chance < 0.05) or apart.low == pytest.approx(0, abs=0.1)
    assert np.mean(picked) < 0.09 and np.mean(naive) > 0.25


def test_a_gap_that_is_there_is_said_to_be_more_than_chance() -> None:
    first = np.arange(200) < 100
    good, bad = answers(noise=0.0), answers(noise=0.4)
    mixed = replace(good, labels=np.where(first[:, None], good.labels, bad.labels))
    found = measure_subgroups(mixed, halves(), "_half")
    [gap] = [gap for gap in found.gaps if gap.figure == "f1_micro"]
    assert (gap.best, gap.worst, gap.beyond_chance) == ("a", "b", True)
    assert gap.apart.value == pytest.approx(found["a"].figures["f1_micro"].value - found["b"].figures["f1_micro"].value)
    assert gap.apart.low <= gap.apart.value <= gap.apart.high and gap.apart.chance < 0.01
    assert any(s.startswith("In micro-F1, a is best") and s.endswith("is more than chance.") for s in found.sentences)


def test_a_subgroup_beside_its_own_copy_has_no_gap() -> None:
    whole = measure_subgroups(answers(), {"a": halves()["a"], "again": halves()["a"]}, "_copy")
    assert {gap.apart.value for gap in whole.gaps} == {0.0} and not any(gap.beyond_chance for gap in whole.gaps)


def test_an_emotion_that_a_subgroup_does_not_show_is_no_part_of_its_macro_figures() -> None:
    whole, a = answers(noise=0.2), halves()["a"]
    presence = whole.scored.presence.copy()
    presence[a, 0] = 0.0
    part = replace(whole, scored=replace(whole.scored, presence=presence))
    found = measure_subgroups(part, halves(), "_half")
    alone = metrics(part.scored.rows(a), HALF, part.labels[a])
    others = [own.f1 for own in list(alone.per_emotion.values())[1:]]
    assert found["a"].left_out == ("joy",) and found["b"].left_out == ()
    assert found["a"].figures["f1_macro"].value == pytest.approx(np.mean(others))  # type: ignore[arg-type]
    assert found["a"].figures["f1_micro"].value == pytest.approx(alone.f1_micro)
    gap = next(gap for gap in found.gaps if gap.figure == "f1_macro")
    assert gap.emotions == ("anger", "fear", "calm")
    rest = [own.f1 for own in list(metrics(part.scored.rows(~a), HALF, part.labels[~a]).per_emotion.values())[1:]]
    assert gap.apart.value == pytest.approx(abs(np.mean(others) - np.mean(rest)))  # type: ignore[arg-type]
    assert "a shows no joy: no part of its macro figures." in found.sentences


def test_an_emotion_that_no_clip_shows_is_said_once_for_all() -> None:
    whole = answers(noise=0.2)
    presence = whole.scored.presence.copy()
    presence[:, 0] = 0.0
    part = replace(whole, scored=replace(whole.scored, presence=presence))
    found = measure_subgroups(part, halves(), "_half")
    assert [own for own in found.sentences if "joy" in own] == [
        "No clip shows joy: here no part of macro figures, while it counts 0 in the macro-F1 of the split."
    ]
    assert found.whole.figures["f1_macro"].value > metrics(part.scored, HALF, part.labels).f1_macro


def test_a_subgroup_that_shows_no_emotion_has_no_f1() -> None:
    whole, a = answers(), halves()["a"]
    silent = replace(whole, scored=replace(whole.scored, presence=np.where(a[:, None], 0.0, whole.scored.presence)))
    found = measure_subgroups(silent, halves(), "_half")
    assert not {"f1_micro", "f1_macro", "map_macro"} & set(found["a"].figures) and "adaptive_ece" in found["a"].figures


def test_small_subgroups_are_counted_and_those_of_few_groups_have_no_interval() -> None:
    whole = answers(200, groups=20)
    number = np.arange(200)
    members = {
        "few": number < LEAST_CLIPS - 1,
        "four": np.isin(number % 20, range(4)) & (number >= 20),
        "rest": number % 20 >= 4,
    }
    found = measure_subgroups(whole, members, "_part")
    assert found.by == "group" and found["four"].units == LEAST_UNITS - 1
    assert not found["few"].measured and found["few"].clips == LEAST_CLIPS - 1
    assert found["four"].measured and all(np.isnan(own.low) for own in found["four"].figures.values())
    assert not np.isnan(found["rest"].figures["f1_micro"].low) and found.gaps == ()
    said = " ".join(found.sentences)
    assert "intervals are too narrow" not in said
    assert "too narrow: a (8)." in " ".join(measure_subgroups(whole, {"a": number % 20 < 8}, "_part").sentences)
    assert "No gap is given" in said and "not measured: few (19)" in said and "Fewer than 5 groups" in said


@pytest.mark.parametrize(("groups", "least"), [(20, "20 clips of 5 groups."), (0, "20 clips.")])
def test_where_no_gap_is_given_it_is_said_what_would_be_enough(groups: int, least: str) -> None:
    [first, *_] = measure_subgroups(answers(60, groups=groups), {"few": np.arange(60) < 5}, "_part").sentences
    assert first == f"No gap is given: fewer than two subgroups have {least}"


@settings(max_examples=20)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=120), st.floats(0, 1), st.integers(0, 9))
def test_every_clip_is_counted_once_and_the_figures_are_json(value: list[int], unknown: float, seed: int) -> None:
    whole = answers(len(value), seed, unknown=unknown)
    members = {f"v{k}": np.array(value) == k for k in sorted({*value} - {0})}
    found = measure_subgroups(whole, members, "_value")
    assert found.whole.clips + found.unlabelled == len(value)
    outside = found.no_value.clips if found.no_value else 0
    assert sum(own.clips for own in found.subgroups) + outside == found.whole.clips
    plain = json.loads(json.dumps(found.to_mapping(), allow_nan=False))
    assert [own["name"] for own in plain["subgroups"]] == list(members) and plain["sentences"]
    for own in found.subgroups:
        assert own.measured == (own.clips >= LEAST_CLIPS) and set(own.figures) <= set(TITLES)


def test_a_calibration_error_is_held_against_chance_not_against_other_subgroups() -> None:
    good = answers(800)
    bent = np.where(halves(800)["a"][:, None], good.scored.probability, good.scored.probability**3)
    found = measure_subgroups(replace(good, scored=good.scored.with_probability(bent)), halves(800), "_half")
    [said] = [one for one in found.sentences if "calibration error" in one]
    assert said.startswith("The calibration error is above chance for b (") and " a (" not in said
    assert "adaptive_ece" not in {gap.figure for gap in found.gaps}
    sound = measure_subgroups(good, halves(800), "_half")
    assert "No subgroup has a calibration error above chance." in sound.sentences


def test_a_run_compared_with_itself_differs_by_nothing_in_any_subgroup() -> None:
    for own in compared_subgroups(answers(), answers(), halves(), 100):
        assert set(own.difference) == set(TITLES)
        assert {(d.value, d.low, d.high, d.chance) for d in own.difference.values()} == {(0, 0, 0, 1)}


def test_a_run_that_is_worse_in_one_subgroup_is_found_worse_there_alone() -> None:
    good, bad, first = answers(), answers(noise=0.4), halves()["a"]
    mixed = replace(good, labels=np.where(first[:, None], bad.labels, good.labels))
    a, b = compared_subgroups(good, mixed, halves(), 300)
    assert a.difference["f1_micro"].high < 0 and b.difference["f1_micro"].value == 0
    few = np.zeros(200, bool)
    few[:10] = True
    [small] = compared_subgroups(good, mixed, {"few": few}, 10)
    assert small.clips == 10 and small.difference == {}


def test_a_name_that_is_no_subgroup_says_which_there_are() -> None:
    found: Subgroups = measure_subgroups(answers(), halves(), "_half")
    with pytest.raises(KeyError, match="a, b"):
        found["c"]
