"""What every registered model family must keep: padding, order, missing modalities, odd sizes, and that it learns."""

import pickle
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from lddu.config import Config, CorpusSize, laid_over
from lddu.errors import ConfigError
from lddu.machine.ranks import ALONE
from lddu.models.families import FAMILIES, family_of, preset, recorded
from lddu.models.family import Family, Losses, Task
from lddu.models.network import Network
from lddu.training.optim import make_optimizer

SMALL = {
    "lddu": {"model": {"hidden": 8, "latent": 4, "layers": 1, "heads": 2, "shallow_networks": 0}},
    "late-fusion": {"model": {"hidden": 16}},
    "beta": {"model": {"hidden": 16}},
    "ef-lstm": {"model": {"hidden": 16}},
    "tfn": {"model": {"hidden": 8}},
    "lmf": {"model": {"hidden": 16}},
    "mult": {"model": {"hidden": 8, "heads": 2, "layers": 1}},
    "misa": {"model": {"hidden": 8}},
    "tailor": {"model": {"hidden": 8, "heads": 2, "layers": 1, "text_layers": 1, "fusion_layers": 1}},
    "univa": {"model": {"hidden": 8, "heads": 2, "inner": 8, "layers": 1, "text_layers": 1}},
    "carat": {"model": {"hidden": 8, "heads": 2, "layers": 1, "text_layers": 1, "latent": 4}},
    "mms2s": {"model": {"hidden": 8, "heads": 2, "layers": 1, "cross_layers": 1}},
}
"""Sizes at which each family is tested."""

RATE = {"misa": 3e-3, "univa": 3e-3, "mms2s": 3e-3}
"""Rate at which a family learns by heart, where .01 is too fast for it."""

IN_THE_GATE = ("lddu", "late-fusion", "mult")
"""Those that learn clips by heart whenever tests are run, in 100 steps; the others take 300, and minutes."""

every_family = pytest.mark.parametrize("name", FAMILIES)
DIMENSIONS = (3, 5)


def config_of(name: str) -> Config:
    return laid_over(preset(family=name), SMALL[name])


def network(name: str, dimensions: Sequence[int] = DIMENSIONS, emotions: int = 2) -> Network:
    names = {f"m{i}": dimension for i, dimension in enumerate(dimensions)}
    task = Task(tuple(f"e{i}" for i in range(emotions)), names, dict.fromkeys(names, "made up"), 0.5, simulated=True)
    torch.manual_seed(0)
    return Network(family_of(name), task, config_of(name).fitted_to(CorpusSize(100, 4, 7))).eval()


def clips(
    count: int = 4, dimensions: Sequence[int] = DIMENSIONS
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], Tensor]:
    """Of different lengths, all with every modality."""
    generator = torch.Generator().manual_seed(1)
    values = tuple(torch.randn(count, 7, dimension, generator=generator) for dimension in dimensions)
    lengths = torch.arange(count) % 5 + 2
    mask = tuple(torch.arange(7) < (lengths + m % 2)[:, None] for m in range(len(dimensions)))
    return values, mask, torch.ones(count, len(dimensions), dtype=torch.bool)


@every_family
def test_padding_does_not_change_the_answer(name: str) -> None:
    values, mask, presence = clips()
    model = network(name)
    noise = tuple(torch.where(m[..., None], x, 1e3) for x, m in zip(values, mask, strict=True))
    longer = tuple(torch.cat([x, torch.full((4, 3, x.shape[2]), 7.0)], dim=1) for x in noise)
    seen = tuple(torch.cat([m, torch.zeros(4, 3, dtype=torch.bool)], dim=1) for m in mask)
    with torch.no_grad():
        torch.testing.assert_close(model(longer, seen, presence).logit, model(values, mask, presence).logit)


@every_family
def test_a_clip_is_answered_alike_alone_and_among_others_in_any_order(name: str) -> None:
    values, mask, presence = clips()
    model = network(name)
    with torch.no_grad():
        whole = model(values, mask, presence).logit
        back = model(*(tuple(x.flip(0) for x in part) for part in (values, mask)), presence).logit.flip(0)
        alone = torch.cat(
            [
                model(*(tuple(x[n : n + 1] for x in part) for part in (values, mask)), presence[:1]).logit
                for n in range(4)
            ]
        )
    torch.testing.assert_close(back, whole)
    torch.testing.assert_close(alone, whole)


@every_family
def test_what_a_missing_modality_holds_does_not_matter(name: str) -> None:
    values, mask, presence = clips()
    presence[1, 0] = False
    other = (torch.where(presence[:, 0, None, None], values[0], -50.0), values[1])
    model = network(name)
    with torch.no_grad():
        one, two = model(values, mask, presence), model(other, mask, presence)
        without = model(values, mask, torch.ones_like(presence))
    torch.testing.assert_close(one.logit, two.logit)
    assert not torch.allclose(one.logit[1], without.logit[1])


