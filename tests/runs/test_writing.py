"""Words in letters that a run never learnt to read are answered as any others are, and that is said."""

import numpy as np
import pytest

import lddu
from lddu.runs.about import LearntCorpus
from lddu.runs.cautions import writing_warnings
from lddu.runs.explained import ClipAnswers
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store

ENGLISH = LearntCorpus("A", ("text",), ("English",))
GERMAN_VOICES = LearntCorpus("B", ("audio",), ("German",))
WORDS = {
    "arabic": "أنا سعيد جدا", "hebrew": "אני שמח", "greek": "Χαίρομαι OK", "japanese": "とても嬉しいです", "russian": "я рад",
    "german": "Fröhlich, süß", "emoji": "so glad 😀😀😀😀", "numbers": "3 × 4 = 12 €", "mixed": "he said привет to me and left",
}  # fmt: skip
OTHER_LETTERS = ["arabic", "hebrew", "greek", "japanese", "russian"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    place = tmp_path_factory.mktemp("writing") / "store"
    description = StoreDescription(("joy",), {"text": "a", "audio": "a"}, unlabelled=True)
    with writing_store(place, description) as writer:
        for clip, words in WORDS.items():
            writer.add(ClipRow(clip, transcript=words), {"text": np.ones((1, 3), np.float32)})
        writer.add(ClipRow("not read", transcript=WORDS["arabic"]), {"audio": np.ones((1, 3), np.float32)})
    return FeatureStore(place)


def test_clips_in_letters_that_were_not_learnt_are_named(store: FeatureStore) -> None:
    [said] = writing_warnings([ENGLISH, GERMAN_VOICES], store, np.arange(len(store.table.clip)))
    assert said == (
        f"the words of 5 clips ({', '.join(OTHER_LETTERS)}) are mostly not in Latin letters, but the run learnt to read "
        "English alone: do not trust what it reads in them"
    )


@pytest.mark.parametrize("languages", [(), ("English", "Chinese"), ("Greek",), ("German", "Klingon")])
def test_of_other_languages_or_unknown_ones_nothing_is_said(store: FeatureStore, languages: tuple[str, ...]) -> None:
    learnt = [LearntCorpus("A", ("text",), languages), GERMAN_VOICES]
    assert writing_warnings(learnt, store, np.arange(len(store.table.clip))) == []
    assert writing_warnings([ENGLISH], store, np.array([5, 6, 7, 8, 9])) == []


def test_the_default_run_says_it() -> None:
    pytest.importorskip("tokenizers", reason="text features need the extra: pip install 'lddu[clips]'")
    found = lddu.load("default")(text=[WORDS["arabic"], "I am glad"])
    assert isinstance(found, ClipAnswers)
    assert any("the words of 1 clip (text#001) are mostly" in warning for warning in found.warnings)
