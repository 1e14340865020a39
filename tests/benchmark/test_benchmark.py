"""The benchmark runs, counts what is really computed, and compares two implementations of the same network."""

import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lddu.benchmark.measured_network import MeasuredNetwork
from lddu.benchmark.naive import naive_contrastive, naive_loss, naive_prediction
from lddu.benchmark.operations import encoder_operations, forward_operations, training_operations
from lddu.benchmark.result import Benchmark
from lddu.benchmark.workload import QUANTILES, SECONDS, WORDS_PER_SECOND, Clips, Workload, tiny_workload
from lddu.commands.cli import main
from lddu.models.kernels import attention

CPU = torch.device("cpu")


def counting() -> FlopCounterMode:
    """Torch's counter, taught the two operations that it leaves out."""

    def product(_: Any, a: tuple[int, ...], b: tuple[int, ...], **__: Any) -> int:
        return 2 * a[0] * a[1] * b[1]

    def attention(q: tuple[int, ...], k: tuple[int, ...], *_: Any, **__: Any) -> int:
        return 4 * math.prod(q) * k[2]

    aten = torch.ops.aten
    taught = {aten.addmm_: product, aten._scaled_dot_product_flash_attention_for_cpu: attention}
    return FlopCounterMode(display=False, custom_mapping=taught)


def without_dropout(workload: Workload) -> Workload:
    model = replace(workload.config.model, dropout=0.0, emotion_dropout=0.0, head_dropout=0.0)
    return replace(workload, config=replace(workload.config, model=model))


@pytest.fixture
def measured() -> MeasuredNetwork:
    measured = MeasuredNetwork(without_dropout(tiny_workload()), CPU)
    with torch.no_grad():
        for parameter in measured.model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(2)  # a fresh network hardly looks at its input
    return measured