@every_family
@pytest.mark.parametrize(("dimensions", "emotions"), [((3,), 1), ((3,), 4), ((2, 3, 4, 5), 1)])
def test_any_number_of_modalities_and_emotions(name: str, dimensions: tuple[int, ...], emotions: int) -> None:
    if name == "tfn" and len(dimensions) > 3:
        with pytest.raises(
            ConfigError, match=r"Expected at most 3 modalities for the model family tfn.* but got 4 \(m0"
        ):
            network(name, dimensions, emotions)
        return
    answer = network(name, dimensions, emotions)(*clips(3, dimensions))
    assert answer.logit.shape == (3, emotions) and bool(torch.isfinite(answer.logit).all())


@every_family
def test_the_evidence_has_the_axes_that_the_family_declares(name: str) -> None:
    model = network(name)
    given = model(*clips()).evidence
    sizes = {"modality": 2, "emotion": 2}
    declared = {kind.name: kind for kind in model.family.evidence}
    assert set(given) <= set(declared)
    for key, values in given.items():
        axes = declared[key].axes
        if "step" not in axes:
            assert isinstance(values, Tensor) and values.shape == (4, *(sizes[axis] for axis in axes))


@every_family
def test_modalities_apart_and_fused_give_the_same_answer(name: str) -> None:
    values, mask, presence = clips()
    model = network(name)
    with torch.no_grad():
        parts = [model.unimodal(m, x, seen) for m, (x, seen) in enumerate(zip(values, mask, strict=True))]
        torch.testing.assert_close(model.fuse(parts, presence).logit, model(values, mask, presence).logit)


@pytest.mark.parametrize(
    "name", [name if name in IN_THE_GATE else pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES]
)
@pytest.mark.usefixtures("unchecked_shapes")
def test_it_learns_32_clips_by_heart(name: str) -> None:
    values, mask, presence = clips(32)
    shares = torch.randint(0, 2, (32, 2), generator=torch.Generator().manual_seed(3)).float()
    if name == "univa":  # learns shares, in which a clip of both emotions is like one of neither
        shares[:, 1] = 1 - shares[:, 0]
    shares[0, 0] = torch.nan
    model = network(name)  # in evaluation mode: what dropout hides cannot be learned by heart
    config = config_of(name).fitted_to(CorpusSize(100, 4, 7))
    task = Task(("a", "b"), {"m0": 3, "m1": 5}, {"m0": "", "m1": ""}, 0.5, simulated=True)
    objective, optimizer = model.family.objective(config, task, ALONE), make_optimizer(model, config.training)
    optimizer.rate = RATE.get(name, 0.01)
    for _ in range(100 if name in IN_THE_GATE else 300):
        loss: Losses = objective(model.module, model(values, mask, presence), shares, torch.zeros(32, 2))
        optimizer.zero_grad()
        loss.total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        right = (model.eval()(values, mask, presence).logit > 0) == (shares == 1)
    assert right[~shares.isnan()].float().mean().item() > 0.95


def test_a_family_that_nobody_registered_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(
        ConfigError, match=r"Expected a model family out of lddu, late-fusion, .*but got 'late-fussion' \(did you mean"
    ):
        family_of("late-fussion")


def test_presets_of_another_family_are_refused() -> None:
    with pytest.raises(ConfigError, match="Expected presets of the model family 'mine' with 'default' among them"):
        Family("mine", lambda task, config: torch.nn.Identity(), {"default": preset()})


def test_settings_of_one_family_are_none_of_another() -> None:
    with pytest.raises(ConfigError, match=r"model.latent is not a setting"):
        preset(overrides={"model": {"latent": 4}}, family="late-fusion")
    with pytest.raises(ConfigError, match="Expected settings of the model family lddu, but they are of 'late-fusion'"):
        laid_over(preset(), {"family": "late-fusion"})


@every_family
def test_a_recorded_config_reads_back_as_it_was(name: str) -> None:
    fitted = config_of(name).fitted_to(CorpusSize(500, 12, 20))
    assert recorded(fitted.to_mapping(), family_of(name)) == fitted
    told = config_of(name).to_mapping()
    with pytest.raises(
        ConfigError, match=r"Expected a number for .*training.patience.* in the config of a run, but got 'auto'"
    ):
        recorded(told, family_of(name))


@every_family
def test_a_family_can_be_a_key_and_travel_to_a_process(name: str) -> None:
    family = family_of(name)
    again = pickle.loads(pickle.dumps(family))
    assert again == family and hash(again) == hash(family)
