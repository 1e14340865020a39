"""Alignment against a slow version written from the definition, and against the CMU Multimodal SDK itself."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.features.alignment import SHORTEST_OVERLAP, means_over, track_of
from lddu.features.corpus_format import ImportOptions
from lddu.features.importing import import_corpus
from tests.builders_corpora import METADATA, ROOTS, mosei_videos, write_folds

Span = tuple[float, float]


def slow_meeting(frames: list[Span], stretch: Span) -> list[int]:
    """Frames that share more than 1 ms with a stretch: in order of start, equal starts as given."""
    shared = [min(end, stretch[1]) - max(start, stretch[0]) for start, end in frames]
    met = [i for i in range(len(frames)) if shared[i] > SHORTEST_OVERLAP]
    return sorted(met, key=lambda i: frames[i][0])


def slow_mean(frames: list[Span], values: np.ndarray, stretch: Span) -> list[float]:
    """Number by number: the mean of what is finite among the frames that meet the stretch, 0 where nothing is."""
    found = []
    for column in range(values.shape[1]):
        kept = [float(v) for i in slow_meeting(frames, stretch) if np.isfinite(v := values[i, column])]
        found.append(sum(kept) / len(kept) if kept else 0.0)
    return found


times = st.integers(-20, 200).map(lambda tick: tick / 10) | st.floats(-2, 20, width=32)
spans = st.lists(times, min_size=2, max_size=2, unique=True).map(lambda pair: (min(pair), max(pair)))
numbers = st.floats(-100, 100, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])


@given(st.lists(spans, min_size=1, max_size=12), st.lists(spans, min_size=1, max_size=6), st.data())
@settings(max_examples=300, deadline=None)
def test_means_are_those_of_the_definition(frames: list[Span], words: list[Span], data: st.DataObject) -> None:
    values = np.array(data.draw(st.lists(st.tuples(numbers, numbers), min_size=len(frames), max_size=len(frames))))
    means = means_over(track_of(np.array(frames), values), np.array(words))
    assert means.met.tolist() == [len(slow_meeting(frames, word)) for word in words]
    assert np.allclose(means.values, [slow_mean(frames, values, word) for word in words], atol=1e-4)


@given(st.lists(spans, min_size=1, max_size=12), spans, spans)
@settings(max_examples=300, deadline=None)
def test_a_step_is_empty_where_the_frames_of_a_word_lie_outside_the_segment(
    frames: list[Span], word: Span, segment: Span
) -> None:
    means = means_over(track_of(np.array(frames), np.ones((len(frames), 1))), np.array([word]))
    met = [frames[i] for i in slow_meeting(frames, word)]
    heard = (max(min(f[0] for f in met), word[0]), min(max(f[1] for f in met), word[1])) if met else (0.0, 0.0)
    values, present = means.within(np.array([0]), *segment)
    assert present.tolist() == [min(heard[1], segment[1]) - max(heard[0], segment[0]) > SHORTEST_OVERLAP]
    assert values.tolist() == [[float(present[0])]]


@given(st.lists(spans, min_size=1, max_size=12), spans)
@settings(max_examples=300, deadline=None)
def test_the_frames_of_a_segment_are_those_of_the_definition_in_order_of_time(frames: list[Span], word: Span) -> None:
    track = track_of(np.array(frames), np.arange(len(frames))[:, None])
    assert track.values[track.meeting(*word), 0].tolist() == slow_meeting(frames, word)


def awkward_videos() -> dict[str, dict[str, Any]]:
    """Three videos whose frames do not fit the words: gaps, overlaps, frames longer than words, tiny words."""
    rng = np.random.default_rng(3)
    files = mosei_videos(3, 12.0)
    for name in ("CMU_MOSEI_COVAREP", "CMU_MOSEI_VisualFacet42"):
        for video, (intervals, values) in files[name].items():
            moved = intervals + rng.uniform(-0.02, 0.02, intervals.shape)
            kept = rng.random(len(moved)) > 0.3
            kept[(moved[:, 0] > 4) & (moved[:, 1] < 5.2)] = False
            files[name][video] = moved[kept], values[kept]
    for video in files["CMU_MOSEI_TimestampedWordVectors"]:
        edges = np.concatenate([[0], np.sort(rng.uniform(0, 12, 23)), [12]])
        words = np.stack([edges[:-1], edges[1:]], axis=1)
        words[5, 1] = words[5, 0] + 4e-4
        for name in ("CMU_MOSEI_TimestampedWordVectors", "CMU_MOSEI_TimestampedWords"):
            files[name][video] = words, files[name][video][1]
        starts = np.sort(rng.uniform(-0.3, 9, 4))
        labels = files["CMU_MOSEI_Labels"][video][1]
        spans = np.stack([starts, starts + rng.uniform(1, 4, 4)], axis=1)[[2, 0, 3, 1]]
        files["CMU_MOSEI_Labels"][video] = spans, np.concatenate([labels, labels[:1]])
    return files


def written_by_the_sdk(folder: Path, files: dict[str, dict[str, Any]]) -> Path:
    """The same corpus as `.csd` files that the SDK's own `deploy` wrote."""
    from mmsdk.mmdatasdk.computational_sequence.computational_sequence import computational_sequence

    folder.mkdir(parents=True)
    for name, entries in files.items():
        sequence = computational_sequence(ROOTS[name])
        data = {video: {"intervals": spans, "features": values} for video, (spans, values) in entries.items()}
        sequence.setData(data, ROOTS[name])
        sequence.setMetadata(dict.fromkeys(METADATA, "made up") | {"root name": ROOTS[name]}, ROOTS[name])
        sequence.deploy(str(folder / f"{name}.csd"))
    return folder


