"""What training promises beside going on: who is looked at when, what is cut or ignored, and odd corpora."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lddu.batches.batch import Batch, BatchReader
from lddu.batches.epoch import epoch_order
from lddu.corpora.simulated.simulate import SimulationConfig, simulate
from lddu.decide.aleatoric import LEAST_DIFFERING
from lddu.errors import ConfigError, MismatchError, RunError, StoreError
from lddu.models.augment import SPREAD, STRONGEST, WEAKEST, add_noise, draw_noise, hide_modalities
from lddu.models.scaling import Scaling, ScalingClips, Standardise, fit_scaling
from lddu.runs.predictor import Predictor
from lddu.runs.run_folder import RunFolder
from lddu.store.clip_table import ClipRow
from lddu.store.observation import presence_of
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from lddu.training.loop import NoCallback
from lddu.training.plan import RunOptions, describe
from lddu.training.run import train
from lddu.training.seed import seed_epoch
from tests.builders import EMOTIONS, tiny_config, tiny_store, with_table

SHORT = {"epochs": 2}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("training") / "store")


@pytest.fixture(scope="module")
def run(corpus: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train(corpus, tmp_path_factory.mktemp("trained") / "run", tiny_config(training=SHORT))


@pytest.mark.parametrize("baselines", [False, True])
def test_test_clips_are_read_once_and_only_after_training(
    corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, baselines: bool
) -> None:
    events: list[str] = []
    names = dict(enumerate(corpus.table.split.tolist()))
    read = BatchReader.read

    def spy(self: BatchReader, rows: Any) -> Batch:
        events.extend(str(names[int(row)]) for row in rows)
        return read(self, rows)

    class Noting(NoCallback):
        def epoch_done(self, record: dict[str, Any]) -> None:
            events.append("epoch done")

    monkeypatch.setattr(BatchReader, "read", spy)
    train(corpus, tmp_path / "run", tiny_config(training=SHORT), RunOptions(baselines=baselines), Noting())
    last_epoch = len(events) - 1 - events[::-1].index("epoch done")
    assert "test" not in events[:last_epoch]
    answer = (
        1 + len(corpus.modalities) + baselines
    )  # the run with all that a clip has and with each modality alone, and baselines
    assert events.count("test") == answer * (corpus.table.split == "test").sum()  # once by each that answers
    assert baselines or "train" not in events[last_epoch:]  # baselines learn from the same clips, after it


def test_features_are_standardised_by_training_clips_alone(corpus: FeatureStore, run: RunFolder) -> None:
    rows = corpus.table.in_split("train")
    for fitted, name in zip(run.load_model().scaling, corpus.modalities, strict=True):
        steps = np.concatenate([corpus.steps(name, int(row)) for row in rows]).astype(np.float64)
        assert isinstance(fitted, Standardise)
        np.testing.assert_allclose(fitted.centre.numpy(), steps.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(fitted.scale.numpy(), steps.std(axis=0), rtol=1e-5)


def informative_store(path: Path, unlabelled: int, unit: float = 1.0) -> FeatureStore:
    """Two of twelve features say which of two emotions is there; further emotions have no label in training."""
    rng = np.random.default_rng(0)
    emotions = ("joy", "anger", *(f"rare{n}" for n in range(unlabelled)))
    with writing_store(path, StoreDescription(emotions, {"audio": "made up"})) as writer:
        for i in range(400):
            split, there = ("train" if i < 300 else "valid" if i < 350 else "test"), rng.integers(0, 2, 2).astype(float)
            features = rng.standard_normal((1, 12))
            features[0, :2] += 2 * there
            known = 1.0 if split == "valid" else float("nan")
            writer.add(ClipRow(f"c{i}", split, [*there, *[known] * unlabelled]), {"audio": unit * features})
    return FeatureStore(path)


@pytest.mark.parametrize("unit", [1.0, 1e-8])
def test_gains_follow_the_emotions_that_are_labelled_whatever_the_unit(tmp_path: Path, unit: float) -> None:
    gains = []
    for unlabelled in (0, 1):
        store = informative_store(tmp_path / f"store-{unlabelled}", unlabelled, unit)
        scaling, rows = Scaling([12], clipped=True), store.table.in_split("train")
        clips = ScalingClips(rows, presence_of(store, rows, store.emotions, store.present_at))
        fit_scaling(scaling, BatchReader(store, {"audio": 12}, 16), clips, relevance=True)
        gains.append(scaling.of(0).gain.numpy())
    assert gains[0][:2].min() > 2 * gains[0][2:].max()
    np.testing.assert_allclose(gains[1], gains[0], rtol=1e-5)


def test_a_feature_that_is_constant_but_for_rounding_keeps_its_scale(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with writing_store(tmp_path / "store", StoreDescription(EMOTIONS, {"audio": "made up"})) as writer:
        for i in range(60):
            features = rng.standard_normal((3, 4)) * [1, 1e-9, 0, 1e-5] + [0, 0, 7, 1000]
            writer.add(ClipRow(f"c{i}", "train", [float(i % 2), float(i % 3 == 0)]), {"audio": features})
    store, scaling = FeatureStore(tmp_path / "store"), Scaling([4], clipped=True)
    clips = ScalingClips(np.arange(60), np.zeros((60, 2)))
    fit_scaling(scaling, BatchReader(store, {"audio": 4}, 16), clips, relevance=False)
    scale = scaling.of(0).scale.numpy()
    assert 0.5 < scale[0] < 2 and scale[1:].tolist() == [1, 1, 1]


def test_training_stops_when_validation_no_longer_improves(corpus: FeatureStore, tmp_path: Path) -> None:
    config = tiny_config(training={"epochs": 40, "patience": 2})
    cost = train(corpus, tmp_path / "run", config).read_json("metrics.json")["cost"]
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    scores = [record["valid"]["f1_micro"] for record in log]
    assert cost["epochs"] == [len(log)] and len(log) < 40
    assert cost["best_epoch"] == [int(np.argmax(scores)) + 1]  # the first of the best
    assert len(log) - cost["best_epoch"][0] == 2


@pytest.mark.parametrize(("by", "figures"), [("f1", ["f1_micro"]), ("f1_map", ["f1_micro", "map_macro"])])
def test_the_epoch_is_kept_that_the_chosen_figure_of_validation_names(
    corpus: FeatureStore, tmp_path: Path, by: str, figures: list[str]
) -> None:
    config = tiny_config(training={"epochs": 8, "patience": 8, "checkpoint": by})
    run = train(corpus, tmp_path / "run", config)
    log = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    scores = [np.mean([record["valid"][name] for name in figures]) for record in log]
    metrics = run.read_json("metrics.json")
    assert metrics["cost"]["best_epoch"] == [int(np.argmax(scores)) + 1]
    assert [record["kept"] for record in log] == [score > max([-1, *scores[:n]]) for n, score in enumerate(scores)]
    valid, best = metrics["splits"]["valid"], log[int(np.argmax(scores))]["valid"]
    assert valid["map_macro"] == pytest.approx(best["map_macro"])


def test_the_kept_network_is_that_of_the_best_epoch(corpus: FeatureStore, tmp_path: Path) -> None:
    config = tiny_config(training={"epochs": 6, "patience": 6})
    full = train(corpus, tmp_path / "full", config)
    best = full.read_json("metrics.json")["cost"]["best_epoch"][0]

    heard: list[bool] = []

    class StopAfterBest(NoCallback):
        def epoch_done(self, record: dict[str, Any]) -> None:
            if record["epoch"] == best:
                raise KeyboardInterrupt

        def stopping(self) -> None:
            heard.append((tmp_path / "to-best" / "model.safetensors").exists())

    with pytest.raises(KeyboardInterrupt):
        train(corpus, tmp_path / "to-best", config, callback=StopAfterBest())
    assert heard == [False], "expected to hear of Ctrl-C once, before the rest is done"
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("full", "to-best"))
    assert one == other


def test_a_modality_that_no_train_clip_has_is_ignored_and_every_result_says_so(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", missing=[(i, "text") for i in range(20) if i % 5 < 3])
    folder = train(store, tmp_path / "run", tiny_config(training=SHORT))
    sentence = "text was ignored: no training clip has it"
    assert list(folder.description.task.dimensions) == ["audio"]
    assert folder.read_json("metrics.json")["warnings"] == [sentence]
    assert f"about the run's training: {sentence}" in Predictor(folder.path).warnings(store)
    assert sentence in (folder.path / "report.html").read_text(encoding="utf-8")


def test_long_sequences_are_cut_and_counted(corpus: FeatureStore, tmp_path: Path) -> None:
    config = tiny_config(training=SHORT, model={"max_steps": 2})
    long = int((corpus.lengths("text") > 2).sum())
    folder = train(corpus, tmp_path / "run", config)
    assert long > 0
    assert f"text of {long} clips was cut to its first 2 steps (model.max_steps)" in folder.description.warnings
    assert folder.load_model().get_parameter("module.encoders.0.positions").shape[0] == 2


def test_training_starts_from_the_weights_of_another_run(corpus: FeatureStore, run: RunFolder, tmp_path: Path) -> None:
    still = tiny_config(training={"epochs": 1, "learning_rate": 1e-9})
    started = train(corpus, tmp_path / "run", still, RunOptions(init_from=run.path))
    before, after = run.load_model().state_dict(), started.load_model().state_dict()
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, atol=1e-6, rtol=1e-6)


def test_weights_of_another_shape_or_task_are_no_start(corpus: FeatureStore, run: RunFolder, tmp_path: Path) -> None:
    other = RunOptions(init_from=run.path)
    with pytest.raises(MismatchError, match="give the same model settings, or start without `init_from`"):
        train(corpus, tmp_path / "run", tiny_config(model={"hidden": 16}), other)
    strange = tiny_store(tmp_path / "strange", emotions=("calm",))
    with pytest.raises(MismatchError, match="but it is for joy, anger"):
        train(strange, tmp_path / "run", tiny_config(), other)
    assert not (tmp_path / "run").exists()


def test_a_run_that_was_moved_predicts_the_same(corpus: FeatureStore, run: RunFolder, tmp_path: Path) -> None:
    moved = shutil.copytree(run.path, tmp_path / "elsewhere" / "run")
    here, there = (Predictor(path).predict(corpus).probability for path in (run.path, moved))
    assert np.array_equal(here, there)


def test_a_run_remembers_its_corpus_by_an_absolute_path(
    corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus.path.parent)
    description = describe(FeatureStore(corpus.path.name), tiny_config(), RunOptions())
    assert Path(description.store["path"]) == corpus.path.resolve()


def test_a_run_folder_holds_the_agreed_files_and_no_pickle(run: RunFolder) -> None:
    assert sorted(file.name for file in run.path.iterdir()) == [
        "config.json", "decision.json", "latent_map.json", "log.jsonl", "metrics.json", "model.safetensors", "predictions.parquet", "report.html",
    ]  # fmt: skip
    for file in run.path.iterdir():
        assert not file.read_bytes().startswith((b"\x80", b"PK")), f"{file} looks like a pickle or an archive of one"


def odd_store(
    path: Path, clips: int = 20, modalities: int = 2, emotions: int = 2, steps: int = 3, unknown: str = ""
) -> FeatureStore:
    """A store at the edge of what is allowed; labels of the split `unknown` are unknown."""
    rng = np.random.default_rng(0)
    names = [f"stream{m}" for m in range(modalities)]
    description = StoreDescription(tuple(f"emotion{e}" for e in range(emotions)), dict.fromkeys(names, "made up"))
    with writing_store(path, description) as writer:
        for i in range(clips):
            split = ("train", "train", "valid", "test")[i % 4]
            shares = [float("nan") if split == unknown else float((i // 4 + e) % 2) for e in range(emotions)]
            features = {name: rng.standard_normal((steps, 2)).astype(np.float32) for name in names}
            writer.add(ClipRow(f"c{i}", split, shares), features)
    return FeatureStore(path)


@pytest.mark.parametrize(
    "odd",
    [
        {"modalities": 1},
        {"emotions": 1},
        {"steps": 1},
        {"modalities": 1, "emotions": 1, "steps": 1, "clips": 4},
        pytest.param({"modalities": 5, "emotions": 11, "clips": 12}, marks=pytest.mark.slow),
        {"unknown": "test"},
    ],
    ids=str,
)
@pytest.mark.parametrize("preset", ["default", "paper"])
def test_odd_corpora_train_and_predict(odd: dict[str, Any], preset: str, tmp_path: Path, drawn: None) -> None:
    store = odd_store(tmp_path / "store", **odd)
    config = tiny_config(preset, training={"epochs": 1, "batch_size": 1})
    train(store, tmp_path / "run", config)
    found = Predictor(tmp_path / "run").predict(store)
    assert found.probability.shape == (len(store), odd.get("emotions", 2))
    assert np.isfinite(found.probability).all()
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())["splits"]
    assert figures["valid"]["f1_micro"] is not None


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_split_without_labels_is_refused_before_anything_is_written(split: str, tmp_path: Path) -> None:
    store = odd_store(tmp_path / "store", unknown=split)
    with pytest.raises(StoreError, match=f"labelled clips of the split '{split}'"):
        train(store, tmp_path / "run", tiny_config())
    assert not (tmp_path / "run").exists()


def test_a_training_that_diverges_says_so_and_names_the_cure(corpus: FeatureStore, tmp_path: Path) -> None:
    wild = tiny_config(training={"learning_rate": 1e30, "warmup": 0})
    with pytest.raises(RunError, match=r"training has diverged; lower `training.learning_rate`"):
        train(corpus, tmp_path / "run", wild)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**32}, {"members": 0}])
def test_seed_and_members_have_a_range(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"Expected `(seed|members)` to .*, but got"):
        RunOptions(**wrong)  # type: ignore[arg-type]


def test_hiding_modalities_keeps_at_least_one_and_hides_at_the_given_rate() -> None:
    torch.manual_seed(0)
    presence = torch.ones(4000, 3, dtype=torch.bool)
    presence[:1000, 1:] = False  # clips with one modality only
    hidden = hide_modalities(presence, 0.4)
    assert bool(hidden.any(dim=1).all()) and not bool((hidden & ~presence).any())
    assert 1 - hidden[1000:].float().mean().item() == pytest.approx(0.4 - 0.4**3, abs=0.02)
    assert hide_modalities(presence, 0.0) is presence


def test_everyday_noise_is_log_normal_and_corruption_comes_on_top_at_the_given_rate() -> None:
    torch.manual_seed(0)
    presence = torch.ones(20_000, 2, dtype=torch.bool)
    everyday = draw_noise(presence, 0.1, 0.0)
    assert everyday.median().item() == pytest.approx(0.1, rel=0.05)
    assert everyday.log().std().item() == pytest.approx(SPREAD, rel=0.05)
    corrupted = draw_noise(presence, 0.0, 0.3)
    hit = corrupted[corrupted > 0]
    assert (corrupted > 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert hit.min().item() >= WEAKEST and hit.max().item() <= STRONGEST
    assert hit.median().item() == pytest.approx((WEAKEST * STRONGEST) ** 0.5, rel=0.1)
    assert not draw_noise(presence, 0.0, 0.0).any()


def test_noise_is_measured_in_deviations_of_each_feature() -> None:
    torch.manual_seed(0)
    scaling = Scaling([2], clipped=True)
    scaling.of(0).scale.copy_(torch.tensor([1.0, 100.0]))
    values = (torch.zeros(3, 4000, 2),)
    (noisy,) = add_noise(scaling, values, torch.tensor([[0.0], [0.5], [2.0]]))
    torch.testing.assert_close(
        noisy.std(dim=1), torch.tensor([[0.0, 0.0], [0.5, 50.0], [2.0, 200.0]]), rtol=0.05, atol=0
    )
    assert add_noise(scaling, values, torch.zeros(3, 1)) is values


@pytest.mark.slow
def test_the_meter_learns_to_read_the_noise_that_training_adds(tmp_path: Path) -> None:
    """A corrupted modality is trusted less than the same modality untouched, after a minute's worth of training in miniature."""
    store = simulate(tmp_path / "store", SimulationConfig(clips=200, dimensions={"text": 12, "audio": 8}))
    run = train(
        store,
        tmp_path / "run",
        tiny_config(training={"epochs": 20, "patience": 20, "learning_rate": 5e-3, "checkpoint": "f1"}),
    )
    model = run.members()[0].load_model(torch.device("cpu"))
    reader = BatchReader(store, run.description.task.dimensions, 16)
    batch = reader.read(range(100))
    with torch.inference_mode():
        clean = model(batch.values, batch.mask, batch.presence)
        noisy = model(
            add_noise(model.scaling, batch.values, torch.tensor([[4.0, 0.0]]).expand(100, 2)),
            batch.mask,
            batch.presence,
        )
    wider = (noisy.modality_width > clean.modality_width).float().mean(dim=(0, 2))
    assert wider[0].item() > 0.95 and wider[1].item() == 0


