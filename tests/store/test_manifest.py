"""Whatever in a manifest or a clip table cannot be is refused when the store is opened, and never computed with."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.errors import StoreError
from lddu.store.describe import describe_store
from lddu.store.store import FeatureStore
from tests.builders import tiny_store


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_store(tmp_path_factory.mktemp("store") / "store").path


def numbers_in(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the manifest holds numbers."""
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers_in(one, (*at, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield at


def changed(manifest: dict[str, Any], at: tuple[Any, ...], value: Any) -> dict[str, Any]:
    found = copy.deepcopy(manifest)
    inner = found
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return found


def reads_all(place: Path) -> None:
    store = FeatureStore(place)
    describe_store(store)
    for name in store.modalities:
        store.lengths(name)
        for clip in range(len(store)):
            store.steps(name, clip)


ODD: st.SearchStrategy[Any] = st.integers(-3, 40) | st.floats() | st.sampled_from([None, "7", [], {}, 10**30, True])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_manifest_with_another_number_is_refused_or_says_the_same(place: Path, data: st.DataObject) -> None:
    file = place / "manifest.json"
    text = file.read_text()
    manifest = json.loads(text)
    at = data.draw(st.sampled_from([at for at in numbers_in(manifest) if at != ("present_at",)]))
    value = data.draw(ODD)
    try:
        file.write_text(json.dumps(changed(manifest, at, value)))
        whole = manifest
        for key in at:
            whole = whole[key]
        try:
            near = int(value) == whole
        except (TypeError, ValueError, OverflowError):
            near = False
        if value == whole:
            reads_all(place)
        elif near:  # 7.5 or "7" for 7
            with suppress(StoreError):
                reads_all(place)
        else:
            with pytest.raises(StoreError):
                reads_all(place)
    finally:
        file.write_text(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"splits": {"train": 12, "valid": 4, "test": 3}}, "parts of audio hold 20 clips, the splits 19"),
        ({"splits": {"train": 21, "valid": -1}}, "splits are"),
        ({"emotions": "joy"}, "emotions are 'joy'"),
        ({"emotions": ["joy", "joy"]}, "emotions are"),
        ({"present_at": float("nan")}, "present_at is nan"),
        ({"present_at": 0}, "present_at is 0"),
        ({"warnings": None}, "no list of sentences"),
        ({"repairs": {"odd": 3}}, "no tables"),
    ],
)
def test_what_contradicts_itself_is_refused_at_once(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    file = tiny_store(tmp_path / "store").path / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(StoreError, match=message):
        FeatureStore(tmp_path / "store")


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("split", ["train"] * 20, "Expected the splits test 4, train 12, valid 4 .* but got train 20"),
        ("split", ["dev"] * 20, "of the split 'dev'"),
        ("clip", ["same"] * 20, "'same' is in it more than once"),
        ("joy", [1.5] * 20, "the label 'joy' of clip '-clip0' is 1.5"),
        ("joy", ["much"] * 20, "damaged"),
        ("joy", [-np.inf] * 20, "no share"),
        ("start", ["early"] * 20, "damaged"),
    ],
)
def test_a_clip_table_that_another_program_changed_is_refused(
    tmp_path: Path, column: str, cells: list[Any], message: str
) -> None:
    file = tiny_store(tmp_path / "store").path / "clips.parquet"
    table = pq.read_table(file)
    pq.write_table(table.set_column(table.column_names.index(column), column, pa.array(cells)), file)
    with pytest.raises(StoreError, match=message):
        _ = FeatureStore(tmp_path / "store").table
