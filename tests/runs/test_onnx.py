"""A run as one .onnx file: what onnxruntime makes of it is what the run itself says."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lddu
from lddu.decide.aleatoric import MEAN_ENTROPY
from lddu.decide.decision import FittedDecision, fit_decision, with_subsets
from lddu.decide.recalibrate import METHODS, Method
from lddu.decide.subset import FitAnswers
from lddu.decide.threshold import ThresholdRule
from lddu.errors import ConfigError, MismatchError, PackageError, RunError
from lddu.evaluate.scored import Scored, Validation
from lddu.models.kernels.packing import Packing
from lddu.runs.onnx import file as writing
from lddu.runs.onnx.check import COVERAGE, RECALL, TOLERANCE, answers, compared, expected, margins, random_store
from lddu.runs.onnx.decision import DecisionGraph
from lddu.runs.predictor import Predictor
from lddu.store.store import FeatureStore
from tests.builders import tiny_config, tiny_network, tiny_store
from tests.command_line import lddu as command

PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


@pytest.fixture(scope="module")
def store(folder: Path) -> FeatureStore:
    return tiny_store(folder / "store", clips=400, missing=[(n, "text") for n in range(0, 400, 7)])


LDDU = tiny_config(training={"epochs": 1}, model={"noise_gate": True})
MEANS = tiny_config(training={"epochs": 1}, model={"mean_of": "audio"})  # as the default that is shipped
VOTES = lddu.preset(
    "default",
    {"training": {"epochs": 1, "batch_size": 8}, "model": {"shallow_networks": 2, "pooling": "mean"}},
    family="late-fusion",
)


@pytest.fixture(
    scope="module", params=["lddu", *(pytest.param(name, marks=pytest.mark.slow) for name in ("means", "ensemble"))]
)
def exported(request: pytest.FixtureRequest, folder: Path, store: FeatureStore) -> tuple[Predictor, Path]:
    """LDDU with every part, or reading a mean beside steps, or an ensemble of another family that reads means and has a path
    beside it; and its file."""
    config, members = {"lddu": (LDDU, 1), "means": (MEANS, 1), "ensemble": (VOTES, 2)}[request.param]
    options = lddu.RunOptions(members=members, device="cpu", report=False)
    predictor = lddu.load(lddu.train(store, folder / request.param, config, options).path)
    return predictor, predictor.export_onnx(folder / f"{request.param}.onnx").path


def session_of(file: Path) -> Any:
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def asked(exported: tuple[Predictor, Path], folder: Path) -> dict[str, Any]:
    """Clips of up to 24 steps, more than the network reads, and what the run says of them."""
    predictor, file = exported
    clips = random_store(folder / f"clips-{file.stem}", predictor, clips=48, seed=3)
    own = predictor.predict(clips, options=lddu.PredictOptions(recall=RECALL, coverage=COVERAGE))
    margin = margins(own, predictor.infer(clips).probability, predictor.decision, predictor.farthest)
    return {"session": session_of(file), "clips": clips, "wanted": expected(own), "margin": margin}


@settings(max_examples=60)
@given(rows=st.lists(st.integers(0, 47), min_size=1, max_size=20), extra=st.integers(0, 9))
def test_the_file_says_what_the_run_says_of_any_lengths_missing_modalities_and_batch_sizes(
    asked: dict[str, Any], rows: list[int], extra: int
) -> None:
    found = answers(asked["session"], asked["clips"], rows, extra)
    wanted, margin = ({name: own[rows] for name, own in asked[part].items()} for part in ("wanted", "margin"))
    assert set(found) == set(wanted)
    apart = compared(found, wanted, margin)
    assert apart.differing == "" and apart.probability <= TOLERANCE


def test_what_stands_at_padding_is_not_read(asked: dict[str, Any]) -> None:
    session = asked["session"]
    names = [one.name for one in session.get_inputs()]
    rng = np.random.default_rng(0)
    inputs = {"recall": np.array(0.9), "coverage": np.array(1.0)}
    spoiled = dict(inputs)
    for name in [name for name in names if f"{name}_mask" in names]:
        width = next(one.shape[2] for one in session.get_inputs() if one.name == name)
        mask = np.array([[True, True, False], [False, False, False]])
        values = rng.standard_normal((2, 3, width)).astype(np.float32)
        inputs |= {name: values, f"{name}_mask": mask}
        spoiled |= {name: np.where(mask[..., None], values, np.float32(np.nan)), f"{name}_mask": mask}
    for before, after in zip(session.run(None, inputs), session.run(None, spoiled), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("coverage", "answered"), [(1.0, True), (0.0, False), (-1.0, False), (np.nan, False)])
def test_a_coverage_of_one_answers_all_and_what_is_no_share_answers_nothing(
    asked: dict[str, Any], coverage: float, answered: bool
) -> None:
    found = run_with(asked, coverage=coverage)
    assert (found["cannot_tell"] == (not answered)).all()


@pytest.mark.parametrize("recall", [0.999, 2.0, np.nan])
def test_a_recall_that_cannot_be_promised_gives_every_emotion(asked: dict[str, Any], recall: float) -> None:
    assert run_with(asked, recall=recall)["label_set"].all()


def run_with(asked: dict[str, Any], recall: float = 0.9, coverage: float = 0.8) -> dict[str, np.ndarray]:
    """Outputs for one clip of one step."""
    inputs = {"recall": np.array(recall), "coverage": np.array(coverage)}
    for one in asked["session"].get_inputs()[:-2]:
        of_mask = one.name.endswith("_mask")
        inputs[one.name] = np.ones((1, 1), bool) if of_mask else np.zeros((1, 1, one.shape[2]), np.float32)
    outputs = asked["session"].run(None, inputs)
    return {one.name: values for one, values in zip(asked["session"].get_outputs(), outputs, strict=True)}


def test_the_file_says_what_it_is_and_nothing_of_the_machine(exported: tuple[Predictor, Path]) -> None:
    predictor, file = exported
    said = session_of(file).get_modelmeta().custom_metadata_map
    assert json.loads(said["emotions"]) == list(predictor.emotions)
    task = predictor.description.task
    assert json.loads(said["modalities"]) == {
        name: {"dimension": d, "features": task.features[name]} for name, d in task.dimensions.items()
    }
    assert said["lddu_version"] == lddu.__version__ and len(said["run_sha256"]) == 64
    assert json.loads(said["thresholds"]) == list(predictor.decision.given(predictor.modalities).thresholds)
    assert b"site-packages" not in file.read_bytes() and b".py" not in file.read_bytes()


def test_the_page_runs_with_onnxruntime_alone(exported: tuple[Predictor, Path], tmp_path: Path) -> None:
    _, file = exported
    [code] = re.findall(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert code.count("\n") <= 23
    shutil.copy(file, tmp_path / "run.onnx")
    without = "import sys; sys.modules.update({'torch': None, 'onnx': None, 'lddu': None})\n"
    found = subprocess.run([sys.executable, "-c", without + code], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("{") == 2


def test_the_digest_follows_the_weights_and_the_decision(exported: tuple[Predictor, Path], tmp_path: Path) -> None:
    predictor, file = exported
    copied = tmp_path / "copy"
    shutil.copytree(predictor.folder.path, copied)
    said = session_of(file).get_modelmeta().custom_metadata_map["run_sha256"]
    assert writing.run_sha256(lddu.RunFolder(copied)) == said
    weights = next(copied.rglob("model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    assert (other := writing.run_sha256(lddu.RunFolder(copied))) != said
    decision = copied / "decision.json"
    decision.write_text(decision.read_text() + "\n")
    assert writing.run_sha256(lddu.RunFolder(copied)) not in (said, other)


def changed(file: Path, bias: float) -> onnx.ModelProto:
    """The model of a file with one of the numbers in it changed."""
    model = onnx.load(file)
    tensors = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT and len(t.dims) == 1]
    last = tensors[-1]
    last.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(last) + np.float32(bias), last.name))
    return model


def test_a_file_that_answers_otherwise_than_its_run_is_refused(
    exported: tuple[Predictor, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, file = exported
    monkeypatch.setattr(writing, "traced", lambda _: changed(file, 0.5))
    with pytest.raises(MismatchError, match=r"to answer as the run does, but \w+ differs"):
        predictor.export_onnx(tmp_path / "run.onnx")
    assert not list(tmp_path.iterdir())


def test_weights_of_8_bits_are_smaller_and_say_so(
    exported: tuple[Predictor, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, file = exported
    monkeypatch.setattr(writing, "traced", lambda _: onnx.load(file))
    found = predictor.export_onnx(tmp_path / "small.onnx", int8=True)
    assert found.int8 and 0 < found.difference.mean_probability <= writing.INT8_MEAN
    assert session_of(found.path).get_modelmeta().custom_metadata_map["weights"] == "int8"
    weights = {t.data_type for t in onnx.load(found.path).graph.initializer}
    assert onnx.TensorProto.INT8 in weights


def test_the_command_writes_the_file_and_says_how_far_it_is_from_the_run(
    exported: tuple[Predictor, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    predictor, file = exported
    monkeypatch.setattr(writing, "traced", lambda _: onnx.load(file))
    found = command(capsys, "export", predictor.folder.path, "--onnx", tmp_path / "run.onnx")
    assert found.code == 0 and "made-up clips its probabilities differ from the run's by at most" in found.err
    assert (tmp_path / "run.onnx").read_bytes() == file.read_bytes()
    again = command(capsys, "export", predictor.folder.path, "--onnx", tmp_path / "run.onnx")
    assert again.code == 1 and "add --force" in again.err
    assert command(capsys, "export", predictor.folder.path, "--onnx", tmp_path / "run.onnx", "--force").code == 0
    (tmp_path / "other").mkdir()
    none = command(capsys, "export", tmp_path / "other", "--onnx", tmp_path / "other.onnx")
    assert none.code == 1 and "make a run with 'lddu train'" in none.err


def test_names_and_files_that_are_there_are_refused(exported: tuple[Predictor, Path], tmp_path: Path) -> None:
    predictor, file = exported
    with pytest.raises(RunError, match=r"exists; choose another or add `force=True`"):
        predictor.export_onnx(file)
    with pytest.raises(ConfigError, match=r"ends in \.onnx, but got .*run\.pt; call it run\.onnx, say"):
        predictor.export_onnx(tmp_path / "run.pt")


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    exported: tuple[Predictor, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(PackageError, match=r"'onnxscript' for an \.onnx file.*pip install 'lddu\[onnx\]'"):
        exported[0].export_onnx(tmp_path / "run.onnx")


def test_an_uncertainty_that_is_drawn_at_random_is_refused(exported: tuple[Predictor, Path], tmp_path: Path) -> None:
    predictor, _ = exported
    score = replace(
        predictor.decision.error_score, inputs=("dropout_std",), centres=(0.0,), scales=(1.0,), weights=(1.0,)
    )
    drawn = predictor.adapted_by(None)
    drawn.decision = replace(predictor.decision, error_score=score)
    with pytest.raises(MismatchError, match="reads dropout_std from passes with dropout"):
        drawn.export_onnx(tmp_path / "run.onnx")


def test_a_run_that_was_adapted_to_clips_is_refused(
    exported: tuple[Predictor, Path], store: FeatureStore, tmp_path: Path
) -> None:
    with pytest.raises(MismatchError, match="re-centred on other clips, which the file cannot hold"):
        exported[0].adapted(store).export_onnx(tmp_path / "run.onnx")
    assert not list(tmp_path.iterdir())


class Listed(torch.nn.Module):
    """Reads how many steps are real into Python, which no graph can."""

    def forward(self, values: Any, mask: Any, presence: torch.Tensor) -> torch.Tensor:
        """Logits [B, E]."""
        return torch.tensor([[float(count)] * 2 for count in mask[0].sum(dim=1).tolist()])


def test_a_network_that_cannot_be_traced_is_refused_in_a_sentence(
    exported: tuple[Predictor, Path], tmp_path: Path
) -> None:
    predictor, _ = exported
    network = predictor.members[0]
    untraceable = predictor.adapted_by(None)
    other = tiny_network(predictor.description.task.dimensions, 2)
    other.module = Listed()
    untraceable._networks = [other]
    with pytest.raises(
        MismatchError, match=r"Expected a model family that can be traced, but .*predict with lddu itself"
    ):
        untraceable.export_onnx(tmp_path / "run.onnx")
    assert network is predictor.members[0]


@cache
def decision_by(method: Method, thresholds: str, seed: int) -> FittedDecision:
    """A decision fitted on made-up validation clips."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.5, 0.8, (400, 3))
    present = rng.random((400, 3)) < probability**1.7
    scored = Scored(
        probability,
        present.astype(np.float64),
        np.array([f"c{n}" for n in range(400)], object),
        ("joy", "fear", "awe"),
        split="valid",
    )
    width = {"width": rng.random((400, 3)) + (present != (probability > 0.5))}
    rule = ThresholdRule("floor" if thresholds == "floor" else "per_emotion")
    whole = fit_decision(Validation(scored), rule, method, width, rng.integers(0, 4, (400, 3)) / 3, width)
    alone = Validation(scored.with_probability(probability**0.6))
    return with_subsets(
        whole,
        FitAnswers(Validation(scored), width, method),
        dict.fromkeys(("text", "audio"), np.ones(400, bool)),
        {("audio",): FitAnswers(alone, width, method), ("text",): FitAnswers(alone, {}, method)},
        rule,
    )


