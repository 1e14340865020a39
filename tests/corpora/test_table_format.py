"""The importer of the table format: what it accepts, what it mends and counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.errors import SourceError
from lddu.store.store import FeatureStore
from tests.builders import clip_arrays, table_folder, table_rows, write_csv, write_npz


def imported(corpus: Path, **options: Any) -> FeatureStore:
    return import_corpus(corpus, corpus.parent / "store", options=ImportOptions(force=True, **options))


def repairs(store: FeatureStore) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = store.manifest["repairs"]
    return found


def warning(store: FeatureStore, words: str) -> str:
    found = [sentence for sentence in store.manifest["warnings"] if words in sentence]
    assert len(found) == 1, store.manifest["warnings"]
    return str(found[0])


def spoil(corpus: Path, clip: str, values: np.ndarray) -> None:
    write_npz(corpus / "audio.npz", {**clip_arrays(), clip: values})


def respell(corpus: Path, **columns: dict[int, str]) -> None:
    rows = table_rows()
    for name, cells in columns.items():
        for i in range(len(rows)):
            rows[i][name] = cells.get(i, rows[i].get(name, ""))
    write_csv(corpus / "clips.csv", rows)


def test_a_sound_folder_comes_through_unchanged(corpus: Path) -> None:
    store = imported(corpus)
    arrays = clip_arrays()
    assert store.table.clip.tolist() == list(arrays)
    for i, values in enumerate(arrays.values()):
        np.testing.assert_array_equal(store.steps("audio", i), values)
    assert store.emotions == ("joy", "anger")
    np.testing.assert_array_equal(store.table.labels[:2], np.array([[0, np.nan], [1, 0.5]], np.float32))
    assert repairs(store) == {} and store.manifest["warnings"] == []
    assert store.manifest["source"]["format"] == "table"
    assert store.verify() == []


def test_all_forms_of_the_same_features_give_the_same_store(tmp_path: Path) -> None:
    arrays = clip_arrays()
    keyed = imported(table_folder(tmp_path / "keyed" / "corpus"))
    stacked = table_folder(tmp_path / "stacked" / "corpus")
    offsets = np.cumsum([0, *(len(values) for values in arrays.values())])
    np.savez(
        stacked / "audio.npz",
        clip=np.array(list(arrays)),
        values=np.concatenate(list(arrays.values())),
        offsets=offsets,
    )
    folder = table_folder(tmp_path / "folder" / "corpus")
    (folder / "audio.npz").unlink()
    (folder / "audio").mkdir()
    for clip, values in arrays.items():
        np.save(folder / "audio" / f"{clip}.npy", values)
    parquet = table_folder(tmp_path / "parquet" / "corpus")
    (parquet / "clips.csv").unlink()
    rows = table_rows()
    numbers = {e: [float(row[e]) if row[e] else None for row in rows] for e in ("joy", "anger")}
    words = {name: [row[name] for row in rows] for name in ("clip", "split")}
    pq.write_table(pa.table({**words, **numbers}), parquet / "clips.parquet")
    for other in (imported(stacked), imported(folder), imported(parquet)):
        for i in range(len(keyed)):
            np.testing.assert_array_equal(other.steps("audio", i), keyed.steps("audio", i))
        np.testing.assert_array_equal(other.table.labels, keyed.table.labels)
        assert other.manifest["modalities"] == keyed.manifest["modalities"]


def test_one_row_per_clip_needs_no_offsets(corpus: Path) -> None:
    np.savez(corpus / "audio.npz", clip=np.array(["-c1", "-c0"]), values=np.array([[1.0, 2], [3, 4]]))
    store = imported(corpus)
    assert store.steps("audio", 0).tolist() == [[3, 4]]
    assert store.lengths("audio").tolist() == [1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("ids", [np.array([b"-c0", b"-c1"]), np.array(["-c0 ", "-c1"])], ids=["bytes", "spaces"])
def test_ids_of_a_stacked_file_may_be_bytes_or_padded(corpus: Path, ids: np.ndarray) -> None:
    np.savez(corpus / "audio.npz", clip=ids, values=np.ones((2, 3)))
    assert imported(corpus).lengths("audio").tolist()[:2] == [1, 1]


def test_a_flat_array_is_one_step(corpus: Path) -> None:
    write_npz(corpus / "audio.npz", {clip: values[0] for clip, values in clip_arrays().items()})
    assert imported(corpus).lengths("audio").tolist() == [1] * 6


def test_fortran_order_and_other_number_types_are_read(corpus: Path) -> None:
    values = np.asfortranarray(np.arange(12).reshape(3, 4) + 1)
    spoil(corpus, "-c0", values.astype(">i4"))
    np.testing.assert_array_equal(imported(corpus).steps("audio", 0), values)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [("\ufeff{}", ","), ("{}", ";"), ("{}", "\t"), ("{}\n\n", ",")],
    ids=["byte order mark", "semicolons", "tabs", "empty lines"],
)
def test_csv_dialects(corpus: Path, text: str, delimiter: str) -> None:
    file = corpus / "clips.csv"
    write_csv(file, table_rows(), delimiter)
    plain = file.read_text(encoding="utf-8")
    file.write_bytes(text.format(plain.replace("\r\n", "\n").replace("\n", "\r\n")).encode())
    store = imported(corpus)
    assert store.emotions == ("joy", "anger") and len(store) == 6


def test_white_space_around_column_names_and_ids_is_ignored(corpus: Path) -> None:
    file = corpus / "clips.csv"
    file.write_text(file.read_text().replace("clip,split,joy", " clip , split,joy ").replace("-c0,", " -c0 ,"))
    store = imported(corpus)
    assert store.emotions == ("joy", "anger")
    assert repairs(store) == {"trimmed_ids": {"clips.csv": 1}}


def test_optional_columns_are_kept(corpus: Path) -> None:
    respell(
        corpus,
        group={0: "ann"},
        start={0: "-1.5"},
        end={0: "2"},
        transcript={0: 'so, "well"\n?'},
        _noise_audio={0: ".25"},
    )
    table = imported(corpus).table
    assert (table.group[0], table.start[0], table.end[0], table.transcript[0]) == ("ann", -1.5, 2, 'so, "well"\n?')
    assert np.isnan(table.start[1]) and table.group[1] == ""
    assert table.carried["_noise_audio"][0] == 0.25 and np.isnan(table.carried["_noise_audio"][1])
    assert table.emotions == ("joy", "anger")


def test_split_aliases_are_mapped_and_counted(corpus: Path) -> None:
    respell(corpus, split={0: "Training", 2: "dev", 3: "testing", 4: "val"})
    store = imported(corpus)
    assert store.table.split.tolist() == ["train", "train", "valid", "test", "valid", "train"]
    assert repairs(store) == {"renamed_splits": {"Training": 1, "dev": 1, "testing": 1, "val": 1}}


def test_a_table_without_splits_is_for_prediction_only(corpus: Path) -> None:
    write_csv(corpus / "clips.csv", [{"clip": row["clip"], "joy": ""} for row in table_rows()])
    store = imported(corpus)
    assert store.manifest["splits"] == {"": 6}
    assert "predicted, not trained on" in warning(store, "split")


@pytest.mark.parametrize("lost", ["train", "valid", "test"])
def test_a_split_that_no_clip_is_in_is_warned_of(corpus: Path, lost: str) -> None:
    rows = table_rows()
    respell(corpus, split={i: "unused" for i, row in enumerate(rows) if row["split"] == lost})
    assert f"No clip is in the split '{lost}'" in warning(imported(corpus), "split")


def test_clips_without_split_among_others_are_warned_of(corpus: Path) -> None:
    respell(corpus, split={5: ""})
    assert "nothing else (1)" in warning(imported(corpus), "without a split")


def test_nan_and_infinity_become_zero_and_are_counted(corpus: Path) -> None:
    values = np.ones((3, 4))
    values[1, :3] = np.nan, np.inf, -np.inf
    spoil(corpus, "-c0", values)
    store = imported(corpus)
    assert store.steps("audio", 0)[1].tolist() == [0, 0, 0, 1]
    assert repairs(store) == {"non_finite_values": {"audio": 3}}


def test_numbers_too_large_for_float32_are_counted_as_infinite(corpus: Path) -> None:
    spoil(corpus, "-c0", np.array([[1, 2, 3, 1e300]]))
    store = imported(corpus)
    assert store.steps("audio", 0).tolist() == [[1, 2, 3, 0]]
    assert repairs(store) == {"non_finite_values": {"audio": 1}}


def test_numbers_with_which_nothing_can_be_computed_are_repaired_like_infinite_ones(corpus: Path) -> None:
    spoil(corpus, "-c0", np.array([[1, 1e17, -3e38, 1e19]]))
    store = imported(corpus)
    assert store.steps("audio", 0).tolist() == [[1, np.float32(1e17), 0, 0]]
    assert repairs(store) == {"non_finite_values": {"audio": 2}}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.zeros((0, 4)), "empty_clips"),
        (np.zeros((3, 0)), "empty_clips"),
        (np.zeros(0), "empty_clips"),
        (np.zeros((3, 4)), "all_zero_clips"),
        (np.full((1, 4), np.nan), "non_finite_clips"),
        (np.full((3, 4), np.inf), "non_finite_clips"),
    ],
)
def test_a_sequence_that_holds_nothing_is_missing_and_counted(corpus: Path, values: np.ndarray, kind: str) -> None:
    spoil(corpus, "-c0", values)
    store = imported(corpus)
    assert store.lengths("audio")[0] == 0
    assert repairs(store)[kind] == {"audio": 1}
    assert repairs(store)["clips_without_any_modality"] == {"clips": 1}
    assert len(store) == 6


def test_a_single_zero_step_is_data(corpus: Path) -> None:
    spoil(corpus, "-c0", np.zeros((1, 4)))
    store = imported(corpus)
    assert store.lengths("audio")[0] == 1 and repairs(store) == {}


def test_zero_rows_at_the_ends_are_cut_and_in_the_middle_kept(corpus: Path) -> None:
    values = np.array([[0.0], [0], [1], [0], [2], [0]])
    write_npz(corpus / "audio.npz", {"-c0": values})
    store = imported(corpus)
    assert store.steps("audio", 0).ravel().tolist() == [1, 0, 2]
    assert repairs(store)["padding_steps"] == {"audio": 3}
    kept = imported(corpus, keep_zero_rows=True)
    assert kept.steps("audio", 0).ravel().tolist() == values.ravel().tolist()
    assert "padding_steps" not in repairs(kept)


def test_two_widths_of_which_neither_is_usual_are_refused(corpus: Path) -> None:
    write_npz(corpus / "audio.npz", {**clip_arrays(), **{clip: np.ones((2, 7)) for clip in ("-c3", "-c4", "-c5")}})
    with pytest.raises(SourceError, match="they have 2 widths"):
        imported(corpus)


def test_a_clip_of_another_width_loses_that_modality_only_and_is_named(corpus: Path) -> None:
    spoil(corpus, "-c3", np.ones((2, 7)))
    store = imported(corpus)
    assert store.lengths("audio").tolist() == [2, 3, 4, 0, 3, 4]
    assert repairs(store)["odd_widths"] == {"audio": 1}
    assert "-c3 (7)" in warning(store, "4 numbers per step")


def test_arrays_of_unknown_clips_are_left_out_counted_and_named(corpus: Path) -> None:
    extra = {f"stranger{i}": np.ones((1, 4)) for i in range(7)}
    write_npz(corpus / "audio.npz", {**clip_arrays(), **extra})
    store = imported(corpus)
    assert repairs(store) == {"unknown_clips": {"audio": 7}}
    assert "stranger4 and 2 more" in warning(store, "belong to no clip of the table are left out (7)")


def test_identical_duplicates_are_kept_once_and_counted(corpus: Path) -> None:
    rows = table_rows()
    write_csv(corpus / "clips.csv", [*rows, rows[2]])
    np.savez(corpus / "audio.npz", clip=np.array(["-c0", "-c0"]), values=np.ones((2, 4)))
    store = imported(corpus)
    assert len(store) == 6
    assert repairs(store)["duplicate_rows"] == {"clips.csv": 1}
    assert repairs(store)["duplicate_arrays"] == {"audio": 1}


def test_times_that_contradict_each_other_become_unknown(corpus: Path) -> None:
    respell(corpus, start={0: "5", 1: "inf"}, end={0: "4", 1: "6"})
    store = imported(corpus)
    assert np.isnan(store.table.start[:2]).all() and np.isnan(store.table.end[0]) and store.table.end[1] == 6
    assert repairs(store) == {"ends_before_start": {"end": 1}, "non_finite_values": {"start": 1}}


def test_words_in_a_carried_column_are_kept(corpus: Path) -> None:
    respell(corpus, _note={0: "loud", 2: "0.5"})
    store = imported(corpus)
    assert store.table.carried["_note"].tolist() == ["loud", "", "0.5", "", "", ""]
    assert repairs(store) == {} and store.emotions == ("joy", "anger")


def test_files_that_are_no_arrays_are_named(corpus: Path) -> None:
    (corpus / "text").mkdir()
    np.save(corpus / "text" / "-c0.npy", np.ones(3))
    (corpus / "text" / "-c0.txt").write_text("hm")
    store = imported(corpus)
    assert repairs(store)["ignored_files"] == {"text": 1}
    assert "-c0.txt" in warning(store, "no .npy")


def test_hidden_files_are_passed_over_and_features_in_other_forms_warned_of(corpus: Path) -> None:
    (corpus / "._audio.npz").write_bytes(b"left by a Mac")
    (corpus / "visual.npy").write_bytes(b"")
    (corpus / "NOTES.md").write_text("no features")
    store = imported(corpus)
    assert list(store.modalities) == ["audio"]
    assert warning(store, "Left out").endswith("of .npy: visual.npy.")


@pytest.mark.parametrize(
    "file", ["FACE.NPZ", "face.csv", "face.parquet", "face/-c0.csv", "face/-c0.npz", "face/deep/-c0.h5", "face/-c0.NPY"]
)
def test_what_may_be_a_modality_and_is_not_read_is_named(corpus: Path, file: str) -> None:
    (corpus / file).parent.mkdir(parents=True, exist_ok=True)
    (corpus / file).write_bytes(b"")
    (corpus / "notes.md").write_bytes(b"")
    assert warning(imported(corpus), "Left out").endswith(f"of .npy: {Path(file).parts[0]}.")


def test_a_modality_that_no_train_clip_has_is_warned_of(corpus: Path) -> None:
    write_npz(corpus / "text.npz", {"-c2": np.ones((1, 3))})
    store = imported(corpus)
    assert warning(store, "no train clip") == "text: no train clip has it; training ignores it."
    assert store.modalities["text"].dimension == 3


def test_a_modality_that_no_clip_has_is_left_out_and_warned_of(corpus: Path) -> None:
    write_npz(corpus / "text.npz", {"-c2": np.zeros((2, 3))})
    store = imported(corpus)
    assert list(store.modalities) == ["audio"]
    assert "left out of the store" in warning(store, "text: no clip has it")


def test_progress_counts_to_the_last_clip(corpus: Path) -> None:
    seen: list[tuple[int, int]] = []
    imported(corpus, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 6) for i in range(1, 7)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_arrays_a_store_holds_finite_numbers_and_every_clip(tmp_path: Path, data: st.DataObject) -> None:
    corpus = table_folder(tmp_path / "corpus")
    number = st.one_of(st.floats(width=64), st.just(0.0))
    arrays = {"-c0": np.ones((1, 2))}
    for i in range(1, 6):
        steps = data.draw(st.integers(0, 4))
        cells = data.draw(st.lists(number, min_size=2 * steps, max_size=2 * steps))
        arrays[f"-c{i}"] = np.array(cells, np.float64).reshape(steps, 2)
    write_npz(corpus / "audio.npz", arrays)
    store = imported(corpus)
    assert len(store) == 6
    for i, values in enumerate(arrays.values()):
        kept = store.steps("audio", i)
        assert np.isfinite(kept).all() and len(kept) <= len(values)
        if len(kept) > 1:
            assert kept[0].any() and kept[-1].any()
