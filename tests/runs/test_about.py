"""`about.json` of a run: what it learnt from, in words that whoever trained it wrote; from strangers, so never trusted."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lddu.errors import RunError
from lddu.pages.card import NO_GROUPS, OTHER_GROUPS, model_card, plain, table
from lddu.pages.notices import ESTIMATE, EU_AI_ACT, INTENDED_USE, OUT_OF_SCOPE, RECORDING_NOTICE
from lddu.pages.report import write_report
from lddu.runs.about import FILE, About, LearntCorpus, Measured, about_of, origin_of, write_about
from lddu.runs.named_runs import opened_run
from lddu.runs.run_folder import RunFolder

ROOT = Path(__file__).parents[2]

ABOUT = About(
    name="voices",
    summary="Voices of actors.",
    licence="MIT",
    corpora=(
        LearntCorpus("EMO-DB", ("audio",), ("German",), 535, "10 actors", "free with citation"),
        LearntCorpus("FER+", ("visual",), (), 28558),
    ),
    measured=(
        Measured("RAVDESS", 1440, {"auroc_macro": 0.88, "adaptive_ece": 0.05}, how="unseen speakers"),
        Measured("RAVDESS", 720, {"auroc_macro": 0.9}, group="women"),
    ),
    not_measured=("text, voice and face together",),
    decided_on="answers on other speakers",
    none_means="neutral",
)

CONFIG = {
    "format": "lddu-run",
    "version": 2,
    "task": {
        "emotions": ["joy", "anger"],
        "dimensions": {"audio": 4, "text": 6},
        "features": {"audio": "made up", "text": "made up"},
        "present_at": 0.5,
        "simulated": False,
    },
    "seed": 0,
    "members": 1,
    "store": {"path": "/anywhere/talks", "manifest_sha256": "", "source": {}},
    "warnings": [],
    "command": "lddu train talks --out run",
}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run of which there is nothing but its description, as while it is being trained."""
    from lddu.config import NOTHING_OPEN
    from tests.builders import tiny_config

    folder = tmp_path / "run"
    folder.mkdir()
    settings = tiny_config().fitted_to(NOTHING_OPEN).to_mapping()
    (folder / "config.json").write_text(json.dumps({**CONFIG, "config": settings}))
    return RunFolder(folder)


def test_what_is_written_is_read_again(run: RunFolder) -> None:
    write_about(run, ABOUT)
    assert about_of(run) == ABOUT


def test_it_goes_with_the_run_into_an_archive(run: RunFolder) -> None:
    write_about(run, ABOUT)
    packed = opened_run(shutil.make_archive(str(run.path), "zip", run.path))
    assert about_of(packed) == ABOUT


def test_a_run_without_one_names_its_store_and_says_that_no_more_is_recorded(run: RunFolder) -> None:
    assert about_of(run) is None
    assert origin_of(run).sentence == "answered by the run run, trained on the store talks"
    assert "The store talks. Corpora, languages, people and licences are not recorded" in model_card(run)


def test_the_origin_names_corpora_modalities_and_languages(run: RunFolder) -> None:
    write_about(run, ABOUT)
    found = origin_of(run)
    assert found.sentence == "answered by the run voices, which learnt from EMO-DB (audio, German) and FER+ (visual)"
    assert found.to_mapping() == {
        "run": "voices", "family": "lddu", "learnt_from": ["EMO-DB", "FER+"], "simulated": False, "none_means": "neutral"
    }  # fmt: skip
    write_about(run, replace(ABOUT, none_means=""))
    assert "none_means" not in origin_of(run).to_mapping()


@pytest.mark.parametrize(
    ("taught", "apart"),
    [
        ([("text",), ("audio",)], True),
        ([("text",), ("text",), ("visual",)], True),
        ([("text",), ("audio", "visual")], False),
        ([("text", "audio")], False),
        ([("text",), ("text",)], False),
        ([(), ()], False),
    ],
)
def test_modalities_are_apart_where_each_has_corpora_of_its_own(
    run: RunFolder, taught: list[tuple[str, ...]], apart: bool
) -> None:
    corpora = tuple(LearntCorpus(f"c{n}", modalities) for n, modalities in enumerate(taught))
    write_about(run, replace(ABOUT, corpora=corpora))
    assert origin_of(run).modalities_apart is apart