@settings(max_examples=40)
@given(
    method=st.sampled_from(METHODS),
    thresholds=st.sampled_from(["floor", "own"]),
    recall=st.floats(0.5, 0.99),
    coverage=st.floats(0.01, 1),
    seed=st.integers(0, 1),
)
def test_the_decision_on_tensors_is_the_decision_on_arrays(
    method: Method, thresholds: str, recall: float, coverage: float, seed: int
) -> None:
    decision = decision_by(method, thresholds, seed)
    rng = np.random.default_rng(seed)
    probability = np.concatenate([rng.random((20, 3)), [[0.0, 1.0, 0.5], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]])
    width = {"width": rng.random(probability.shape)}
    presence = rng.random((len(probability), 2)) < 0.6
    own = decision.apply(probability, width, recall, coverage, presence)
    tensors = {name: torch.from_numpy(values) for name, values in width.items()}
    shares = (torch.tensor(share, dtype=torch.float64) for share in (recall, coverage))
    found = DecisionGraph(decision)(
        torch.from_numpy(probability), tensors, tensors, *shares, torch.from_numpy(presence)
    )
    for name, wanted in {
        "probability": own.probability, "label": own.labels, "label_set": own.label_set,
        "uncertainty": own.uncertainty, "cannot_tell": own.abstained,
        "aleatoric": decision.aleatoric.apply(own.probability, width),
    }.items():  # fmt: skip
        assert wanted is not None
        np.testing.assert_allclose(getattr(found, name).numpy(), wanted.astype(np.float64), atol=1e-9, err_msg=name)


