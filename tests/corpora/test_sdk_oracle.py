"""The CMU Multimodal SDK as the oracle: files that it wrote, and its own alignment.

What it answered is kept in `tests/golden/sdk`; where the SDK is installed, it is asked again.
"""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.store.store import FeatureStore
from tests import golden_sdk as sdk
from tests.builders_corpora import write_folds


def imported(name: str, folder: Path) -> FeatureStore:
    """The files that the SDK wrote, as a store."""
    folds = write_folds(folder / "folds.json", train=[f"-video{v}" for v in range(4)])
    return import_corpus(sdk.FOLDER / name, folder / "store", options=ImportOptions(extra={"folds": folds}))


def test_the_sdk_itself_is_met_wherever_every_modality_meets_the_word(tmp_path: Path) -> None:
    theirs, store = sdk.answer("awkward"), imported("awkward", tmp_path)
    kept = dropped = 0
    for row, segment in enumerate(store.table.clip.tolist()):
        steps = {name: np.asarray(store.steps(name, row)) for name in theirs}
        assert np.array_equal(steps["text"], np.asarray(theirs["text"][segment]["features"], np.float32))
        for name in ("audio", "visual"):
            met = np.atleast_1d(steps[name].any(axis=1))
            assert np.allclose(steps[name][met], theirs[name][segment]["features"], atol=1e-5)
            assert len(met) == len(theirs["text"][segment]["intervals"])
            kept += int(met.sum())
            dropped += int((~met).sum())
    assert (kept, dropped) == (93, 25)
    assert len(store.table) == 12
    assert sum(store.manifest["repairs"]["empty_steps"].values()) == dropped


class TestWhatTheSdkDoesOtherwise:
    """Every row of the table in docs/decisions/mosei_alignment.md."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> FeatureStore:
        return imported("lacking", tmp_path)

    def row(self, store: FeatureStore, segment: str) -> int:
        return int(store.table.clip.tolist().index(segment))

    def test_a_modality_without_frames_in_a_segment_is_missing_here_and_no_entry_there(
        self, store: FeatureStore
    ) -> None:
        assert "-video0[0]" not in sdk.answer("lacking")["visual"]
        assert store.lengths("visual")[:3].tolist() == [0, 8, 8]

    def test_an_infinite_number_spoils_the_mean_there_and_takes_no_part_in_it_here(self, store: FeatureStore) -> None:
        theirs = np.array(sdk.answer("lacking")["audio"]["-video0[1]"]["features"])
        ours = store.steps("audio", self.row(store, "-video0[1]"))
        assert np.isneginf(theirs).sum() == 1
        fits = np.isfinite(theirs)
        assert np.allclose(ours[fits], theirs[fits], atol=1e-5)
        assert np.isfinite(ours).all() and (ours[~fits] != 0).all()

    @pytest.mark.parametrize(("video", "lacks"), [("-video1", "visual"), ("-video2", "text")])
    def test_a_video_without_a_modality_is_kept_here_and_removed_there(
        self, store: FeatureStore, video: str, lacks: str
    ) -> None:
        assert not any(segment.startswith(video) for told in sdk.answer("lacking").values() for segment in told)
        rows = [self.row(store, f"{video}[{k}]") for k in range(3)]
        assert store.lengths(lacks)[rows].tolist() == [0, 0, 0]
        assert (store.lengths("audio")[rows] > 0).tolist() == [lacks != "text"] * 3


@pytest.mark.parametrize("name", sdk.CORPORA)
def test_the_sdk_still_answers_as_it_did(tmp_path: Path, name: str) -> None:
    pytest.importorskip("mmsdk", reason="asked again only where cmu-multimodal-sdk 0.0.6 is installed")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        folder = sdk.written_by_the_sdk(tmp_path / name, sdk.CORPORA[name]())
        found = sdk.aligned_by_the_sdk(folder)
    kept = sdk.answer(name)
    assert {m: sorted(told) for m, told in found.items()} == {m: sorted(told) for m, told in kept.items()}
    for modality, told in kept.items():
        for segment, entry in told.items():
            for part, values in entry.items():
                assert np.allclose(found[modality][segment][part], values, atol=1e-6), (modality, segment, part)
