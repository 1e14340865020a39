"""Labels of single modalities: Eq. (14) learns from them, nothing else does, and without them all is as before."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lddu.batches.batch import BatchReader
from lddu.models import equations
from lddu.models.lddu.network import LDDU
from lddu.models.lddu.objective import Objective
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.plan import RunOptions, describe
from lddu.training.run import train
from tests.builders import tiny_config, tiny_model_config, tiny_store
from tests.models.lddu.test_objective import ALL_TERMS, EMOTIONS, network, noise_of, predicted, shares_of

STEADY = {"epochs": 1, "modality_dropout": 0.0, "corruption": 0.0, "feature_noise": 0.0, "batch_size": 30}


def two_minds(path: Path, own: bool) -> FeatureStore:
    """200 clips whose voice and words show joy independently; the whole shows joy where either does."""
    rng = np.random.default_rng(0)
    with writing_store(path, StoreDescription(("joy",), {"text": "made-up text", "audio": "made-up audio"})) as writer:
        for n in range(200):
            shown = {name: float(rng.random() < 0.5) for name in ("text", "audio")}
            features = {
                name: (rng.normal(0, 0.3, (1, 4)) + np.array([2 * joy - 1, 0, 0, 0])).astype(np.float32)
                for name, joy in shown.items()
            }
            split = ("train", "train", "train", "valid", "test")[n % 5]
            carried = {f"_{name}": joy for name, joy in shown.items()}
            shares = {name: [joy] for name, joy in shown.items()} if own else {}
            writer.add(
                ClipRow(f"c{n}", split, [max(shown.values())], carried=carried, modality_shares=shares), features
            )
    return FeatureStore(path)


def lone_errors(store: FeatureStore) -> Tensor:
    """Distance of each modality's own score from what it shows, after training, in test clips where only the other shows joy."""
    dimensions = {"text": 4, "audio": 4}
    reader, rows = BatchReader(store, dimensions, 8), store.table.in_split
    batch, test = (reader.read(rows(split).tolist()) for split in ("train", "test"))
    torch.manual_seed(0)
    model = LDDU([4, 4], 1, tiny_model_config(query_residual=True))
    objective = Objective(replace(ALL_TERMS, contrastive_weight=0.0, modality_weight=1.0), 4, present_at=0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(120):
        answer = model(batch.values, batch.mask, batch.presence)
        loss = objective(model, answer, batch.shares, torch.zeros(len(batch.rows), 2), batch.modality_shares)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
    with torch.no_grad():
        score = model.eval()(test.values, test.mask, test.presence).modality_logit[:, :, 0].sigmoid()
    shown = torch.from_numpy(
        np.stack([store.table.carried[f"_{name}"][list(test.rows)] for name in dimensions], axis=1)
    )
    lone: Tensor = score[(shown.sum(dim=1) == 1)[:, None] & (shown == 0)]
    return lone


@pytest.mark.slow
def test_a_modality_learns_its_own_label_where_that_differs_from_the_joint_one(tmp_path: Path) -> None:
    own, joint = (lone_errors(two_minds(tmp_path / name, name == "own")) for name in ("own", "joint"))
    assert own.mean() < 0.2  # the joint label says joy in each of these clips
    assert joint.mean() > 0.4


def test_a_training_reads_them(tmp_path: Path) -> None:
    terms = []
    for own in (True, False):
        run = train(
            two_minds(tmp_path / f"store-{own}", own), tmp_path / f"run-{own}", tiny_config(training={"epochs": 1})
        )
        terms.append(json.loads((run.path / "log.jsonl").read_text().splitlines()[0]))
    assert terms[0] != terms[1]
    assert str(terms[0]).count("modality") == str(terms[1]).count("modality") > 0


def test_only_the_term_of_single_modalities_reads_them() -> None:
    model, shares = network(), shares_of(6)
    prediction = predicted(model, 6)
    own = 1 - shares[:, None, :].expand(6, 2, EMOTIONS)
    objectives = [Objective(ALL_TERMS, 4, present_at=0.5) for _ in range(2)]
    plain = objectives[0](model, prediction, shares, noise_of(6)).to_mapping()
    apart = objectives[1](model, prediction, shares, noise_of(6), own).to_mapping()
    changed = {name for name in plain if plain[name] != pytest.approx(apart[name], rel=1e-6)}
    assert changed == {"modality", "total"}


def test_an_unknown_one_is_the_joint_label() -> None:
    model, shares = network(), shares_of(6)
    shares[2, 1] = torch.nan
    prediction, config = predicted(model, 6), replace(ALL_TERMS, contrastive_weight=0.0)
    unknown = torch.full((6, 2, EMOTIONS), torch.nan)
    objective = Objective(config, 4, present_at=0.5)
    plain = objective(model, prediction, shares, noise_of(6)).to_mapping()
    assert objective(model, prediction, shares, noise_of(6), unknown).to_mapping() == pytest.approx(plain)
    unknown[0, 1, 2] = 0.25
    merged = equations.modality_shares(shares, unknown)
    assert merged[0, 1, 2] == 0.25 and torch.equal(merged[1:, 0].nan_to_num(9), shares[1:].nan_to_num(9))


def test_they_may_be_shares_where_shares_are_the_target() -> None:
    model, shares = network(), shares_of(6)
    prediction, config = predicted(model, 6), replace(ALL_TERMS, contrastive_weight=0.0, target="shares")
    own = prediction.modality_logit.sigmoid().detach()
    objective = Objective(config, 4, present_at=0.5)
    at_best = objective(model, prediction, shares, noise_of(6), own).terms["modality"]
    for other in (own * 0.9, own.round()):
        assert objective(model, prediction, shares, noise_of(6), other).terms["modality"] > at_best


def test_a_batch_in_parts_learns_the_same_as_in_one(tmp_path: Path) -> None:
    store = two_minds(tmp_path / "store", own=True)
    still = {"dropout": 0.0, "emotion_dropout": 0.0, "head_dropout": 0.0}
    weights = []
    for parts in (1, 3):
        config = tiny_config(model=still, training={**STEADY, "accumulation": parts})
        run = train(store, tmp_path / f"run-{parts}", config, RunOptions(baselines=False))
        weights.append(run.load_model(torch.device("cpu")).state_dict())
    for name, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][name], rtol=1e-3, atol=1e-5)


def test_batches_hold_them_in_the_order_of_the_model_and_stores_without_them_give_none(tmp_path: Path) -> None:
    store = two_minds(tmp_path / "store", own=True)
    found = BatchReader(store, {"audio": 4, "face": 3, "text": 4}, 8).read([3, 0]).modality_shares
    assert found is not None and found.shape == (2, 3, 1)
    assert bool(found[:, 1].isnan().all())
    assert found[0, 0, 0] == store.table.carried["_audio"][3] and found[1, 2, 0] == store.table.carried["_text"][0]
    plain = tiny_store(tmp_path / "plain")
    assert (
        BatchReader(plain, {name: m.dimension for name, m in plain.modalities.items()}, 8).read([0]).modality_shares
        is None
    )


def test_a_training_that_does_not_read_them_says_so(tmp_path: Path) -> None:
    store = two_minds(tmp_path / "store", own=True)
    off = describe(store, tiny_config(objective={"modality_weight": 0.0}), RunOptions()).warnings
    assert any("labels of single modalities" in sentence for sentence in off)
    on = describe(store, tiny_config(objective={"modality_weight": 0.1}), RunOptions()).warnings
    assert not any("labels of single modalities" in sentence for sentence in on)
