"""Words in letters, or in a language, that a run never learnt to read are answered as any others are, and that is said."""

import csv
import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import lddu
from lddu.runs.about import LearntCorpus
from lddu.runs.cautions import writing_warnings
from lddu.runs.explained import ClipAnswers
from lddu.runs.languages import foreign
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

OTHER_LANGUAGES = {
    "danish": "Jeg er så ked af det, at du ikke kom til min fødselsdag.",
    "dutch": "Ik ben zo blij dat je gekomen bent, wat een verrassing!",
    "french": "Je suis tellement heureux que tu sois venu me voir hier soir !",
    "german": "Ich bin sehr traurig, dass du heute nicht gekommen bist.",
    "italian": "Sono felicissima che tu sia venuto, grazie mille di tutto!",
    "polish": "Jestem bardzo szczęśliwa, że przyszedłeś dzisiaj do nas na kolację.",
    "spanish": "Me alegro mucho de que hayas venido a la fiesta con tu hermana.",
}
IN_ENGLISH = "So sad, he said, though nobody was there."


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


def written(place: Path, words: Mapping[str, str]) -> FeatureStore:
    with writing_store(place, StoreDescription(("joy",), {"text": "a"}, unlabelled=True)) as writer:
        for clip, text in words.items():
            writer.add(ClipRow(clip, transcript=text), {"text": np.ones((1, 3), np.float32)})
    return FeatureStore(place)


def test_another_language_in_latin_letters_is_named(tmp_path: Path) -> None:
    store = written(tmp_path / "store", {**OTHER_LANGUAGES, "english": IN_ENGLISH, "short": "Wunderbar, einfach toll!"})
    [said] = writing_warnings([ENGLISH], store, store.rows(None))
    names = [*OTHER_LANGUAGES]
    assert said.startswith(
        f"the words of {len(names)} clips ({', '.join(names[:5])} and {len(names) - 5} more) are in another language, but"
    )
    both = [LearntCorpus("A", ("text",), ("English", "German"))]
    [said] = writing_warnings(both, store, store.rows(None))
    assert said.startswith(f"the words of {len(names) - 1} clips") and "german" not in said
    assert "learnt to read English and German alone" in said


def test_hardly_an_english_sentence_is_taken_for_another_language(shared_data: Path) -> None:
    for name in ("goemotions", "xed_en"):
        with gzip.open(shared_data / "words" / f"{name}.csv.gz", "rt", encoding="utf-8") as lines:
            found = [foreign(row["transcript"], ["English"]) for row in csv.DictReader(lines)]
        assert np.mean(found) < 0.001