def test_where_nobody_taught_it_the_aleatoric_uncertainty_is_the_mean_entropy() -> None:
    decision = replace(decision_by("identity", "own", 0), aleatoric=MEAN_ENTROPY)
    probability = np.random.default_rng(0).random((5, 3))
    share = torch.tensor(0.9, dtype=torch.float64)
    width = {"width": torch.ones(5, 3, dtype=torch.float64)}
    found = DecisionGraph(decision)(
        torch.from_numpy(probability), width, width, share, share, torch.ones(5, 2, dtype=torch.bool)
    ).aleatoric
    np.testing.assert_allclose(found.numpy(), decision.aleatoric.apply(probability, {}))


@settings(max_examples=25)
@given(lengths=st.lists(st.integers(0, 6), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_a_padded_packing_answers_as_a_packed_one(lengths: list[int], seed: int) -> None:
    """What is traced, with padding computed and masked, against what runs, without it."""
    torch.manual_seed(seed)
    network = tiny_network({"audio": 3}, 2).eval()
    steps = max(1, *lengths)
    mask = torch.arange(steps) < torch.tensor(lengths)[:, None]
    values, presence = torch.randn(len(lengths), steps, 3), mask.any(dim=1, keepdim=True)
    with torch.inference_mode():
        packed = network((values,), (mask,), presence).logit
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Packing, "of", Packing.padded)
            padded = network((values,), (mask,), presence).logit
    torch.testing.assert_close(packed, padded, atol=1e-5, rtol=1e-5)
