"""The `.csd` importer: alignment, oddities, folds, and the counts of the real segment list."""

import csv
import hashlib
import json
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import format_of, import_corpus
from lddu.corpora.mosei.folds import read_folds
from lddu.errors import ConfigError, PackageError, SourceError
from lddu.store.store import FeatureStore
from tests.builders_corpora import (
    ROOTS,
    evenly,
    mosei_folder,
    mosei_videos,
    odd_folds,
    odd_mosei_videos,
    write_csd,
    write_folds,
)


def imported(folder: Path, folds: Path, **extra: object) -> FeatureStore:
    options = ImportOptions(extra={"folds": folds, **{k.replace("_", "-"): v for k, v in extra.items()}})
    return import_corpus(folder, folder.parent / "store", options=options)


@pytest.fixture
def odd(tmp_path: Path) -> FeatureStore:
    return imported(mosei_folder(tmp_path / "mosei"), odd_folds(tmp_path / "folds.json"))


def test_a_folder_of_csd_files_is_recognised(tmp_path: Path) -> None:
    assert format_of(mosei_folder(tmp_path / "mosei")).name == "mosei-csd"


def test_every_segment_becomes_one_clip_with_the_id_of_its_row(odd: FeatureStore) -> None:
    assert odd.table.clip.tolist() == [
        *(f"-video0[{k}]" for k in range(3)), *(f"-video1[{k}]" for k in range(5)),
        *(f"-video{v}[{k}]" for v in (2, 3) for k in range(3)), "-video5[0]",
    ]  # fmt: skip
    assert odd.table.split_counts() == {"train": 4, "valid": 5, "test": 3, "unused": 3}


def test_an_emotion_is_present_when_its_intensity_is_above_zero(odd: FeatureStore) -> None:
    _, labels = odd_mosei_videos()["CMU_MOSEI_Labels"]["-video0"]
    assert np.array_equal(odd.table.labels[:3], labels[:, 1:] > 0)
    assert np.allclose(odd.table.carried["_intensity_happy"][:3], labels[:, 1])
    assert np.allclose(odd.table.carried["_sentiment"][:3], labels[:, 0])


def test_a_word_that_a_modality_does_not_meet_keeps_an_empty_step(odd: FeatureStore) -> None:
    text, audio = odd.steps("text", 0), odd.steps("audio", 0)
    assert len(text) == len(audio) == len(odd.steps("visual", 0))
    assert not audio[2].any()
    assert audio[1].any()
    assert text[2].any()


def test_numbers_that_are_not_finite_take_no_part_in_a_mean(tmp_path: Path) -> None:
    files = mosei_videos(1, 2.0)
    values = files["CMU_MOSEI_COVAREP"]["-video0"][1]
    values[0, 0] = -np.inf
    folder = mosei_folder(tmp_path / "mosei", files)
    store = imported(folder, write_folds(tmp_path / "f.json", train=["-video0"]))
    assert store.steps("audio", 0)[0] == pytest.approx([values[1:5, 0].mean(), values[:5, 1].mean()])
    assert store.manifest["repairs"]["non_finite_values"] == {"audio": 1}


def test_oddities_are_counted_and_lose_no_segment(odd: FeatureStore) -> None:
    repairs = odd.manifest["repairs"]
    assert repairs["negative_starts"] == {"clips": 1}
    assert repairs["overlapping_segments"] == {"clips": 3}
    assert repairs["segments_out_of_time_order"] == {"clips": 2}
    assert repairs["segments_without_length"] == {"clips": 1}
    assert repairs["clips_without_any_modality"] == {"clips": 3}
    assert repairs["non_finite_values"] == {"audio": 2}
    assert repairs["words_without_frames"] == {"audio": 1, "visual": 1}
    assert repairs["empty_steps"] == {"audio": 1, "visual": 1}
    assert repairs["segments_outside_folds"] == {"clips": 3}
    assert repairs["videos_without_labels"] == {"videos": 1}
    assert repairs["fold_videos_without_labels"] == {"videos": 1}


def test_a_missing_face_is_missing_and_not_zero(odd: FeatureStore) -> None:
    row = odd.table.clip.tolist().index("-video2[0]")
    assert odd.lengths("visual")[row] == 0
    assert odd.lengths("audio")[row] > 0