def test_randomness_is_a_function_of_seed_and_epoch_and_differs_between_them() -> None:
    def drawn(seed: int, epoch: int) -> tuple[float, ...]:
        seed_epoch(seed, epoch)
        return (*torch.rand(2).tolist(), *epoch_order(np.arange(50), seed, epoch).tolist())

    with torch.random.fork_rng():
        places = [(0, 0), (0, 1), (1, 0), (1, 1), (2**32 - 1, 29)]
        assert len({drawn(*place) for place in places}) == len(places)
        assert drawn(1, 1) == drawn(1, 1)


def test_every_epoch_draws_anew(corpus: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lddu.training import loop

    seeded: list[tuple[int, int]] = []

    def noting(seed: int, epoch: int, rank: int) -> None:
        seeded.append((seed, epoch))
        seed_epoch(seed, epoch, rank)

    monkeypatch.setattr(loop, "seed_epoch", noting)
    train(corpus, tmp_path / "run", tiny_config(training=SHORT), RunOptions(seed=7))
    assert seeded == [(7, 0), (7, 1)]


def test_an_emotion_without_a_known_label_in_train_is_warned_of(corpus: FeatureStore) -> None:
    labels = corpus.table.labels.copy()
    labels[corpus.table.in_split("train"), 1] = np.nan
    table = replace(corpus.table, labels=labels)
    described = describe(with_table(corpus, table), tiny_config(training=SHORT), RunOptions())
    assert f"{corpus.emotions[1]} has no known label in train: its probabilities mean nothing" in described.warnings


def test_an_emotion_without_a_known_label_in_valid_is_warned_of(corpus: FeatureStore) -> None:
    labels, valid = corpus.table.labels.copy(), corpus.table.in_split("valid")
    labels[valid] = 1.0, np.nan
    described = describe(with_table(corpus, replace(corpus.table, labels=labels)), tiny_config(), RunOptions())
    [told] = [warning for warning in described.warnings if "in valid" in warning]
    assert told.startswith(f"{corpus.emotions[1]} has no known label")
    labels[valid] = 0.0
    described = describe(with_table(corpus, replace(corpus.table, labels=labels)), tiny_config(), RunOptions())
    assert any("no validation clip shows an emotion" in warning for warning in described.warnings)


def test_an_emotion_nobody_judged_that_hides_the_shares_of_the_others_is_warned_of(tmp_path: Path) -> None:
    corpus = tiny_store(tmp_path / "store", clips=150)
    labels, valid = corpus.table.labels.copy(), corpus.table.in_split("valid")
    assert len(valid) >= LEAST_DIFFERING
    labels[valid] = 0.6
    known = describe(with_table(corpus, replace(corpus.table, labels=labels)), tiny_config(), RunOptions())
    assert not [warning for warning in known.warnings if "shares" in warning]
    labels[:, 1] = np.nan
    described = describe(with_table(corpus, replace(corpus.table, labels=labels)), tiny_config(), RunOptions())
    [told] = [warning for warning in described.warnings if "shares" in warning]
    assert f"of {len(valid)} validation clips whose raters differ 0" in told
    assert corpus.emotions[1] in told and corpus.emotions[0] not in told


def test_an_emotion_that_clips_of_one_modality_are_never_labelled_with_is_warned_of(tmp_path: Path) -> None:
    steps = np.random.default_rng(0).normal(size=(30, 1, 3))
    with writing_store(tmp_path / "store", StoreDescription(("joy", "anger"), {"text": "a", "audio": "b"})) as writer:
        for i in range(30):
            name, shares = ("text", [i % 2, 1 - i % 2]) if i % 3 else ("audio", [i % 2, None])
            writer.add(ClipRow(f"c{i}", ("train", "train", "valid", "test", "train")[i % 5], shares), {name: steps[i]})
    described = describe(FeatureStore(tmp_path / "store"), tiny_config(training=SHORT), RunOptions())
    assert described.warnings == (
        "anger could not be learnt from audio alone: no training clip of it alone has a known label",
    )


@pytest.mark.parametrize(("alone", "told"), [(1, False), (2, False), (6, True)])
def test_a_few_clips_that_lost_modalities_and_a_label_by_chance_do_not_say_what_cannot_be_learnt(
    tmp_path: Path, alone: int, told: bool
) -> None:
    steps = np.random.default_rng(0).normal(size=(120, 1, 3)).astype(np.float32)
    with writing_store(tmp_path / "store", StoreDescription(("joy", "anger"), {"text": "a", "audio": "b"})) as writer:
        for i in range(120):
            other, anger = ({"text": steps[i]}, 1 - i % 2) if i >= alone else ({}, None)
            shares = [i % 2, anger if i % 10 else None]
            writer.add(ClipRow(f"c{i}", "train" if i < 100 else "valid", shares), {"audio": steps[i], **other})
    warnings = describe(FeatureStore(tmp_path / "store"), tiny_config(training=SHORT), RunOptions()).warnings
    assert any("anger could not be learnt from audio alone" in sentence for sentence in warnings) == told


@pytest.mark.parametrize(("share", "told"), [(0.0, "absent from"), (1.0, "present in")])
def test_an_emotion_that_train_shows_never_or_always_is_named(tmp_path: Path, share: float, told: str) -> None:
    with writing_store(tmp_path / "store", StoreDescription(EMOTIONS, {"audio": "made up"})) as writer:
        for i in range(9):
            split = ("train", "valid", "test")[i % 3]
            own = share if split == "train" else float(i % 2)
            writer.add(ClipRow(f"c{i}", split, [own, float(i % 2)]), {"audio": np.ones((1, 2))})
    described = describe(FeatureStore(tmp_path / "store"), tiny_config(), RunOptions())
    assert [w for w in described.warnings if "train" in w] == [
        f"{EMOTIONS[0]} is {told} every labelled clip of train: the run cannot learn when it is otherwise"
    ]


def test_groups_that_are_learnt_from_and_measured_on_are_warned_of(corpus: FeatureStore) -> None:
    assert not any("groups" in told for told in describe(corpus, tiny_config(), RunOptions()).warnings)
    group = corpus.table.group.copy()
    group[corpus.table.in_split("train")[0]] = group[corpus.table.in_split("test")[0]] = "Ann"
    described = describe(with_table(corpus, replace(corpus.table, group=group)), tiny_config(), RunOptions())
    assert any(told.startswith("1 group (speakers") and "such as Ann" in told for told in described.warnings)


def test_a_corpus_without_test_clips_and_what_its_import_warned_of_are_said(corpus: FeatureStore) -> None:
    split = np.where(corpus.table.split == "test", "unused", corpus.table.split)
    store = with_table(corpus, replace(corpus.table, split=split))
    store.manifest["warnings"] = ["half the clips were odd"]
    warnings = describe(store, tiny_config(), RunOptions()).warnings
    assert "half the clips were odd" in warnings
    assert "there is no test split: the metrics are those of validation, which selected the checkpoint" in warnings


def test_predictions_and_figures_say_what_the_run_has_learnt_from(
    corpus: FeatureStore, run: RunFolder, tmp_path: Path
) -> None:
    predictor = Predictor(run.path)
    rows = np.concatenate([corpus.table.in_split("train")[:3], corpus.table.in_split("test")[:2]])
    [told] = [r for r in predictor.remarks(corpus, predictor.predict(corpus, rows)) if "used for training" in r]
    assert "3 of these 5 clips were used for training; results on them are optimistic" in told
    assert not [r for r in predictor.remarks(corpus, predictor.predict(corpus, rows[3:])) if "used for training" in r]
    assert predictor.evaluation_warnings(corpus, "test") == []
    assert "was trained on these clips" in predictor.evaluation_warnings(corpus, "train")[0]
    other = tiny_store(tmp_path / "other", clips=25)
    other.present_at = 0.2
    assert "from a share of 0.5 of the raters" in predictor.evaluation_warnings(other, "test")[0]


def test_emotions_that_the_run_or_the_store_alone_has_are_named(run: RunFolder, tmp_path: Path) -> None:
    predictor = Predictor(run.path)
    more = tiny_store(tmp_path / "more", emotions=("fear", *reversed(EMOTIONS)))
    [told] = predictor.evaluation_warnings(more, "test")
    assert told.startswith("the run does not know fear of")
    spelt = tiny_store(tmp_path / "spelt", emotions=("Joy", "anger"))
    lacking, unknown = predictor.evaluation_warnings(spelt, "test")
    assert "has no labels of joy (did you mean 'Joy'?): the figures are about the other emotions" in lacking
    assert "does not know Joy" in unknown
    with pytest.raises(MismatchError, match=r"did you mean 'JOY'\?"):
        predictor.evaluate(tiny_store(tmp_path / "none", emotions=("JOY", "ANGER")), "test")
