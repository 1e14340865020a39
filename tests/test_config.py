"""Settings: presets, overrides, and what `auto` becomes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.config import CorpusSize
from lddu.errors import ConfigError
from lddu.models import families
from lddu.models.families import recorded
from lddu.models.lddu.family import LDDU_FAMILY
from lddu.models.lddu.settings import PRESETS, LdduConfig, ResolvedModel, ResolvedObjective


def preset(name: str, overrides: dict[str, Any] | None = None) -> LdduConfig:
    found = families.preset(name, overrides)
    assert isinstance(found, LdduConfig)
    return found


@given(
    st.builds(CorpusSize, st.integers(1, 10**7), st.integers(1, 200), st.integers(1, 3000)),
    st.sampled_from(sorted(PRESETS)),
)
def test_no_auto_survives_the_fit_to_any_corpus(corpus: CorpusSize, name: str) -> None:
    fitted = preset(name).fitted_to(corpus).to_mapping()
    left = [
        key for section in fitted.values() if isinstance(section, dict) for key in section if section[key] == "auto"
    ]
    assert left == []


def test_what_is_fitted_to_a_corpus_is_read_back_as_it_is() -> None:
    fitted = preset("default").fitted_to(CorpusSize(353, 18, 1))
    assert recorded(fitted.to_mapping(), LDDU_FAMILY) == fitted


def test_a_setting_that_a_run_is_too_old_to_name_is_off() -> None:
    told = preset("default").fitted_to(CorpusSize(353, 18, 1)).to_mapping()
    del told["model"]["noise_meter"], told["objective"]["noise_weight"]
    found = recorded(told, LDDU_FAMILY)
    assert isinstance(found.model, ResolvedModel) and isinstance(found.objective, ResolvedObjective)
    assert found.preset == "default" and found.model.hidden == 128
    assert not found.model.noise_meter and found.objective.noise_weight == 0


def test_a_corpus_of_single_steps_gets_depth_only_where_it_is_large() -> None:
    layers = [preset("default").fitted_to(CorpusSize(n, 18, longest)).model.layers for n, longest in SIZES]
    assert layers == [0, 2, 3]


SIZES = ((353, 1), (28_051, 1), (353, 40))


def test_the_contrastive_loss_has_more_anchors_where_there_are_many_clips_and_no_more_than_a_batch_has() -> None:
    sizes = [CorpusSize(n, pairs, 1) for n, pairs in ((4_999, 18), (5_000, 18), (353, 2))]
    assert [preset("default").fitted_to(size).objective.anchors for size in sizes] == [128, 512, 64]


def test_small_networks_are_wide_where_there_are_many_clips() -> None:
    units = [preset("default").fitted_to(CorpusSize(n, 18, 1)).model.shallow_units for n in (9_999, 10_000)]
    assert units == [64, 256]
    chosen = preset("default", {"model": {"shallow_units": 5}})
    assert chosen.fitted_to(CorpusSize(50_000, 18, 1)).model.shallow_units == 5


@pytest.mark.parametrize("family", ["lddu", "late-fusion"])
def test_a_run_that_is_too_old_to_name_the_units_of_its_small_networks_has_64(family: str) -> None:
    told = families.preset(family=family).fitted_to(CorpusSize(50_000, 18, 1)).to_mapping()
    del told["model"]["shallow_units"]
    assert recorded(told, families.family_of(family)).model.shallow_units == 64


def test_a_number_that_is_given_is_not_replaced() -> None:
    chosen = preset("default", {"training": {"epochs": 7, "feature_noise": 0}, "model": {"layers": 5}})
    fitted = chosen.fitted_to(CorpusSize(1000, 18, 50))
    assert (fitted.training.epochs, fitted.training.feature_noise, fitted.model.layers) == (7, 0.0, 5)


def test_the_paper_preset_holds_the_published_figures() -> None:
    paper = preset("paper").fitted_to(CorpusSize(16_327, 18, 50))
    assert (paper.model.hidden, paper.model.latent, paper.model.layers, paper.model.heads) == (256, 128, 3, 8)
    assert (paper.training.batch_size, paper.training.learning_rate, paper.training.epochs) == (64, 2e-4, 30)
    assert (paper.objective.memory_size, paper.objective.temperature) == (8192, 0.07)
    assert paper.objective.error_weight == paper.objective.modality_weight == paper.training.modality_dropout == 0


@pytest.mark.parametrize(
    ("overrides", "messages"),
    [
        ({"model": {"hidden_size": 3}}, ["model.hidden_size is not a setting", "did you mean 'hidden'"]),
        ({"model": 3}, ["model is a section of settings, but got the value 3"]),
        ({"training": {"epochs": 0}}, ["training.epochs to be a whole number of at least 1 or 'auto', but got 0"]),
        ({"training": {"epochs": True}}, ["training.epochs to be a whole number"]),
        ({"training": {"warmup": 1.5}}, ["training.warmup to be a number from 0 to 1"]),
        (
            {"decision": {"threshold": "prior"}},
            ["expected decision.threshold to be 'global_or_floor' or 'global' or 'floor' or 'per_emotion'"],
        ),
        ({"objective": {"target": "votes"}}, ["objective.target to be 'presence' or 'shares', but got 'votes'"]),
        ({"model": {"hidden": 30, "heads": 4}}, ["a multiple of model.heads = 4", "a multiple of 4"]),
        (
            {"model": {"noise_meter": False, "noise_gate": True}},
            [
                "model.noise_meter together with objective.noise_weight",
                "got false and 0.1",
                "model.noise_meter where model.noise_gate reads it",
            ],
        ),
        ({"model": {"hidden": 0}, "x": 1}, ["2 problems", "model.hidden", "x is not a setting"]),
    ],
)
def test_every_problem_of_the_settings_is_said_at_once(overrides: dict[str, Any], messages: list[str]) -> None:
    with pytest.raises(ConfigError) as fault:
        preset("default", overrides)
    for message in messages:
        assert message in str(fault.value)


def test_a_preset_among_the_overrides_is_taken_instead() -> None:
    assert preset("default", {"preset": "paper", "training": {"epochs": 3}}) == preset(
        "paper", {"training": {"epochs": 3}}
    )
    with pytest.raises(
        ConfigError, match="Expected a preset of the model family lddu out of paper, default, but got 'mine'"
    ):
        preset("default", {"preset": "mine"})


def test_a_run_that_names_no_landmarks_of_a_path_is_read_and_one_that_has_some_is_refused_in_a_sentence() -> None:
    told = preset("default").fitted_to(CorpusSize(100, 6, 5)).to_mapping()
    told["model"]["path_landmarks"] = 0
    assert recorded(told, LDDU_FAMILY) == preset("default").fitted_to(CorpusSize(100, 6, 5))
    told["model"]["path_landmarks"] = 40
    with pytest.raises(
        ConfigError,
        match=r"without a kernel path beside its network, but model\.path_landmarks is set, .* train it again",
    ):
        recorded(told, LDDU_FAMILY)