def aligned_by_the_sdk(folder: Path) -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """Its two calls: words, with the mean of what meets them, then segments. Modality -> segment -> arrays."""
    from mmsdk import mmdatasdk

    names = [name for name in ROOTS if name not in ("CMU_MOSEI_TimestampedWords", "CMU_MOSEI_Labels")]
    dataset = mmdatasdk.mmdataset({ROOTS[name]: str(folder / f"{name}.csd") for name in names})
    dataset.align("glove_vectors", collapse_functions=[lambda intervals, features: np.average(features, axis=0)])
    dataset.add_computational_sequences({"All Labels": str(folder / "CMU_MOSEI_Labels.csd")}, None)
    dataset.align("All Labels")
    return {
        modality: {
            key: {part: np.asarray(entry[part]) for part in ("intervals", "features")}
            for key, entry in dataset.computational_sequences[root].data.items()
        }
        for modality, root in {"text": "glove_vectors", "audio": "COVAREP", "visual": "FACET 4.2"}.items()
    }


def test_the_sdk_itself_is_met_wherever_every_modality_meets_the_word(tmp_path: Path) -> None:
    pytest.importorskip("mmsdk", reason="the CMU Multimodal SDK is an oracle; pip install cmu-multimodal-sdk==0.0.6")
    files = awkward_videos()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        folder = written_by_the_sdk(tmp_path / "mosei", files)
        theirs = aligned_by_the_sdk(folder)
    folds = write_folds(tmp_path / "folds.json", train=list(files["CMU_MOSEI_Labels"]))
    store = import_corpus(folder, tmp_path / "store", options=ImportOptions(extra={"folds": folds}))
    kept = dropped = 0
    for row, segment in enumerate(store.table.clip.tolist()):
        steps = {name: np.asarray(store.steps(name, row)) for name in theirs}
        assert np.array_equal(steps["text"], theirs["text"][segment]["features"])
        words = theirs["text"][segment]["intervals"]
        for name in ("audio", "visual"):
            met = np.atleast_1d(steps[name].any(axis=1))
            assert np.allclose(steps[name][met], theirs[name][segment]["features"], atol=1e-5)
            assert len(met) == len(words)
            kept += int(met.sum())
            dropped += int((~met).sum())
    assert (kept, dropped) == (93, 25)
    assert len(store.table) == 12


def test_a_segment_whose_words_are_all_dropped_by_the_sdk_is_missing_that_modality_here(tmp_path: Path) -> None:
    pytest.importorskip("mmsdk", reason="the CMU Multimodal SDK is an oracle; pip install cmu-multimodal-sdk==0.0.6")
    files = mosei_videos(1)
    intervals, values = files["CMU_MOSEI_VisualFacet42"]["-video0"]
    files["CMU_MOSEI_VisualFacet42"]["-video0"] = intervals[intervals[:, 0] > 4], values[intervals[:, 0] > 4]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        folder = written_by_the_sdk(tmp_path / "mosei", files)
        theirs = aligned_by_the_sdk(folder)
    folds = write_folds(tmp_path / "folds.json", train=["-video0"])
    store = import_corpus(folder, tmp_path / "store", options=ImportOptions(extra={"folds": folds}))
    assert "-video0[0]" not in theirs["visual"]
    assert store.lengths("visual").tolist() == [0, 8, 8]