def test_the_transcript_is_what_was_said_in_the_segment(odd: FeatureStore) -> None:
    assert odd.table.transcript[0].split()[:3] == ["w0", "w1", "w2"]


def test_unaligned_keeps_each_modality_at_its_own_rate_up_to_its_cap(tmp_path: Path) -> None:
    files = mosei_videos(1, 12.0)
    folder = mosei_folder(tmp_path / "mosei", files)
    folds = write_folds(tmp_path / "f.json", train=["-video0"])
    store = imported(folder, folds, unaligned=True, max_steps={"audio": 25})
    values = files["CMU_MOSEI_COVAREP"]["-video0"][1]
    assert np.array_equal(store.steps("audio", 0), values[:25])
    assert store.lengths("text").tolist() == [8, 8, 8]
    assert store.lengths("visual").tolist() == [12, 12, 12]
    assert store.manifest["repairs"]["steps_beyond_max"] == {"audio": 45}


def whole_download(folder: Path) -> Path:
    """Everything that the SDK's own list names: two faces, two voices, words twice, sounds of speech, labels apart."""
    files = mosei_videos(1)
    mosei_folder(folder, {name: entries for name, entries in files.items() if "Labels" not in name})
    words, labels = files["CMU_MOSEI_TimestampedWordVectors"], files["CMU_MOSEI_Labels"]
    further = {
        "CMU_MOSEI_TimestampedGloveVectors_with_SP": ("glove_vectors_with_sp", words),
        "CMU_MOSEI_VisualOpenFace2": ("OpenFace_2", files["CMU_MOSEI_COVAREP"]),
        "CMU_MOSEI_openSMILE_IS09": ("OpenSMILE", words),
        "CMU_MOSEI_TimestampedPhones": ("phones", files["CMU_MOSEI_TimestampedWords"]),
        "CMU_MOSEI_LabelsSentiment": ("Sentiment Labels", {v: (t, rows[:, :1]) for v, (t, rows) in labels.items()}),
        "CMU_MOSEI_LabelsEmotions": ("Emotion Labels", {v: (t, rows[:, 1:]) for v, (t, rows) in labels.items()}),
    }
    for name, (root, entries) in further.items():
        write_csd(folder / f"{name}.csd", root, entries)
    return folder


def test_the_whole_download_of_the_sdk_is_imported_with_the_features_of_the_papers(tmp_path: Path) -> None:
    folds = write_folds(tmp_path / "f.json", train=["-video0"])
    store = imported(whole_download(tmp_path / "mosei"), folds)
    assert store.manifest["source"]["files"] == {
        "text": "CMU_MOSEI_TimestampedWordVectors.csd", "words": "CMU_MOSEI_TimestampedWords.csd",
        "audio": "CMU_MOSEI_COVAREP.csd", "visual": "CMU_MOSEI_VisualFacet42.csd",
        "labels": "CMU_MOSEI_LabelsEmotions.csd",
    }  # fmt: skip
    told = " ".join(store.manifest["warnings"])
    for name in ("VisualOpenFace2", "openSMILE_IS09", "GloveVectors_with_SP", "TimestampedPhones", "LabelsSentiment"):
        assert f"{name}.csd" in told
    _, labels = mosei_videos(1)["CMU_MOSEI_Labels"]["-video0"]
    assert np.array_equal(store.table.labels, labels[:, 1:] > 0)
    assert np.isnan(store.table.carried["_sentiment"]).all()


def test_labels_with_the_sentiment_are_rather_taken_than_those_without(tmp_path: Path) -> None:
    folder = whole_download(tmp_path / "mosei")
    labels = mosei_videos(1)["CMU_MOSEI_Labels"]
    write_csd(folder / "CMU_MOSEI_Labels.csd", "All Labels", labels)
    store = imported(folder, write_folds(tmp_path / "f.json", train=["-video0"]))
    assert store.manifest["source"]["files"]["labels"] == "CMU_MOSEI_Labels.csd"
    assert np.allclose(store.table.carried["_sentiment"], labels["-video0"][1][:, 0])


