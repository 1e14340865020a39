"""The real corpora beside the project come through the importer as their notes say."""

from pathlib import Path

import numpy as np
import pytest

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus

CORPORA = {
    "music_emotions": ({"train": 353, "valid": 80, "test": 160}, {"mfcc": 52, "rhythm": 8, "spectral": 12}, 6),
    "meld_dev": ({"train": 701, "valid": 173, "test": 234}, {"audio": 768, "text": 768}, 9),
    "face_votes": ({"train": 28051, "valid": 3518, "test": 3463}, {"appearance": 128, "geometry": 128}, 8),
    "aligned_sequences": ({"train": 393, "valid": 76, "test": 140}, {"audio": 74, "text": 300, "visual": 36}, 2),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "face_votes" else ()) for name in CORPORA]
)
def test_splits_modalities_and_emotions_are_as_noted(shared_data: Path, tmp_path: Path, name: str) -> None:
    splits, dimensions, emotions = CORPORA[name]
    store = import_corpus(shared_data / name, tmp_path / "store")
    assert store.manifest["splits"] == splits
    assert {m.name: m.dimension for m in store.modalities.values()} == dimensions
    assert len(store.emotions) == emotions
    assert store.verify() == []


def test_music_emotions_have_their_known_cardinality(shared_data: Path, tmp_path: Path) -> None:
    store = import_corpus(shared_data / "music_emotions", tmp_path / "store")
    assert store.table.labels.sum(axis=1).mean() == pytest.approx(1.87, abs=0.005)
    assert store.manifest["repairs"] == {} and store.manifest["warnings"] == []


@pytest.mark.slow
def test_face_votes_lack_the_faces_that_were_not_found(shared_data: Path, tmp_path: Path) -> None:
    store = import_corpus(shared_data / "face_votes", tmp_path / "store", options=ImportOptions(present_at=0.2))
    missing = 1 - store.present().mean(axis=0)
    assert missing.tolist() == pytest.approx([0, 0.046], abs=0.0005)
    shown = (store.table.labels >= np.float32(store.present_at)).sum(axis=1)
    assert shown.mean() == pytest.approx(1.52, abs=0.01)
    assert (shown > 1).mean() == pytest.approx(0.45, abs=0.01)


def test_aligned_sequences_lose_padding_and_report_what_is_missing(shared_data: Path, tmp_path: Path) -> None:
    store = import_corpus(shared_data / "aligned_sequences", tmp_path / "store")
    repairs = store.manifest["repairs"]
    assert repairs["all_zero_clips"]["audio"] == 191 and repairs["all_zero_clips"]["visual"] == 199
    assert repairs["padding_steps"]["visual"] > 1000
    assert store.manifest["warnings"] == ["text: no train clip has it; training ignores it."]
    visual = [store.steps("visual", i) for i in range(len(store))]
    assert all(steps[0].any() and steps[-1].any() for steps in visual if len(steps) > 1)
    assert sum(bool((~steps.any(axis=1)).any()) for steps in visual) == 328
    kept = import_corpus(
        shared_data / "aligned_sequences", tmp_path / "kept", options=ImportOptions(keep_zero_rows=True)
    )
    assert kept.lengths("audio").min() == 20 and "padding_steps" not in kept.manifest["repairs"]
