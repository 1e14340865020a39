"""What a loader promises: every clip once, the same order whoever reads, memory within bounds, as before when small."""

import json
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.batches import epoch as planning
from lddu.batches.batch import BatchReader
from lddu.batches.epoch import Epoch, TrainingRows, epoch_of
from lddu.batches.loader import AHEAD, portions, prefetched
from lddu.config import CorpusSize, ResolvedTraining
from lddu.machine.ranks import Ranks
from lddu.models.families import preset
from lddu.store import writer as store_writer
from lddu.store.loaded_clips import LoadedClips
from lddu.store.store import FeatureStore
from lddu.training.plan import RunOptions
from lddu.training.run import resume, train
from tests.builders import DIMENSIONS, tiny_config, tiny_store
from tests.training.stops import PowerCut, StopIn, left_by

CLIP_BYTES = 60_000
BARE = RunOptions(baselines=False, report=False)
"""Of a training whose losses are looked at, and nothing else."""


def plan(clips: int, ranks: Ranks, shuffle: str, batch_size: int = 7, epoch: int = 0) -> Epoch:
    rows = np.arange(clips) * 2 + 1
    config = ResolvedTraining(batch_size=batch_size, shuffle=shuffle, loader_gib=0.05)  # type: ignore[arg-type]
    return epoch_of(TrainingRows(rows, np.full(clips, CLIP_BYTES)), config, 3, epoch, ranks)


def test_shuffled_clips_come_in_the_order_they_always_came_in() -> None:
    """Figures in docs/experiments.md rest on it."""
    order = np.random.default_rng([3, 1]).permutation(np.arange(20) * 2 + 1)
    batches = plan(20, Ranks(), "clips", epoch=1).batches
    assert [batch.tolist() for batch in batches] == [order[:7].tolist(), order[7:14].tolist(), order[14:].tolist()]