def test_another_face_is_taken_where_the_first_is_not_there(tmp_path: Path) -> None:
    folder = whole_download(tmp_path / "mosei")
    (folder / "CMU_MOSEI_VisualFacet42.csd").unlink()
    store = imported(folder, write_folds(tmp_path / "f.json", train=["-video0"]))
    assert store.modalities["visual"].feature == "OpenFace_2, mean over each word"


def test_the_label_table_of_mmsa_splits_by_video_since_its_numbers_are_no_rows(tmp_path: Path) -> None:
    folds = tmp_path / "label.csv"
    folds.write_text('video_id,clip_id,text,mode\n-video0,10,"a, b",train\n-video0,2,c,train\n-video1,7,d,valid\n')
    store = imported(mosei_folder(tmp_path / "mosei", mosei_videos(2)), folds)
    assert store.table.split_counts() == {"train": 3, "valid": 3}


@pytest.mark.parametrize("suffix", [".json", ".py", ".csv"])
def test_folds_are_read_from_every_form(tmp_path: Path, suffix: str) -> None:
    folder = mosei_folder(tmp_path / "mosei", mosei_videos(3))
    folds = write_folds(tmp_path / f"folds{suffix}", train=["-video0"], valid=["-video1"], test=["-video2"])
    assert imported(folder, folds).table.split_counts() == {"train": 3, "valid": 3, "test": 3}


def test_a_folds_file_in_python_is_read_and_never_run(tmp_path: Path) -> None:
    folds = tmp_path / "folds.py"
    folds.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nstandard_train_fold = __import__('os').listdir('.')\n")
    with pytest.raises(SourceError, match="cannot be read"):
        imported(mosei_folder(tmp_path / "mosei"), folds)
    assert not (tmp_path / "ran").exists()


def test_sequences_cut_into_segments_by_key_are_joined_by_video(tmp_path: Path) -> None:
    files = mosei_videos(1, 6.0)
    intervals, values = files["CMU_MOSEI_COVAREP"].pop("-video0")
    for k in range(12):
        files["CMU_MOSEI_COVAREP"][f"-video0[{k}]"] = intervals[5 * k : 5 * k + 5], values[5 * k : 5 * k + 5]
    cut = imported(mosei_folder(tmp_path / "a" / "mosei", files), write_folds(tmp_path / "f.json", train=["-video0"]))
    whole_folder = mosei_folder(tmp_path / "b" / "mosei", mosei_videos(1, 6.0))
    whole = imported(whole_folder, tmp_path / "f.json")
    assert np.array_equal(cut.steps("audio", 1), whole.steps("audio", 1))


