"""Labels, lengths and times that no corpus should hold: unknown, counted and said, whatever the format."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.corpora.mosei.segments import presence, sound_intensities
from lddu.corpora.token_labels import tokens_in
from lddu.corpora.untrusted.pickled_values import PickledValues
from lddu.errors import SourceError
from lddu.labels import MOSEI_EMOTIONS
from lddu.store.store import FeatureStore
from tests import builders_corpora as build

ODD = [-1.0, math.nan, math.inf, -math.inf, 7.0]


def imported(source: Path, **extra: Any) -> FeatureStore:
    return import_corpus(source, source.parent / "store", options=ImportOptions(extra=extra))


@given(st.lists(st.floats() | st.sampled_from([0.0, 0.33, 3.0, *ODD]), min_size=6, max_size=6))
def test_an_emotion_is_known_where_its_intensity_can_be_one(numbers: list[float]) -> None:
    intensities, outside = sound_intensities(numbers)
    for number, label, emotion in zip(numbers, presence(intensities), MOSEI_EMOTIONS, strict=True):
        possible = 0 <= number <= 3.0001
        assert label == (float(number > 0) if possible else None)
        assert (emotion in outside) == (not possible and number == number)


def csv_of(folder: Path, values: list[float]) -> Path:
    cells = ["" if math.isnan(value) else f"{value}" for value in values]
    (folder / "l.csv").write_text(f"clip,{','.join(MOSEI_EMOTIONS)}\n-va[2],{','.join(cells)},2\n", encoding="utf-8")
    return folder / "l.csv"


def csd_of(folder: Path, values: list[float]) -> Path:
    rows = [[build.mmsa_sentiment("-va", k), *([0.0] * 6)] for k in ("10", "13", "2", "3")]
    rows[2][1:] = [*values, 2.0]
    return build.write_csd(
        folder / "l.csd", "All Labels", {"-va": ([[float(k), k + 1.0] for k in range(4)], np.array(rows))}
    )


@pytest.mark.parametrize("labels_of", [csv_of, csd_of])
def test_labels_outside_their_range_are_unknown_counted_and_said(tmp_path: Path, labels_of: Any) -> None:
    source = build.write_pickle(tmp_path / "aligned_50.pkl", build.mmsa_content())
    store = imported(source, labels=labels_of(tmp_path, ODD))
    first = store.table.labels[store.table.clip.tolist().index("-va[2]")]
    assert np.array_equal(first, [np.nan] * 5 + [1.0], equal_nan=True)
    counted = store.manifest["repairs"]["unknown_labels"]
    assert counted == dict.fromkeys(sorted(MOSEI_EMOTIONS[:5]), 2)  # the clip is in the file twice
    [said] = [sentence for sentence in store.manifest["warnings"] if "no number from 0 to 3" in sentence]
    assert said.startswith("8 labels of l.cs") and "-1 for happy of '-va[2]'" in said


def test_the_folder_of_the_sdk_says_it_too(tmp_path: Path) -> None:
    files = build.mosei_videos()
    files["CMU_MOSEI_Labels"]["-video0"][1][0, 1:] = [*ODD, 2.0]
    source = build.mosei_folder(tmp_path / "mosei", files)
    folds = build.write_folds(
        tmp_path / "folds.json", train=["-video0", "-video1"], valid=["-video2"], test=["-video3"]
    )
    store = imported(source, folds=folds)
    assert np.array_equal(store.table.labels[0], [np.nan] * 5 + [1.0], equal_nan=True)
    assert store.manifest["repairs"]["unknown_labels"] == dict.fromkeys(sorted(MOSEI_EMOTIONS[:5]), 1)
    assert any(said.startswith("4 labels of CMU_MOSEI_Labels.csd") for said in store.manifest["warnings"])


@pytest.mark.parametrize(("times", "kind"), [((0.0, math.inf), "non_finite_values"), ((2.0, 1.0), "ends_before_start")])
def test_times_of_a_segment_that_cannot_be_are_unknown_and_counted(
    tmp_path: Path, times: tuple[float, float], kind: str
) -> None:
    files = build.mosei_videos()
    files["CMU_MOSEI_Labels"]["-video0"][0][1] = times
    folds = build.write_folds(
        tmp_path / "folds.json", train=["-video0", "-video1"], valid=["-video2"], test=["-video3"]
    )
    store = imported(build.mosei_folder(tmp_path / "mosei", files), folds=folds)
    assert np.isnan(store.table.end[1]) and not np.isnan(store.table.end[0])
    assert store.manifest["repairs"][kind]["end"] == 1


@pytest.mark.parametrize("length", [math.nan, math.inf, -math.inf, -2.0])
def test_a_length_that_is_none_leaves_the_clip_whole_and_is_counted(tmp_path: Path, length: float) -> None:
    content = build.mmsa_content(aligned=False)
    content["train"]["audio_lengths"][1] = length
    source = build.write_pickle(tmp_path / "unaligned_50.pkl", content)
    store = imported(source, labels=build.mmsa_labels(tmp_path / "l.csd"))
    filled = int(np.flatnonzero(content["train"]["audio"][1].any(axis=1))[-1]) + 1
    assert store.lengths("audio")[1] == filled
    assert store.manifest["repairs"]["unknown_lengths"] == {"audio": 1}


def test_utterances_without_a_label_are_counted(tmp_path: Path) -> None:
    content = build.m3ed_content()
    name = content[0][0]
    content[2][name] = [float("nan"), -1, *content[2][name][2:]]
    source = build.write_pickle(tmp_path / "m3ed.pkl", content)
    store = imported(source, protocol="utterance")
    rows = [store.table.clip.tolist().index(f"{name}_{k}") for k in (1, 2)]
    assert np.isnan(store.table.labels[rows]).all()
    assert store.manifest["repairs"]["unknown_labels"] == {"utterances": 2}


@pytest.mark.parametrize("told", [10**400, np.float64(3).reshape(()), [10**400], ["a"], None])
def test_what_is_no_list_of_numbers_is_refused(tmp_path: Path, told: Any) -> None:
    (tmp_path / "file.pkl").touch()
    with pytest.raises(SourceError, match=r"labels in .* to be a list of numbers"):
        PickledValues(tmp_path / "file.pkl").numbers(told, "labels")


def test_a_number_without_end_is_no_token() -> None:
    with pytest.raises(SourceError, match="to be a list such as"):
        tokens_in(f"[2, {10**400}, 3]", "line 2")