@settings(max_examples=60, deadline=None)
@given(
    clips=st.integers(1, 2000),
    size=st.integers(1, 5),
    batch_size=st.integers(1, 300),
    shuffle=st.sampled_from(["clips", "blocks"]),
)
def test_every_clip_is_seen_once_an_epoch_by_one_rank(clips: int, size: int, batch_size: int, shuffle: str) -> None:
    plans = [plan(clips, Ranks(rank, size), shuffle, batch_size) for rank in range(size)]
    seen = np.concatenate([rows for one in plans for rows in one.batches])
    assert sorted(seen.tolist()) == (np.arange(clips) * 2 + 1).tolist()
    assert {len(one) for one in plans} == {-(-clips // batch_size)}
    for step, counts in enumerate(plans[0].counts):
        assert counts == tuple(len(one.batches[step]) for one in plans)
        assert sum(counts) <= batch_size + size


def test_the_batch_of_all_ranks_is_that_of_one() -> None:
    whole = plan(50, Ranks(), "clips").batches
    parts = zip(*(plan(50, Ranks(rank, 3), "clips").batches for rank in range(3)), strict=True)
    assert [np.concatenate(part).tolist() for part in parts] == [batch.tolist() for batch in whole]


def test_blocks_are_runs_of_neighbours_in_another_order_each_epoch() -> None:
    one, other = (plan(3000, Ranks(), "blocks", epoch=epoch) for epoch in (0, 1))
    first, second = one.windows[0], other.windows[0]
    assert first.tolist() != second.tolist()
    runs = 1 + int((np.diff(np.sort(first)) != 2).sum())
    assert runs <= planning.FIRST_BLOCKS < len(first) / 30  # read in a few runs, although a shuffle of many clips
    assert np.abs(np.diff(first)).mean() > 200  # neighbours are apart: the blocks of a window are mixed
    assert plan(3000, Ranks(), "blocks").windows[0].tolist() == first.tolist()


def test_windows_hold_what_memory_allows_and_the_first_is_small() -> None:
    one = plan(30_000, Ranks(), "blocks")
    sizes = [len(window) * CLIP_BYTES for window in one.windows]
    assert max(sizes) <= 0.05 * 2**30 / planning.WINDOWS_HELD + planning.BLOCK_BYTES
    grown = ResolvedTraining(batch_size=7, shuffle="blocks", loader_gib=4.0)
    large = epoch_of(TrainingRows(np.arange(60_000), np.full(60_000, CLIP_BYTES)), grown, 0, 0)
    assert len(large.windows[0]) * CLIP_BYTES < 2**25 + planning.BLOCK_BYTES
    assert len(large.windows[1]) > 1.8 * len(large.windows[0])


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FeatureStore:
    """A store of many small parts and blocks of a few clips."""
    monkeypatch.setattr(store_writer, "PART_BYTES", 500)
    monkeypatch.setattr(planning, "BLOCK_BYTES", 200)
    monkeypatch.setattr(planning, "FIRST_BLOCKS", 2)
    store = tiny_store(tmp_path / "store", clips=60, missing=[(0, "audio"), (7, "text"), (8, "text")])
    assert min(len(m.parts) for m in store.modalities.values()) > 3
    return store


def test_loaded_clips_are_those_of_the_store(parts: FeatureStore) -> None:
    rows = np.array([41, 3, 4, 5, 0, 7, 8, 40, 59])
    loaded = LoadedClips(parts, tuple(DIMENSIONS), rows)
    for row in rows.tolist():
        assert row in loaded
        for name in DIMENSIONS:
            np.testing.assert_array_equal(loaded.steps(name, row), parts.steps(name, row))
    assert 6 not in loaded and 60 not in loaded


@pytest.mark.parametrize("size", [1, 2, 3])
def test_batches_from_windows_are_the_clips_of_the_store(parts: FeatureStore, size: int) -> None:
    data = TrainingRows.of(parts, parts.table.in_split("train"), tuple(DIMENSIONS))
    config = ResolvedTraining(batch_size=5, shuffle="blocks", loader_gib=0.001)
    reader = BatchReader(parts, DIMENSIONS, 16)
    for rank in range(size):
        found = epoch_of(data, config, 0, 0, Ranks(rank, size))
        assert len(found.windows) > 1
        for rows, portion in zip(found.batches, portions(reader, found), strict=True):
            expected = reader.read((rows if len(rows) else np.array([found.stand_in])).tolist())
            [batch] = portion.batches
            assert portion.kept == len(rows) and batch.rows == expected.rows
            assert all(bool((a == b).all()) for a, b in zip(batch.values, expected.values, strict=True))


def test_what_is_ready_comes_in_order_from_one_thread_and_faults_are_raised() -> None:
    names: set[str] = set()

    def task(i: int) -> int:
        names.add(threading.current_thread().name)
        if i == 9:
            raise OSError("the disk went away")
        return i

    found: list[int] = []
    with pytest.raises(OSError, match="went away"):
        found.extend(prefetched((lambda i=i: task(i) for i in range(20)), 3))  # type: ignore[misc]
    assert len(names) == 1 and "loader" in names.pop()
    early = prefetched((lambda i=i: i for i in range(5)), 3)  # type: ignore[misc]
    assert [next(early), next(early)] == [0, 1]
    early.close()  # type: ignore[attr-defined]


def test_reading_stops_where_the_training_stops(parts: FeatureStore) -> None:
    data = TrainingRows.of(parts, parts.table.in_split("train"), tuple(DIMENSIONS))
    plan_of_all = epoch_of(data, ResolvedTraining(batch_size=2, shuffle="blocks", loader_gib=0.001), 0, 0)
    reading = portions(BatchReader(parts, DIMENSIONS, 16), plan_of_all)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("loader")]


def test_memory_is_bounded_whatever_the_size_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 MB of features pass through 6 MB."""
    monkeypatch.setattr(planning, "BLOCK_BYTES", 2**18)
    store = tiny_store(tmp_path / "store", clips=2000, dimensions={"text": 3000})
    data = TrainingRows.of(store, store.table.in_split("train"), ("text",))
    bound = 6 * 2**20
    config = ResolvedTraining(batch_size=8, shuffle="blocks", loader_gib=bound / 2**30)
    plan_of_all = epoch_of(data, config, 0, 0)
    assert data.bytes.sum() > 40e6
    list(zip(range(3), portions(BatchReader(store, {"text": 3000}, 16), plan_of_all), strict=False))
    tracemalloc.start()
    try:
        read = sum(portion.kept for portion in portions(BatchReader(store, {"text": 3000}, 16), plan_of_all))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    batches = (AHEAD + 2) * 8 * 5 * 3000 * 4
    assert read == 1200
    assert bound / 3 < peak < bound + batches + 2**20


def test_a_run_in_blocks_goes_on_bit_for_bit(parts: FeatureStore, tmp_path: Path) -> None:
    config = tiny_config(training={"shuffle": "blocks", "loader_gib": 0.001, "batch_size": 5, "modality_dropout": 0.2})
    options = RunOptions(checkpoint_seconds=0, baselines=False, report=False)
    whole = train(parts, tmp_path / "whole", config, options)
    with pytest.raises(PowerCut):
        train(parts, tmp_path / "stopped", config, options, StopIn(3))
    assert left_by(resume(tmp_path / "stopped", options=options).path) == left_by(whole.path)


def test_a_large_training_split_is_shuffled_in_blocks_without_being_asked(parts: FeatureStore, tmp_path: Path) -> None:
    small = train(parts, tmp_path / "small", tiny_config(training={"epochs": 1}), BARE)
    assert small.description.config.training.shuffle == "clips"
    corpus = preset("default").fitted_to(planning_size(gib=5.0))
    assert corpus.training.shuffle == "blocks"
    assert preset("default", {"training": {"loader_gib": 8}}).fitted_to(planning_size(5.0)).training.shuffle == "clips"


def planning_size(gib: float) -> CorpusSize:
    return CorpusSize(train_clips=80_000, pairs=18, longest=17, gib=gib)


@pytest.mark.parametrize("accumulation", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_a_batch_in_several_passes_is_the_same_batch(parts: FeatureStore, tmp_path: Path, accumulation: int) -> None:
    still = {"modality_dropout": 0.0, "feature_noise": 0.0, "corruption": 0.0, "batch_size": 8}
    quiet = {"dropout": 0.0, "emotion_dropout": 0.0, "head_dropout": 0.0}
    curves = [
        [record["loss"]["total"] for record in losses(train(parts, tmp_path / f"{n}", config, BARE).path)]
        for n in (1, accumulation)
        for config in [tiny_config(model=quiet, training={**still, "epochs": 2, "accumulation": n})]
    ]
    np.testing.assert_allclose(curves[1], curves[0], atol=1e-4)


@pytest.mark.slow
def test_bfloat16_trains_as_well_and_differs(parts: FeatureStore, tmp_path: Path) -> None:
    curves = [
        [record["loss"]["total"] for record in losses(train(parts, tmp_path / kind, config).path)]
        for kind in ("float32", "bfloat16")
        for config in [tiny_config(training={"precision": kind})]
    ]
    assert curves[0] != curves[1]
    np.testing.assert_allclose(curves[1], curves[0], rtol=0.05)


def losses(run: Path) -> list[dict[str, dict[str, float]]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