class TestMessages:
    """Each names the file and the cure."""

    def expect(self, folder: Path, message: str, folds: Path | None = None, **extra: object) -> None:
        folds = folds or write_folds(folder.parent / "f.json", train=["-video0"])
        with pytest.raises(SourceError, match=message):
            imported(folder, folds, **extra)
        assert not (folder.parent / "store").exists()

    def test_labels_are_needed(self, tmp_path: Path) -> None:
        files = {k: v for k, v in mosei_videos(1).items() if k != "CMU_MOSEI_Labels"}
        self.expect(mosei_folder(tmp_path / "m", files), "CMU_MOSEI_Labels.csd")

    def test_words_are_needed_to_align_to(self, tmp_path: Path) -> None:
        files = {k: v for k, v in mosei_videos(1).items() if k != "CMU_MOSEI_TimestampedWordVectors"}
        self.expect(mosei_folder(tmp_path / "m", files), "`unaligned=True`")

    def test_two_files_of_one_modality(self, tmp_path: Path) -> None:
        folder = mosei_folder(tmp_path / "m", mosei_videos(1))
        write_csd(folder / "CMU_MOSEI_VisualFacet41.csd", "FACET 4.1", mosei_videos(1)["CMU_MOSEI_COVAREP"])
        self.expect(folder, "one file of visual")

    def test_labels_with_other_columns(self, tmp_path: Path) -> None:
        files = mosei_videos(1)
        files["CMU_MOSEI_Labels"]["-video0"] = evenly(0, 4, 2), np.zeros((2, 4))
        self.expect(mosei_folder(tmp_path / "m", files), "7 columns")

    def test_features_and_intervals_of_other_lengths(self, tmp_path: Path) -> None:
        files = mosei_videos(1)
        files["CMU_MOSEI_COVAREP"]["-video0"] = evenly(0, 4, 2), np.zeros((3, 2))
        self.expect(mosei_folder(tmp_path / "m", files), "'-video0' in .*COVAREP.csd to have one row")

    def test_words_where_numbers_should_be(self, tmp_path: Path) -> None:
        files = mosei_videos(1)
        files["CMU_MOSEI_COVAREP"] = files["CMU_MOSEI_TimestampedWords"]
        self.expect(
            mosei_folder(tmp_path / "m", files), "numbers as audio of video '-video0' in .*COVAREP.csd, but got words"
        )

    def test_numbers_where_words_should_be(self, tmp_path: Path) -> None:
        files = mosei_videos(1)
        files["CMU_MOSEI_TimestampedWords"] = files["CMU_MOSEI_COVAREP"]
        self.expect(mosei_folder(tmp_path / "m", files), "words as words of video '-video0'")

    def test_a_file_that_is_no_hdf5(self, tmp_path: Path) -> None:
        folder = mosei_folder(tmp_path / "m", mosei_videos(1))
        (folder / "CMU_MOSEI_COVAREP.csd").write_bytes(b"not found")
        self.expect(folder, "COVAREP.csd to be a sound .csd")

    def test_no_folds_and_no_sdk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(SourceError, match="`folds`"):
            import_corpus(mosei_folder(tmp_path / "m"), tmp_path / "store")

    def test_a_video_in_two_splits(self, tmp_path: Path) -> None:
        folds = write_folds(tmp_path / "g.json", train=["-video0"], test=["-video0"])
        self.expect(mosei_folder(tmp_path / "m"), "'-video0' in one split", folds)

    def test_a_cap_below_one(self, tmp_path: Path) -> None:
        self.expect(mosei_folder(tmp_path / "m"), "at least 1", max_steps={"audio": 0})

    def test_an_option_of_another_format(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="`protocol`"):
            imported(
                mosei_folder(tmp_path / "m"), write_folds(tmp_path / "f.json", train=["-video0"]), protocol="dialogue"
            )

    def test_a_link_to_another_file(self, tmp_path: Path) -> None:
        folder = mosei_folder(tmp_path / "m", mosei_videos(1))
        with h5py.File(folder / "CMU_MOSEI_COVAREP.csd", "a") as file:
            del file["COVAREP/data/-video0/features"]
            file["COVAREP/data/-video0/features"] = h5py.ExternalLink("/etc/passwd", "/x")
        self.expect(folder, "link to another place")

    def test_data_in_another_file(self, tmp_path: Path) -> None:
        folder = mosei_folder(tmp_path / "m", mosei_videos(1))
        with h5py.File(folder / "CMU_MOSEI_COVAREP.csd", "a") as file:
            del file["COVAREP/data/-video0/features"]
            file.create_dataset("COVAREP/data/-video0/features", (120, 2), "u1", external=[("/etc/passwd", 0, 240)])
        self.expect(folder, "lies in another file")

    def test_more_data_than_the_file_holds(self, tmp_path: Path) -> None:
        folder = mosei_folder(tmp_path / "m", mosei_videos(1))
        with h5py.File(folder / "CMU_MOSEI_COVAREP.csd", "a") as file:
            del file["COVAREP/data/-video0/features"]
            file.create_dataset("COVAREP/data/-video0/features", (10**12, 74), "f4", chunks=(64, 74))
        self.expect(folder, "refused")


def test_h5py_is_asked_for_only_when_a_csd_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = mosei_folder(tmp_path / "mosei")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(PackageError, match=r"pip install 'lddu\[mosei\]'"):
        imported(folder, odd_folds(tmp_path / "folds.json"))


