"""Parity with the released model, run once at a tiny size (METHOD.md): same weights and inputs, same numbers to 1e-5.

The file of figures holds the released model's own parameter names; the map below is what a loader for its checkpoints
would need. The order of the modalities in its lists is visual, audio, text.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lddu.models import equations
from lddu.models.lddu.network import LDDU
from lddu.models.lddu.prediction import Prediction
from lddu.models.lddu.settings import ResolvedModel

MODALITIES = ("visual", "audio", "text")
RELEASED = {"visual": "visual", "audio": "audio", "text": "bert"}
EMOTIONS = 6


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    file = Path(__file__).parents[2] / "golden" / "released_tiny.npz"
    with np.load(file, allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def released_names(emotions: int) -> dict[str, str]:
    """Our parameter (without .weight / .bias) -> the released one, for what maps one to one."""
    names = {"direct.layers.0": "common_classfier.0", "direct.layers.3": "common_classfier.3"}
    for m, modality in enumerate(MODALITIES):
        released = RELEASED[modality]
        names[f"encoders.{m}.feature_norm"] = f"{modality}_norm.{modality}_norm2d"
        names[f"encoders.{m}.projection"] = f"{released}.embeddings.word_embeddings"
        names[f"encoders.{m}.embedding_norm"] = f"{released}.embeddings.LayerNorm"
        for n in range(2):
            theirs = f"{released}.encoder.layer.{n}"
            for ours, part in {
                "query": "attention.self.query",
                "key": "attention.self.key",
                "value": "attention.self.value",
                "mixed": "attention.output.dense",
                "attention_norm": "attention.output.LayerNorm",
                "inner": "intermediate.dense",
                "outer": "output.dense",
                "output_norm": "output.LayerNorm",
            }.items():
                names[f"encoders.{m}.layers.{n}.{ours}"] = f"{theirs}.{part}"
        for ours, part in {"query": "label", "key": "seq", "output": "out"}.items():
            names[f"attentions.{m}.{ours}"] = f"label_wise_attention.{part}_projection.{m}"
        for ours, part in {
            "layers.0": "linear.0", "layers.1": "linear.1", "layers.2": "output", "mean": "fc_mu", "log_variance": "fc_var",
        }.items():  # fmt: skip
            names[f"distributions.{m}.{ours}"] = f"encoder.{m}.{part}"
    return names


@pytest.fixture(scope="module")
def model(golden: dict[str, Tensor]) -> LDDU:
    config = ResolvedModel(hidden=16, latent=8, layers=2, heads=4, max_steps=60)
    model = LDDU([golden[f"inputs/{name}"].shape[-1] for name in MODALITIES], EMOTIONS, config)
    state = model.state_dict()
    for ours, theirs in released_names(EMOTIONS).items():
        for kind in ("weight", "bias"):
            state[f"{ours}.{kind}"] = golden[f"weights/{theirs}.{kind}"]
    for m, modality in enumerate(MODALITIES):
        key = f"weights/{RELEASED[modality]}.embeddings.position_embeddings.weight"
        state[f"encoders.{m}.positions"] = golden[key]
    state["emotions"] = golden["weights/embedding_layer.weight"]
    for ours, theirs in {"centre": "final_classifier", "spread": "var_classifier1"}.items():
        inner = [golden[f"weights/{theirs}.{e}.0.weight"].T for e in range(EMOTIONS)]
        state[f"{ours}.inner_weight"] = torch.stack(inner)
        state[f"{ours}.inner_bias"] = torch.stack([golden[f"weights/{theirs}.{e}.0.bias"] for e in range(EMOTIONS)])
        outer = [golden[f"weights/{theirs}.{e}.3.weight"][0] for e in range(EMOTIONS)]
        state[f"{ours}.outer_weight"] = torch.stack(outer)
        state[f"{ours}.outer_bias"] = torch.cat([golden[f"weights/{theirs}.{e}.3.bias"] for e in range(EMOTIONS)])
    model.load_state_dict(state)
    return model.eval()


@pytest.fixture(scope="module")
def inputs(golden: dict[str, Tensor]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    values = tuple(golden[f"inputs/{name}"] for name in MODALITIES)
    return values, tuple(torch.ones(v.shape[:2], dtype=torch.bool) for v in values)


@pytest.fixture(scope="module")
def prediction(model: LDDU, inputs: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]) -> Prediction:
    with torch.no_grad():
        result: Prediction = model(*inputs, torch.ones(len(inputs[0][0]), 3, dtype=torch.bool))
    return result


def agree(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours.double(), theirs.double(), atol=1e-5, rtol=0)


def test_every_released_weight_that_is_used_is_mapped(golden: dict[str, Tensor]) -> None:
    mapped = set(released_names(EMOTIONS).values()) | {"embedding_layer"}
    mapped |= {f"{RELEASED[m]}.embeddings.position_embeddings" for m in MODALITIES}
    mapped |= {f"{c}.{e}.{n}" for c in ("final_classifier", "var_classifier1") for e in range(EMOTIONS) for n in (0, 3)}
    theirs = {n.removeprefix("weights/").rpartition(".")[0] for n in golden if n.startswith("weights/")}
    unused = {
        name for name in theirs - mapped if "pooler" in name or name.startswith(("final_classifer2", "var_classifier2"))
    }
    assert theirs - mapped == unused
    assert mapped <= theirs


@pytest.mark.parametrize("m", range(3), ids=MODALITIES)
def test_encoded_steps_agree(
    m: int, model: LDDU, golden: dict[str, Tensor], inputs: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]
) -> None:
    with torch.no_grad():
        agree(model.encoders[m](inputs[0][m], inputs[1][m]), golden[f"encoded/{MODALITIES[m]}"])


@pytest.mark.parametrize("m", range(3), ids=MODALITIES)
def test_emotion_vectors_and_distributions_agree(m: int, golden: dict[str, Tensor], prediction: Prediction) -> None:
    agree(prediction.vectors[:, m], golden[f"label_features/{MODALITIES[m]}"])
    agree(prediction.mean[:, m], golden[f"mean/{MODALITIES[m]}"])
    agree(prediction.std[:, m], golden[f"std/{MODALITIES[m]}"])


def test_scores_agree(golden: dict[str, Tensor], prediction: Prediction) -> None:
    agree(prediction.direct_logit.sigmoid(), golden["outputs/probability_direct"])
    agree(prediction.probability, golden["outputs/probability_final"])


def test_classification_losses_agree(golden: dict[str, Tensor], prediction: Prediction) -> None:
    target, known = equations.training_target(golden["inputs/labels"], 0.5, "presence")
    assert known.all()
    agree(equations.masked_bce(prediction.direct_logit, target, known), golden["loss/bce_direct"])
    agree(equations.masked_bce(prediction.fused_logit, target, known), golden["loss/bce_final"])


def test_contrastive_loss_agrees_when_memory_rows_are_anchors_too(
    golden: dict[str, Tensor], prediction: Prediction
) -> None:
    features = equations.distribution_feature(prediction.mean, prediction.std).flatten(0, 2)
    present = equations.is_present(golden["inputs/labels"], 0.5)
    classes = equations.distribution_class(present, 3).flatten()
    memory = golden["inputs/queue"]
    matches_nothing = 1000 + torch.arange(len(memory))
    keys, key_classes = torch.cat([features, memory]), torch.cat([classes, matches_nothing])
    terms, _ = equations.contrastive_terms(keys, key_classes, len(keys), temperature=0.07)
    agree(terms.mean(), golden["loss/contrastive"])


def test_calibration_loss_agrees_on_the_released_axes(golden: dict[str, Tensor], prediction: Prediction) -> None:
    """The released code softmaxes one side over each clip's emotions and the other over the whole batch."""
    log_s = prediction.direct_logit.sigmoid().log_softmax(dim=1)
    log_u = prediction.width.flatten().log_softmax(dim=0).view_as(log_s)
    theirs = (log_s.exp() * (log_s - log_u)).sum() + (log_u.exp() * (log_u - log_s)).sum()
    agree(theirs / log_s.numel() / 2, golden["loss/calibration"])
