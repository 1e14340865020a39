"""What a GPU computes is what a processor computes; skipped where there is none."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lddu.batches.batch import Batch
from lddu.benchmark.workload import Clips, tiny_workload
from lddu.config import Config, laid_over
from lddu.models.family import Losses
from lddu.models.kernels.packing import Packing
from lddu.models.lddu.network import LDDU
from lddu.models.lddu.objective import Objective
from lddu.models.lddu.prediction import Prediction
from lddu.models.lddu.settings import ResolvedObjective
from lddu.runs.predictions import read_predictions
from lddu.runs.predictor import Predictor
from lddu.training.plan import RunOptions
from lddu.training.run import train
from tests.builders import tiny_config, tiny_store
from tests.command_line import lddu
from tests.training.test_ranks import curve, launch, without_dropout

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: these compare one with the processor")

GPU, CPU = torch.device("cuda"), torch.device("cpu")


def all_anchors() -> Config:
    """Nothing is drawn in training, so that every device draws the same."""
    config = without_dropout()
    return laid_over(config, {"objective": {"anchors": 10**9}})


def network_and_batch(realistic: bool) -> tuple[LDDU, Objective, Batch]:
    """A network without dropout, every loss term on, and a batch in which a modality is missing here and there."""
    workload = tiny_workload()
    sizes = replace(workload.config.model, dropout=0.0, emotion_dropout=0.0, head_dropout=0.0)
    sizes = replace(sizes, noise_meter=True, noise_gate=True, max_steps=30)
    workload = replace(workload, config=replace(workload.config, model=sizes), batch=24, steps=(30, 30, 30))
    torch.manual_seed(0)
    model = LDDU(workload.dimensions, workload.emotions, sizes)
    wanted = ResolvedObjective(memory_size=256, error_weight=0.5, modality_weight=0.5, noise_weight=0.1)
    objective = Objective(wanted, sizes.latent, present_at=0.5)
    clips = Clips(workload, realistic)
    batch = clips.batch(clips.lengths(24))
    presence = batch.presence.clone()
    presence[::5, 1] = False
    return model, objective, replace(batch, presence=presence)


def computed(device: torch.device, realistic: bool) -> tuple[Prediction, Losses, dict[str, Tensor]]:
    """Prediction, second step's losses (the memory is no longer empty) and gradients."""
    model, objective, batch = network_and_batch(realistic)
    model.to(device)
    objective.to(device)
    batch = batch.to(device)
    noise = torch.linspace(0.1, 1, batch.presence.numel(), device=device).view_as(batch.presence.float())
    for _ in range(2):
        model.zero_grad()
        prediction = model(batch.values, batch.mask, batch.presence)
        terms = objective(model, prediction, batch.shares, noise)
        torch.autograd.backward(terms.total)
    return prediction, terms, {name: p.grad.cpu() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("realistic", [False, True])
def test_prediction_losses_and_gradients_are_those_of_the_processor(realistic: bool) -> None:
    here, there = computed(CPU, realistic), computed(GPU, realistic)
    torch.testing.assert_close(there[0].fused_logit.cpu(), here[0].fused_logit, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(there[0].std.cpu(), here[0].std, atol=1e-4, rtol=1e-4)
    for name, value in here[1].to_mapping().items():
        assert there[1].to_mapping()[name] == pytest.approx(value, abs=1e-4), name
    assert here[2].keys() == there[2].keys()
    for name, gradient in here[2].items():
        torch.testing.assert_close(there[2][name], gradient, atol=1e-4, rtol=1e-3, msg=name)


def test_clips_of_all_lengths_share_a_group() -> None:
    mask = torch.arange(50, device=GPU) < torch.tensor([[50], [20], [3], [0]], device=GPU)
    found = Packing.of(mask)
    assert [(group.clips, group.steps) for group in found.groups] == [(3, 50)]
    assert len(Packing.of(mask.cpu()).groups) == 3


def test_dropout_is_drawn_on_the_gpu_and_repeats_under_a_seed() -> None:
    workload = tiny_workload()
    torch.manual_seed(0)
    model = LDDU(workload.dimensions, workload.emotions, workload.config.model).to(GPU).train()
    clips = Clips(workload, realistic=True)
    batch = clips.batch(clips.lengths(16)).to(GPU)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(model(batch.values, batch.mask, batch.presence).fused_logit)
    torch.testing.assert_close(found[0], found[1])
    assert not torch.allclose(found[0], found[2], atol=1e-3)


def test_a_run_trained_on_a_gpu_answers_alike_everywhere(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", clips=60, missing=[(1, "audio")])
    run = train(store, tmp_path / "run", without_dropout())
    on_gpu = Predictor(run.path, device="cuda").predict(store)
    on_cpu = Predictor(run.path, device="cpu").predict(store)
    np.testing.assert_allclose(on_gpu.probability, on_cpu.probability, atol=1e-4)


@pytest.mark.parametrize("preset", ["paper", "default"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_works_in_both_precisions_with_dropout(tmp_path: Path, preset: str, precision: str) -> None:
    store = tiny_store(tmp_path / "store", clips=60)
    run = train(store, tmp_path / "run", tiny_config(preset, training={"precision": precision, "accumulation": 2}))
    assert np.isfinite(curve(run.path)).all()
    weights = run.load_model().state_dict()
    assert all(value.dtype == torch.float32 for value in weights.values() if value.is_floating_point())


def test_bfloat16_moves_a_prediction_little() -> None:
    model, _, batch = network_and_batch(realistic=True)
    model, batch = model.to(GPU), batch.to(GPU)
    exact = model(batch.values, batch.mask, batch.presence).probability
    with torch.autocast("cuda", torch.bfloat16):
        rounded = model(batch.values, batch.mask, batch.presence).probability
    assert 0 < float((exact - rounded).detach().abs().max()) < 0.05


def test_the_curve_of_a_run_is_that_of_the_processor(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", clips=91, missing=[(0, "audio"), (3, "text")])
    config = all_anchors()
    train(store, tmp_path / "cpu", config, RunOptions(device="cpu"))
    train(store, tmp_path / "gpu", config, RunOptions(device="cuda"))
    np.testing.assert_allclose(curve(tmp_path / "gpu"), curve(tmp_path / "cpu"), atol=1e-3)


def test_two_ranks_that_share_a_gpu_are_one_training(tmp_path: Path) -> None:
    """Not with nccl, which wants a GPU for each rank."""
    store = tiny_store(tmp_path / "store", clips=91, missing=[(0, "audio"), (3, "text")])
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom lddu.store.store import FeatureStore\n"
        "from lddu.training.run import train\nfrom tests.training.test_ranks import without_dropout\n"
        "train(FeatureStore(sys.argv[1]), Path(sys.argv[2]), without_dropout())\n"
    )
    ended = launch(program, store.path, tmp_path / "two")
    assert ended.returncode == 0, ended.stderr
    train(store, tmp_path / "one", without_dropout())
    np.testing.assert_allclose(curve(tmp_path / "two"), curve(tmp_path / "one"), atol=1e-4)
    two, one = (read_predictions(tmp_path / name / "predictions.parquet") for name in ("two", "one"))
    np.testing.assert_allclose(two.probability, one.probability, atol=1e-4)


NCCL = """
import torch, torch.distributed as dist
from lddu.machine.ranks import _Gather, backends
dist.init_process_group(backends(1), init_method="tcp://127.0.0.1:0", rank=0, world_size=1)
own = torch.randn(3, 2, device="cuda", requires_grad=True)
rows = _Gather.apply(own, (3,), 0)
rows.square().sum().backward()
torch.testing.assert_close(own.grad, 2 * own.detach())
total = torch.ones(2, device="cuda")
dist.all_reduce(total)
dist.broadcast(total, src=0)
found = [None]
dist.all_gather_object(found, {"a": 1})
said = ["b"]
dist.broadcast_object_list(said, src=0)
print(found, said, total.tolist())
dist.destroy_process_group()
"""


def test_what_ranks_say_to_one_another_goes_through_nccl() -> None:
    """With one rank, for each wants a GPU of its own."""
    ended = subprocess.run([sys.executable, "-c", NCCL], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "[{'a': 1}] ['b'] [1.0, 1.0]"


def test_the_benchmark_measures_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(lddu(capsys, "bench", "--quick", "--json", "--device", "cuda").out)
    assert found["machine"]["device"].startswith("NVIDIA")
    assert 0 < found["memory"]["peak"] < 10_000
    assert found["training"]["full"]["clips_per_second"] > 0