def skeleton(folder: Path, rows: list[dict[str, str]]) -> Path:
    """A corpus of one number a step over the real segments: a word at each segment, a frame a second."""
    videos: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        videos.setdefault(row["file"], []).append(row)
    files: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {name: {} for name in ROOTS if "Words" not in name}
    for video, segments in videos.items():
        segments.sort(key=lambda row: int(row["index"]))
        times = np.array([[float(row["start"]), float(row["end"])] for row in segments])
        files["CMU_MOSEI_Labels"][video] = times, np.ones((len(times), 7), "f4")
        last = max(int(times.max()), 1)
        for name in files:
            if name != "CMU_MOSEI_Labels":
                files[name][video] = evenly(0, last + 1, last + 1), np.ones((last + 1, 1), "f4")
    return mosei_folder(folder, files)


@pytest.fixture(scope="module")
def real_segments(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "mosei_segments" / "segments.csv").open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def real_corpus(tmp_path_factory: pytest.TempPathFactory, real_segments: list[dict[str, str]]) -> Path:
    return skeleton(tmp_path_factory.mktemp("real") / "mosei", real_segments)


@pytest.mark.slow
def test_the_real_segments_are_all_there_in_the_splits_of_their_list(
    real_corpus: Path, shared_data: Path, real_segments: list[dict[str, str]]
) -> None:
    store = imported(real_corpus, shared_data / "mosei_segments" / "segments.csv")
    assert store.table.split_counts() == {"train": 16327, "valid": 1871, "test": 4662, "unused": 399}
    assert set(store.table.clip) == {f"{row['file']}[{row['index']}]" for row in real_segments}
    repairs = store.manifest["repairs"]
    assert repairs["negative_starts"] == {"clips": 239}
    assert repairs["overlapping_segments"]["clips"] == overlapping_neighbours(real_segments)
    assert (store.lengths("audio") > 0).all()


def overlapping_neighbours(rows: list[dict[str, str]]) -> int:
    """Counted anew, segment by segment."""
    ordered = sorted(rows, key=lambda row: (row["file"], float(row["start"])))
    return sum(b["file"] == a["file"] and float(b["start"]) < float(a["end"]) for a, b in pairwise(ordered))


SDK_FOLDS_SHA256 = "431b9c37d48c22f3a50a26b44d5dd7c343db3b8337614681995070eb814dcc07"
"""Of the lists in `cmu_mosei_std_folds.py` of cmu-multimodal-sdk 0.0.6: {split: its videos, sorted}, as JSON."""


def sha256_of(lists: dict[str, list[str]]) -> str:
    return hashlib.sha256(json.dumps(lists, sort_keys=True).encode()).hexdigest()


@pytest.fixture(scope="module")
def sdk_folds(real_segments: list[dict[str, str]]) -> dict[str, list[str]]:
    """The SDK's folds, remade from the real list: that calls one train video unused and lacks two test videos."""
    split_of = {row["file"]: {"0": "train", "1": "valid", "2": "test"}.get(row["split"], "") for row in real_segments}
    split_of |= {"-NFrJFQijFE": "train", "7l3BNtSE0xc": "test", "dZFV0lyedX4": "test"}
    lists = {name: sorted(v for v, split in split_of.items() if split == name) for name in ("train", "valid", "test")}
    assert sha256_of(lists) == SDK_FOLDS_SHA256
    return lists


@pytest.mark.slow
def test_the_sdk_folds_give_the_published_counts(
    tmp_path: Path, real_corpus: Path, sdk_folds: dict[str, list[str]], real_segments: list[dict[str, str]]
) -> None:
    folds = write_folds(tmp_path / "cmu_mosei_std_folds.py", **sdk_folds)
    store = import_corpus(real_corpus, tmp_path / "store", options=ImportOptions(extra={"folds": folds}))
    assert store.table.split_counts() == {"train": 16331, "valid": 1871, "test": 4662, "unused": 395}
    assert len(store) == len(real_segments) == 23259
    assert store.manifest["repairs"]["segments_outside_folds"] == {"clips": 395}
    assert store.manifest["repairs"]["fold_videos_without_labels"] == {"videos": 2}


def test_an_installed_sdk_gives_its_folds(sdk_folds: dict[str, list[str]]) -> None:
    pytest.importorskip("mmsdk", reason="asked only where cmu-multimodal-sdk 0.0.6 is installed")
    split_of = read_folds(None).videos
    assert {name: sorted(v for v in split_of if split_of[v] == name) for name in sdk_folds} == sdk_folds
