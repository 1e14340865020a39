"""The feature store: what is written comes back, from a map, and damage is named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lddu.corpora.repair import repaired
from lddu.errors import SourceError, StoreError
from lddu.store import writer as store_writer
from lddu.store.clip_table import ClipRow
from lddu.store.loaded_clips import LoadedClips
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from tests.builders import tiny_store

FLOATS = st.floats(-1e6, 1e6, width=32)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrays=st.lists(
        st.one_of(st.none(), hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.just(3)), elements=FLOATS)),
        min_size=1,
        max_size=8,
    ),
    part_bytes=st.integers(1, 200),
)
def test_what_is_written_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: list[np.ndarray | None], part_bytes: int
) -> None:
    monkeypatch.setattr(store_writer, "PART_BYTES", part_bytes)
    description = StoreDescription(("joy",), {"audio": "made up", "text": "made up"}, present_at=0.2, source={"a": 1})
    with writing_store(tmp_path / "store", description, force=True) as writer:
        for i, values in enumerate(arrays):
            row = ClipRow(f"-{i}", "train", [i / 10 if i else None], "g", -1.0, None, "naïve\n", {"_noise": i / 3})
            features = {"text": np.ones((1, 2), np.float32)}
            writer.add(row, features if values is None else {**features, "audio": values})
    store = FeatureStore(tmp_path / "store")
    for i, values in enumerate(arrays):
        if "audio" in store.modalities:
            np.testing.assert_array_equal(store.steps("audio", i), np.zeros((0, 3)) if values is None else values)
    assert ("audio" in store.modalities) == any(values is not None for values in arrays)
    table = store.table
    np.testing.assert_allclose(table.labels[:, 0], [np.nan, *(np.arange(1, len(arrays)) / 10)], rtol=1e-6)
    np.testing.assert_array_equal(table.carried["_noise"], np.arange(len(arrays)) / 3)
    assert table.clip.tolist() == [f"-{i}" for i in range(len(arrays))]
    assert (table.start == -1).all() and np.isnan(table.end).all() and set(table.transcript) == {"naïve\n"}
    assert (store.present_at, store.manifest["source"], store.simulated) == (0.2, {"a": 1}, False)
    assert store.verify() == []


def test_several_parts_read_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [(0, "text"), (7, "audio"), (19, "audio")]
    one = tiny_store(tmp_path / "one", missing=missing)
    monkeypatch.setattr(store_writer, "PART_BYTES", 200)
    several = tiny_store(tmp_path / "several", missing=missing)
    assert len(one.modalities["audio"].parts) == 1
    assert one.modalities["audio"].parts[0].file == "audio.safetensors"
    assert len(several.modalities["audio"].parts) > 3
    for name in one.modalities:
        np.testing.assert_array_equal(one.lengths(name), several.lengths(name))
        for i in range(len(one)):
            np.testing.assert_array_equal(one.steps(name, i), several.steps(name, i))
    np.testing.assert_array_equal(one.present(), several.present())
    assert not one.present()[7, list(one.modalities).index("audio")]
    assert several.verify() == []
    with pytest.raises(IndexError, match="below 20, but got 20"):
        several.steps("audio", 20)


def test_steps_are_read_by_row_number_or_id(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store")
    for n, clip in enumerate(store.table.clip.tolist()):
        np.testing.assert_array_equal(store.steps("audio", clip), store.steps("audio", n))
        assert store.times("audio", clip) is None
    with pytest.raises(StoreError, match=r"Expected ids of clips in .*, but got 'nobody', which is none"):
        store.steps("audio", "nobody")


def test_parts_of_half_and_of_single_precision_load_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_writer, "PART_BYTES", 1)
    half, single = np.full((1, 2), 0.1, np.float16), np.full((1, 2), 1e6 / 3, np.float32)
    with writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": ""})) as writer:
        for clip, values in (("a", half), ("b", single)):
            writer.add(ClipRow(clip, "train", [1]), {"audio": values})
    loaded = LoadedClips(FeatureStore(tmp_path / "store"), ["audio"], np.arange(2))
    assert (loaded.steps("audio", 0) == half).all() and (loaded.steps("audio", 1) == single).all()


def test_a_part_that_begins_without_the_modality_still_has_its_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_writer, "PART_BYTES", 1)
    store = tiny_store(tmp_path / "store", clips=5, missing=[(0, "audio"), (1, "audio")])
    assert store.steps("audio", 0).shape == (0, 4)
    assert store.steps("audio", 2).shape[1] == 4


def test_steps_are_a_read_only_view_of_the_file(store: FeatureStore) -> None:
    steps = store.steps("audio", 3)
    assert isinstance(steps, np.memmap)
    assert steps.base is not None
    with pytest.raises(ValueError, match="read-only"):
        steps[0, 0] = 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(2, 5), min_size=1, max_size=4), layout=st.sampled_from(["C", "F", "every second"]))
def test_arrays_come_back_however_they_lie_in_memory(tmp_path: Path, lengths: list[int], layout: Any) -> None:
    rng = np.random.default_rng(0)

    def laid_out(shape: tuple[int, int]) -> np.ndarray:
        values = rng.normal(size=shape).astype(np.float32)
        return np.repeat(values, 2, axis=0)[::2] if layout == "every second" else np.array(values, order=layout)

    values, times = ([laid_out((length, width)) for length in lengths] for width in (3, 2))
    with writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": ""}), force=True) as writer:
        for i, steps in enumerate(values):
            writer.add(ClipRow(f"c{i}"), {"audio": steps}, {"audio": times[i]})
    store = FeatureStore(tmp_path / "store")
    for i, steps in enumerate(values):
        np.testing.assert_array_equal(store.steps("audio", i), steps)
        np.testing.assert_array_equal(store.times("audio", i), times[i])


def test_half_precision_stays_half_precision(tmp_path: Path) -> None:
    with writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": ""})) as writer:
        writer.add(ClipRow("a"), {"audio": np.ones((2, 3), np.float16)})
    assert FeatureStore(tmp_path / "store").steps("audio", 0).dtype == np.float16


def test_repr_says_what_the_store_holds(store: FeatureStore) -> None:
    assert repr(store).endswith("store': 20 clips, audio 4, text 6; joy, anger)")


def change_manifest(store: FeatureStore, **entries: Any) -> None:
    file = store.path / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


def test_a_newer_version_is_refused_with_a_cure(store: FeatureStore) -> None:
    change_manifest(store, version=2)
    with pytest.raises(StoreError, match=r"version 1 in .* but got 2; update lddu"):
        FeatureStore(store.path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "to be JSON"),
        ("[" * 100000, "to be JSON"),
        ("[1]", "something else"),
        ('{"format": "x"}', "something else"),
    ],
)
def test_a_damaged_manifest_is_refused(store: FeatureStore, text: str, message: str) -> None:
    (store.path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=message):
        FeatureStore(store.path)


@pytest.mark.parametrize(
    "entries",
    [
        {"emotions": None},
        {"modalities": {"audio": {}}},
        {"modalities": []},
        {"splits": None},
        {"splits": {"train": "many"}},
        {"sha256": {}},
        {"present_at": "half"},
        {
            "modalities": {
                "a": {"dimension": 1, "feature": "", "parts": [{"file": "../x", "clips": 1, "steps": 1, "sha256": ""}]}
            }
        },
    ],
)
def test_a_manifest_without_what_it_needs_is_refused(store: FeatureStore, entries: dict[str, Any]) -> None:
    change_manifest(store, **entries)
    with pytest.raises(StoreError, match="import the corpus again"):
        len(FeatureStore(store.path))


def test_a_manifest_that_is_no_text_is_refused(store: FeatureStore) -> None:
    (store.path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="damaged"):
        FeatureStore(store.path)


def test_a_folder_that_is_no_store_says_what_to_do(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(StoreError, match="nothing is there; check the path"):
        FeatureStore(tmp_path / "nowhere")
    with pytest.raises(StoreError, match=r"no manifest\.json; run 'lddu data import' on it first"):
        FeatureStore(corpus)


@pytest.mark.parametrize("left", [0, 7, 60, 300])
def test_a_part_cut_short_is_named(store: FeatureStore, left: int) -> None:
    file = store.path / "audio.safetensors"
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(StoreError, match=r"audio.safetensors to be a whole safetensors file"):
        store.steps("audio", 0)
    assert store.verify() == ["audio.safetensors"]


def test_an_absent_part_is_named(store: FeatureStore) -> None:
    (store.path / "text.safetensors").unlink()
    with pytest.raises(StoreError, match=r"text.safetensors, but it is not there"):
        store.lengths("text")
    assert store.verify() == ["text.safetensors"]


def test_a_part_of_another_store_is_named(store: FeatureStore, tmp_path: Path) -> None:
    other = tiny_store(tmp_path / "other", clips=21)
    (other.path / "audio.safetensors").rename(store.path / "audio.safetensors")
    with pytest.raises(StoreError, match=r"audio.safetensors to hold .* steps .* but it holds something else"):
        store.lengths("audio")


def test_a_flipped_bit_is_found_by_verify(store: FeatureStore) -> None:
    file = store.path / "audio.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert store.verify() == ["audio.safetensors"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.binary(max_size=200), length=st.integers(0, 300))
def test_no_header_however_wild_gets_past_the_error_family(tmp_path: Path, header: bytes, length: int) -> None:
    store = tiny_store(tmp_path / "store", clips=5)
    (store.path / "audio.safetensors").write_bytes(length.to_bytes(8, "little") + header)
    with pytest.raises(StoreError):
        store.lengths("audio")


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2**32, 2**32], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [2**70], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [-1, 4], "data_offsets": [0, -16]},
        {"dtype": "F32", "shape": [9, 4], "data_offsets": [0, 144]},
        {"dtype": "F4", "shape": [0], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [0]},
        [],
    ],
)
def test_a_header_that_claims_the_impossible_is_refused(store: FeatureStore, entry: Any) -> None:
    header = json.dumps({"values": entry}).encode()
    (store.path / "audio.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(StoreError, match=r"audio.safetensors to be a whole safetensors file"):
        store.lengths("audio")


@pytest.mark.parametrize("content", [b"", b"PAR1 nothing"])
def test_a_damaged_table_is_named(store: FeatureStore, content: bytes) -> None:
    (store.path / "clips.parquet").write_bytes(content)
    with pytest.raises(StoreError, match=r"clips.parquet to be a parquet file, but it is damaged"):
        _ = store.table
    assert store.verify() == ["clips.parquet"]


def test_an_absent_or_foreign_table_is_named(store: FeatureStore, tmp_path: Path) -> None:
    other = tiny_store(tmp_path / "other", clips=7)
    (other.path / "clips.parquet").rename(store.path / "clips.parquet")
    with pytest.raises(StoreError, match=r"Expected 20 clips .* but got 7"):
        _ = store.table
    (store.path / "clips.parquet").unlink()
    with pytest.raises(StoreError, match=r"clips.parquet, but it is not there"):
        _ = FeatureStore(store.path).table
    other = tiny_store(tmp_path / "other", emotions=("hope",))
    (other.path / "clips.parquet").rename(store.path / "clips.parquet")
    with pytest.raises(StoreError, match="columns joy, anger, but they are missing"):
        _ = FeatureStore(store.path).table


def test_a_table_whose_rows_were_moved_is_refused(store: FeatureStore) -> None:
    """Each clip would have the features of another."""
    file = store.path / "clips.parquet"
    table = pq.read_table(file)
    pq.write_table(table.take([1, 0, *range(2, len(table))]), file)
    with pytest.raises(StoreError, match=r"clips.parquet as the manifest knows it, but it was changed"):
        _ = FeatureStore(store.path).table


def test_an_unknown_modality_names_the_known(store: FeatureStore) -> None:
    with pytest.raises(StoreError, match=r"out of audio, text in .* but got 'smell'"):
        store.lengths("smell")


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.one_of(st.none(), WORDS), min_size=1, max_size=5))
def test_words_that_are_carried_along_come_back(tmp_path: Path, told: list[str | None]) -> None:
    with writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": ""}), force=True) as writer:
        for i, word in enumerate(told):
            carried: dict[str, float | str] = {"_age": float(i)}
            if word is not None:
                carried["_said"] = word
            writer.add(ClipRow(f"c{i}", carried=carried), {"audio": np.ones((1, 2))})
    table = FeatureStore(tmp_path / "store").table
    if any(word is not None for word in told):
        assert table.carried["_said"].tolist() == [word or "" for word in told]
    assert list(table.carried_numbers()) == ["_age"] and table.carried["_age"].tolist() == list(range(len(told)))


def test_a_carried_column_of_numbers_and_words_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(
            SourceError, match=r"'_x' to hold numbers or words, but .* number for clip 'a' and words for 'b'"
        ),
        writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": ""})) as writer,
    ):
        writer.add(ClipRow("a", carried={"_x": 1.0}), {"audio": np.ones((1, 2))})
        writer.add(ClipRow("b", carried={"_x": "loud"}), {"audio": np.ones((1, 2))})


ROW = ClipRow("a", "train", [1, 0])
BAD_ROWS = {
    "no id": (ClipRow("", "train"), {}, "an id"),
    "a split of its own": (ClipRow("a", "learn"), {}, "split of clip 'a'"),
    "too few labels": (ClipRow("a", "train", [1]), {}, "2 labels for clip 'a', but got 1"),
    "a label above 1": (ClipRow("a", "train", [1, 3]), {}, "label 'anger' of clip 'a' to lie in"),
    "a carried column without _": (ClipRow("a", carried={"x": 1}), {}, "begin with '_'"),
    "nan": (ROW, {"audio": np.full((1, 4), np.nan)}, "audio of clip 'a' to be finite"),
    "too large": (ROW, {"audio": np.full((1, 4), 1e39)}, "audio of clip 'a' to be finite in single precision"),
    "a modality that is not described": (
        ROW,
        {"audio": np.ones((1, 4)), "Audio": np.ones((1, 4))},
        "clip 'a' to have features of audio alone, but it has Audio too",
    ),
    "one axis": (ROW, {"audio": np.ones(4)}, "audio of clip 'a' to be .steps, numbers."),
    "no steps": (ROW, {"audio": np.ones((0, 4))}, "at least one step"),
}


@pytest.mark.parametrize(("row", "features", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_the_writer_refuses_what_a_store_cannot_hold(
    tmp_path: Path, row: ClipRow, features: dict[str, np.ndarray], message: str
) -> None:
    description = StoreDescription(("joy", "anger"), {"audio": ""})
    with pytest.raises(SourceError, match=message), writing_store(tmp_path / "s" / "store", description) as writer:
        writer.add(row, features)
    assert list((tmp_path / "s").iterdir()) == []


def test_an_array_that_its_owner_uses_again_is_stored_as_it_was(tmp_path: Path) -> None:
    buffer, times = np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32)
    with writing_store(tmp_path / "store", StoreDescription(("joy",), {"audio": ""})) as writer:
        for n in range(3):
            buffer[:] = times[:] = n
            writer.add(ClipRow(f"c{n}"), {"audio": buffer}, {"audio": times})
    store = FeatureStore(tmp_path / "store")
    assert [store.steps("audio", n)[0, 0] for n in range(3)] == [0, 1, 2]
    assert [found[0, 0] for n in range(3) if (found := store.times("audio", n)) is not None] == [0, 1, 2]


def test_the_writer_refuses_a_clip_twice_and_a_change_of_width(tmp_path: Path) -> None:
    description = StoreDescription(("joy", "anger"), {"audio": ""})
    with writing_store(tmp_path / "store", description) as writer:
        writer.add(ROW, {"audio": np.ones((1, 4))})
        with pytest.raises(SourceError, match="unique clip ids, but got 'a' twice"):
            writer.add(ROW, {})
        with pytest.raises(SourceError, match="4 numbers per step, like the clips before it, but got 5"):
            writer.add(ClipRow("b"), {"audio": np.ones((1, 5))})
    assert len(FeatureStore(tmp_path / "store")) == 1


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (StoreDescription((), {"audio": ""}), "at least one emotion"),
        (StoreDescription(("joy", "joy"), {"audio": ""}), "each once"),
        (
            StoreDescription(("joy", "Joy "), {"audio": ""}),
            "differ in more than the case of letters, but got 'joy', 'Joy '",
        ),
        (StoreDescription(("joy\n(0-1)",), {"audio": ""}), r"without line breaks .* but got 'joy\\n\(0-1\)'"),
        (StoreDescription(("start",), {"audio": ""}), "other than 'start'"),
        (StoreDescription(("_joy",), {"audio": ""}), "other than '_joy'"),
        (StoreDescription(("joy",), {"../audio": ""}), "modality names of letters"),
        (StoreDescription(("joy",), {"audio": ""}, present_at=0), "`present_at`"),
    ],
)
def test_a_description_that_cannot_be_kept_is_refused(
    tmp_path: Path, description: StoreDescription, message: str
) -> None:
    with pytest.raises(SourceError, match=message), writing_store(tmp_path / "store", description):
        pass


@pytest.mark.parametrize("scale", [1.0, 1e300])
def test_repairs_count_what_they_change(scale: float) -> None:
    counts: dict[str, int] = {}
    values = scale * np.array([[0, 0], [1, -1], [0, 0], [2, np.nan]])
    kept = repaired(values, "audio", lambda kind, _, times: counts.update({kind: times}))
    if scale == 1:
        assert kept is not None and kept.tolist() == [[1, -1], [0, 0], [2, 0]]
        assert counts == {"non_finite_values": 1, "padding_steps": 1}
    else:
        assert kept is None and counts == {"non_finite_values": 4, "all_zero_clips": 1}


def test_clips_are_named_by_row_by_id_or_by_a_mask(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store")
    ids = store.table.clip.tolist()
    mask = np.zeros(20, bool)
    mask[[3, 5]] = True
    for chosen in ([3, 5], np.array([3, 5]), [ids[3], ids[5]], mask, range(3, 6, 2)):
        assert store.rows(chosen).tolist() == [3, 5]
    assert store.rows(None).tolist() == list(range(20)) and store.rows([]).tolist() == []


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ([0, 20], r"rows from 0 to 19 of .*store, but got 20"),
        ([-1], "but got -1"),
        (["nobody"], "but got 'nobody', which is none"),
        (np.ones(3, bool), r"each of the 20 clips of .*store, but got bool of the shape \(3,\)"),
        ([0.5], "but got float64"),
        ([[0, 1]], r"of the shape \(1, 2\)"),
    ],
)
def test_clips_that_a_store_does_not_have_are_named(chosen: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=said):
        tiny_store(tmp_path / "store").rows(chosen)
