"""Stores behind URLs: fetched part by part, checked, kept by content; the same to every reader."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lddu.errors import ConfigError, StoreError
from lddu.machine.cache import VARIABLE
from lddu.store import writer as store_writer
from lddu.store.store import FeatureStore
from tests.builders import DIMENSIONS, tiny_store
from tests.command_line import lddu

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "stores"


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FeatureStore:
    """Several parts."""
    monkeypatch.setattr(store_writer, "PART_BYTES", 600)
    return tiny_store(tmp_path / "store", clips=30, missing=[(2, "audio")])


@pytest.fixture
def url(local: FeatureStore, cache: Path) -> Iterator[str]:
    """The store in fsspec's memory, which knows nothing of files."""
    memory = fsspec.filesystem("memory")
    memory.put(str(local.path), "/bucket/store", recursive=True)
    yield "memory://bucket/store"
    memory.rm("/bucket", recursive=True)


def kept(cache: Path) -> set[str]:
    return {file.name for file in cache.glob("*/*") if not file.name.startswith(".")}


def test_a_store_behind_a_url_is_the_store(url: str, local: FeatureStore) -> None:
    found = FeatureStore(url)
    assert found.place == url and repr(found).startswith(f"FeatureStore('{url}'")
    assert len(found) == len(local) and found.emotions == local.emotions
    assert found.table.clip.tolist() == local.table.clip.tolist()
    for name in DIMENSIONS:
        np.testing.assert_array_equal(found.lengths(name), local.lengths(name))
        for clip in range(len(local)):
            np.testing.assert_array_equal(found.steps(name, clip), local.steps(name, clip))
    assert found.verify() == []


def test_only_what_is_needed_is_fetched(url: str, cache: Path) -> None:
    store = FeatureStore(url)
    assert kept(cache) == {"manifest.json"}
    lengths = store.lengths("text")
    assert len(lengths) == 30 and kept(cache) == {"manifest.json"}  # the offsets alone
    assert len(store.modalities["text"].parts) > 2
    store.steps("text", 0)
    assert kept(cache) == {"manifest.json", "text-00000.safetensors"}
    FeatureStore(url).steps("text", 1)
    assert kept(cache) == {"manifest.json", "text-00000.safetensors"}


def test_a_server_that_sends_all_whatever_part_is_asked_is_read(
    url: str, local: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    real = MemoryFileSystem.cat_file
    monkeypatch.setattr(MemoryFileSystem, "cat_file", lambda system, path, **_: real(system, path))
    store = FeatureStore(url)
    assert store.emotions == local.emotions
    for name in store.modalities:
        np.testing.assert_array_equal(store.steps(name, 0), local.steps(name, 0))


def test_what_is_in_the_cache_is_not_fetched_again(url: str, cache: Path) -> None:
    FeatureStore(url).steps("audio", 0)
    memory = fsspec.filesystem("memory")
    memory.rm("/bucket/store/audio-00000.safetensors")
    assert FeatureStore(url).steps("audio", 0).shape == (3, 4)


def test_a_part_that_arrives_altered_is_refused_and_leaves_nothing(url: str, cache: Path) -> None:
    memory = fsspec.filesystem("memory")
    name = "/bucket/store/audio-00000.safetensors"
    content = bytearray(memory.cat_file(name))
    content[-1] ^= 1
    memory.pipe_file(name, bytes(content))
    with pytest.raises(StoreError, match=r"memory://bucket/store/audio-00000.safetensors to have the checksum"):
        FeatureStore(url).steps("audio", 0)
    assert kept(cache) == {"manifest.json"} and not list(cache.glob("*/*.tmp"))


def test_a_store_that_changed_is_another_store_in_the_cache(url: str, local: FeatureStore, cache: Path) -> None:
    before = FeatureStore(url)
    before.steps("text", 0)
    tiny_store(local.path, clips=30, seed=5)
    memory = fsspec.filesystem("memory")
    memory.rm("/bucket/store", recursive=True)
    memory.put(str(local.path), "/bucket/store", recursive=True)
    after = FeatureStore(url)
    assert before.path != after.path
    np.testing.assert_array_equal(after.steps("text", 3), FeatureStore(local.path).steps("text", 3))


@pytest.mark.parametrize(
    "name", ["../secrets.safetensors", "..", "/etc/passwd", "a/b.safetensors", "manifest.json", ""]
)
def test_a_manifest_cannot_name_files_elsewhere(name: str, url: str, cache: Path) -> None:
    memory = fsspec.filesystem("memory")
    manifest = json.loads(memory.cat_file("/bucket/store/manifest.json"))
    manifest["modalities"]["audio"]["parts"][0]["file"] = name
    memory.pipe_file("/bucket/store/manifest.json", json.dumps(manifest).encode())
    with pytest.raises(StoreError, match="a part of audio lies outside the store"):
        FeatureStore(url)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("memory://bucket/nowhere", r"memory://bucket/nowhere/manifest.json, but it is not there; check the URL"),
        (
            "nonsense://bucket/store",
            r"to read nonsense://bucket/store/manifest.json, but that failed \(Protocol not known",
        ),
    ],
)
def test_a_url_that_leads_nowhere_is_named(place: str, message: str, cache: Path) -> None:
    with pytest.raises(StoreError, match=message):
        FeatureStore(place)


def test_a_protocol_without_its_package_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ConfigError, match=r"a package that can read s3://bucket/store, but .*s3fs"):
        FeatureStore("s3://bucket/store")


def test_every_command_takes_a_url(
    local: FeatureStore, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"file://{local.path}"
    described = lddu(capsys, "data", "describe", place, "--verify", "--json")
    assert described.code == 0 and json.loads(described.out)["path"] == place
    small = ("--training.epochs", "1", "--model.hidden", "8", "--model.layers", "0", "--model.heads", "2")
    run = tmp_path / "run"
    trained = lddu(capsys, "train", place, "--out", run, *small, "--json")
    assert trained.code == 0, trained.err
    assert json.loads((run / "config.json").read_text())["store"]["path"] == place
    shutil.rmtree(cache)
    predicted = lddu(capsys, "predict", run, place, "--json")
    assert predicted.code == 0 and len(json.loads(predicted.out)["clips"]) == 30
    assert lddu(capsys, "evaluate", run, "--json").code == 0