@pytest.mark.parametrize("realistic", [False, True])
def test_the_plain_implementation_gives_the_same_prediction_and_gradient(
    measured: MeasuredNetwork, realistic: bool
) -> None:
    clips = Clips(measured.workload, realistic)
    batch = clips.batch(clips.lengths(9))
    found = []
    for predict in (lambda: measured.model(batch.values, batch.mask, batch.presence), lambda: naive_prediction(measured.model, batch)):  # fmt: skip
        measured.model.zero_grad()
        prediction = predict()
        torch.autograd.backward(prediction.fused_logit.square().sum() + prediction.std.sum())
        gradients = {name: p.grad.clone() for name, p in measured.model.named_parameters() if p.grad is not None}
        found.append((prediction, gradients))
    (ours, our_gradients), (plain, plain_gradients) = found
    for name in ("fused_logit", "modality_logit", "mean", "std", "vectors"):
        torch.testing.assert_close(getattr(ours, name), getattr(plain, name), atol=1e-5, rtol=1e-5)
    for one, other in zip(ours.attention, plain.attention, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    assert {name for name, value in plain_gradients.items() if value.abs().max() > 0} <= set(our_gradients)
    for name, gradient in plain_gradients.items():
        scale = max(1.0, float(gradient.abs().max()))
        torch.testing.assert_close(our_gradients[name] / scale, gradient / scale, atol=1e-5, rtol=1e-4)


def test_the_plain_loss_is_ours_where_every_key_is_of_the_batch(measured: MeasuredNetwork) -> None:
    clips = Clips(measured.workload, realistic=True)
    batch = clips.batch(clips.lengths(8))
    prediction = measured.model(batch.values, batch.mask, batch.presence)
    plain = naive_loss(measured.objective, prediction, batch.shares)
    ours = (
        MeasuredNetwork(measured.workload, CPU)
        .objective(measured.model, prediction, batch.shares, torch.zeros(batch.presence.shape))
        .total
    )
    torch.testing.assert_close(plain, ours, atol=1e-5, rtol=1e-5)


def test_the_plain_contrastive_loss_takes_memory_rows_for_anchors(measured: MeasuredNetwork) -> None:
    batch = Clips(measured.workload, realistic=False).batch(Clips(measured.workload, False).lengths(8))
    prediction = measured.model(batch.values, batch.mask, batch.presence)
    first = naive_contrastive(measured.objective, prediction, batch.shares)
    second = naive_contrastive(measured.objective, prediction, batch.shares)  # now beside 128 keys of the memory
    assert float(second.detach()) > float(first.detach())


def test_operations_of_a_prediction_are_those_that_torch_counts(measured: MeasuredNetwork) -> None:
    batch = Clips(measured.workload, realistic=False).batch(Clips(measured.workload, False).lengths(4))
    measured.model.eval()
    with torch.no_grad(), counting() as counter:
        measured.model(batch.values, batch.mask, batch.presence)
    assert forward_operations(measured.workload, batch) == counter.get_total_flops()


@pytest.mark.parametrize("kept", [True, False])
def test_operations_of_a_training_step_are_those_that_torch_counts(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the attention weights that two layers make again on the way back where they are not kept: they count once."""
    monkeypatch.setattr(attention, "KEPT_PER_NUMBER", 100 if kept else 0)
    workload = tiny_workload()
    model = replace(workload.config.model, hidden=32, latent=16, layers=2)
    workload = replace(workload, config=replace(workload.config, model=model), batch=8)
    measured = MeasuredNetwork(workload, CPU)
    batch = Clips(workload, realistic=False).batch(Clips(workload, False).lengths(8))
    measured.fill_memory()
    with counting() as counter:
        measured.step(batch)
    weights_made_again = sum(2 * int(mask.sum(dim=1).square().sum()) * model.hidden * 2 for mask in batch.mask)
    counted = counter.get_total_flops() - (0 if kept else weights_made_again)
    assert training_operations(workload, batch) == pytest.approx(counted, rel=0.001)


def test_operations_of_an_encoder_are_those_of_a_hand_count() -> None:
    """2 steps and 1 step, D 3, H 4, 1 layer: projections, then six H x H maps a step, then 4 + 1 pairs twice."""
    config = replace(tiny_workload().config.model, hidden=4, heads=1, layers=1)
    workload = replace(tiny_workload(), config=replace(tiny_workload().config, model=config))
    mask = torch.tensor([[True, True, False], [True, False, False]])
    multiplications = 3 * 3 * 4 + 3 * 6 * 4 * 4 + 2 * (4 + 1) * 4
    assert encoder_operations(workload, 3, mask) == 2 * multiplications


def test_realistic_lengths_have_the_quantiles_of_real_clips() -> None:
    lengths = Clips(Workload(), realistic=True).lengths(20_000) * 50
    for quantile, seconds in zip(QUANTILES[1:-2], SECONDS[1:-2], strict=True):
        assert float(torch.quantile(torch.from_numpy(lengths), quantile)) == pytest.approx(seconds * WORDS_PER_SECOND, rel=0.05)  # fmt: skip
    assert lengths.max() == 50


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["bench", "--quick"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    for word in ("limit:", "training, full lengths", "inference, realistic lengths", "contrastive loss", "loader", "plain implementation"):  # fmt: skip
        assert word in shown


def test_the_command_prints_the_documented_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["bench", "--quick", "--device", "cpu", "--json"])
    assert stop.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {field.name for field in fields(Benchmark)}
    assert found["training"]["full"]["steps_per_clip"] == 10 and found["training"]["realistic"]["steps_per_clip"] < 10
    assert found["training"]["unaligned"]["steps_per_clip"] == 70
    shares = list(found["parts"].values())
    assert shares == [None] * len(shares) or 0.99 <= sum(shares) <= 1.1
    assert all(found["limit"]["by_size"][size] <= found["limit"]["gigaoperations_per_second"] for size in found["limit"]["by_size"])  # fmt: skip
