"""Batches: padded, masked, and the same however their clips are read."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.batches.batch import BatchReader
from lddu.store.store import FeatureStore
from tests.builders import tiny_store


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return tiny_store(tmp_path_factory.mktemp("batch") / "store", clips=40)


class OneByOne:
    """A store whose clips are asked for one at a time."""

    def __init__(self, store: FeatureStore) -> None:
        self.store = store

    def steps(self, modality: str, clip: int) -> np.ndarray:
        return self.store.steps(modality, clip)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), most=st.integers(1, 12), count=st.integers(1, 9))
def test_a_batch_read_in_one_go_is_that_of_single_clips(
    seed: int, most: int, count: int, one_file: FeatureStore
) -> None:
    rows = np.random.default_rng(seed).integers(len(one_file), size=count).tolist()
    dimensions = {name: own.dimension for name, own in one_file.modalities.items()}
    assert all(one_file.stream(name).whole for name in dimensions)
    together = BatchReader(one_file, dimensions, most).read(rows)
    single = BatchReader(one_file, dimensions, most, OneByOne(one_file)).read(rows)
    for one, other in zip((*together.values, *together.mask), (*single.values, *single.mask), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(together.presence, single.presence)