def test_a_run_with_an_emotion_of_its_own_for_none_of_them_is_refused(run: RunFolder) -> None:
    write_about(run, replace(ABOUT, none_means="Joy"))
    with pytest.raises(RunError, match=r"Expected none_means in .*to be none of the run's emotions, but 'Joy' is one"):
        origin_of(run)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "version 1 expected"),
        ({"name": ""}, "name: words expected"),
        ({"name": None}, "name: words expected"),
        ({"licences": "MIT"}, "unknown key 'licences'"),
        ({"corpora": {"name": "EMO-DB"}}, "corpora: a list of objects expected"),
        ({"corpora": [{"name": "EMO-DB", "clips": -1}]}, "clips: a whole number expected"),
        ({"corpora": [{"name": "EMO-DB", "clips": True}]}, "clips: a whole number expected"),
        ({"corpora": [{"name": "EMO-DB", "languages": "German"}]}, "languages: a list of words expected"),
        ({"corpora": [{"modalities": ["audio"]}]}, "name: words expected"),
        ({"measured": [{"corpus": "RAVDESS", "n": 1.5, "figures": {}}]}, "n: a whole number expected"),
        ({"measured": [{"corpus": "RAVDESS", "n": 5, "figures": {"ece": float("nan")}}]}, "finite numbers expected"),
        ({"measured": [{"corpus": "RAVDESS", "n": 5, "figures": {"ece": True}}]}, "finite numbers expected"),
        ({"measured": [{"corpus": "RAVDESS", "n": 5, "figures": {}, "f1": 1}]}, "measured: unknown key 'f1'"),
        ({"not_measured": [3]}, "not_measured: a list of words expected"),
    ],
)
def test_what_is_of_another_form_is_refused_by_key(run: RunFolder, changes: dict[str, Any], said: str) -> None:
    (run.path / FILE).write_text(json.dumps(ABOUT.to_mapping() | changes))
    with pytest.raises(RunError, match=r"about\.json to be as docs/run_folder\.md says") as fault:
        about_of(run)
    assert said in str(fault.value)


def test_a_card_says_all_that_every_model_of_this_kind_must(run: RunFolder) -> None:
    for card in (model_card(run), (ROOT / "docs" / "model_card.md").read_text(encoding="utf-8")):
        for words in (ESTIMATE, INTENDED_USE, OUT_OF_SCOPE, RECORDING_NOTICE, EU_AI_ACT):
            assert words in card


def test_a_card_says_what_about_json_says(run: RunFolder) -> None:
    write_about(run, ABOUT)
    card = model_card(run)
    assert card.startswith("# Model card: voices\n")
    assert "| EMO-DB | audio | German | 535 | 10 actors | free with citation |" in card
    assert "| FER+ | visual |  | 28,558 |  |  |" in card
    assert "| RAVDESS |  | unseen speakers | 1,440 | 0.880 | 0.050 |" in card
    assert "| RAVDESS | women |  | 720 | 0.900 |  |" in card
    assert "- text, voice and face together" in card and "Licence of the weights: MIT" in card


def test_figures_without_one_in_common_stand_in_tables_of_their_own(run: RunFolder) -> None:
    measured = (Measured("A", 5, {"ece": 0.1}), Measured("B", 6, {"text alone": 0.2}), Measured("C", 7, {"ece": 0.3}))
    write_about(run, About("voices", measured=measured))
    card = model_card(run)
    assert "|\n| A | 5 | 0.100 |\n| C | 7 | 0.300 |\n\n" in card
    assert "|\n| B | 6 | 0.200 |\n\n" in card


def test_a_page_says_what_else_than_valid_the_decision_was_fitted_on(tmp_path: Path) -> None:
    concluded = RunFolder(tmp_path / "run")
    shutil.copytree(ROOT / "src/lddu/pretrained/default", concluded.path)
    for decided_on in ("", "answers on <other> speakers"):
        write_about(concluded, replace(ABOUT, decided_on=decided_on))
        write_report(concluded)
        page, card = (concluded.path / "report.html").read_text(encoding="utf-8"), model_card(concluded)
        assert ("were fitted on answers on &lt;other&gt; speakers" in page) is bool(decided_on)
        assert ("fitted on answers on \\<other> speakers" in card) is bool(decided_on)
        assert ("chose weights and thresholds" in card) is not bool(decided_on)


def test_a_card_never_claims_more_groups_than_have_figures(run: RunFolder) -> None:
    write_about(run, About("voices", measured=ABOUT.measured[:1]))
    assert f"- {NO_GROUPS}" in model_card(run)
    write_about(run, ABOUT)
    assert f"- {OTHER_GROUPS}" in model_card(run)


def test_words_of_a_stranger_break_no_table_and_make_no_heading() -> None:
    rows = table(("corpus", "people"), [("a | b\n\n# owned", "[click](http://x) <img src=x>")])
    assert len(rows.splitlines()) == 3
    assert rows.splitlines()[2] == r"| a \| b # owned | \[click\](http://x) \<img src=x> |"
    assert "\n" not in plain("a\r\nb\u2028c")


def test_the_card_in_docs_is_that_of_the_default(run: RunFolder) -> None:
    try:
        folder = opened_run("default")
        found = model_card(folder)
    except RunError:
        pytest.skip("no default run is in this package yet")
    assert found == (ROOT / "docs" / "model_card.md").read_text(encoding="utf-8")


def test_the_draft_for_the_default_is_of_the_form_that_is_read() -> None:
    draft = json.loads((ROOT / "benchmarks" / "default_about.json").read_text(encoding="utf-8"))
    assert About.from_mapping(draft).name == "default"
