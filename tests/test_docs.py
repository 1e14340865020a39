"""Every command that README and docs show runs, in order, in a folder that holds a small corpus; every link leads somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from lddu.commands.cli import main
from tests import builders_corpora as build
from tests.builders import table_folder

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(console|toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SET_UP = {"make demo", "make test", "python -m venv .venv && . .venv/bin/activate", "pip install ."}
"""Run by whoever runs this test; not run again from inside it."""

NEEDS = {"docs/report.md": "run", "docs/run_folder.md": "run", "docs/scale.md": "run", "docs/uncertainty.md": "run"}
"""Pages that begin where the quick start ends."""

IN_THE_GATE = ("README.md", "quickstart.md")
"""Pages whose commands run whenever tests are run; with the others it takes minutes."""

BRIEFLY = "--training.epochs 2"
"""How long their trainings take; the commands are theirs."""

CORPORA_PAGE = ROOT / "docs" / "data.md"
SMALLER = "--training.epochs 1 --model.hidden 16 --model.latent 4 --model.layers 1 --model.heads 2"
"""The page on CMU-MOSEI and M3ED trains the network of the paper; here a small one, for a moment."""


def commands(page: Path) -> list[str]:
    """The page's commands, comments cut."""
    found = []
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "console":
            lines = [line.split("  #")[0].split("    #")[0].strip() for line in text.splitlines()]
            found += [line for line in lines if line]
    return found


def settings(page: Path) -> str:
    return "\n".join(text for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == "toml")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    table_folder(tmp_path / "my_corpus", clips=32)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_corpora(folder: Path) -> None:
    """The files that the page on CMU-MOSEI and M3ED names."""
    videos = [f"-video{v}" for v in range(8)]
    build.mosei_folder(folder / "mosei", build.mosei_videos(8))
    build.write_folds(folder / "cmu_mosei_std_folds.py", train=videos[:4], valid=videos[4:6], test=videos[6:])
    build.mmsa_labels(folder / "CMU_MOSEI_Labels.csd")
    build.write_pickle(folder / "aligned_50.pkl", build.mmsa_content())
    build.write_pickle(folder / "unaligned_50.pkl", build.mmsa_content(aligned=False))
    build.write_tailor(folder / "mosei.pt")
    build.write_tailor(folder / "m3ed_data.pt", build.tailor_content(7))
    dialogues = build.m3ed_content(dialogues=16)
    build.write_pickle(folder / "M3ED.pkl", dialogues)
    build.write_json(folder / "annotation.json", build.annotation_content(dialogues))


def run(line: str) -> None:
    arguments = shlex.split(line)
    assert arguments[0] == "lddu", f"an unknown kind of command: {line}"
    with pytest.raises(SystemExit) as stop:
        main(arguments[1:])
    assert stop.value.code == 0, line


@pytest.mark.parametrize(
    "page",
    [page if page.name in IN_THE_GATE else pytest.param(page, marks=pytest.mark.slow) for page in PAGES],
    ids=lambda page: page.name,
)
def test_every_command_of_a_page_runs(page: Path, workplace: Path) -> None:
    (workplace / "settings.toml").write_text(settings(page), encoding="utf-8")
    lines = [line for line in commands(page) if line not in SET_UP]
    if str(page.relative_to(ROOT)) in NEEDS:
        lines = ["lddu data import my_corpus --out store", "lddu train store --out run --training.epochs 2", *lines]
    if page.name == "report.md":  # it compares the runs of the quick start
        lines = [*lines[:2], "lddu train store --seed 1 --out small-run --training.epochs 1", *lines[2:]]
    if page == CORPORA_PAGE:
        write_corpora(workplace)
        lines = [f"{line} {SMALLER}" if line.startswith("lddu train") else line for line in lines]
    if page.name in IN_THE_GATE:
        lines = [f"{line} {BRIEFLY}" if line.startswith("lddu train") else line for line in lines]
    for line in lines:
        run(line)


def test_the_pages_show_the_commands_that_matter() -> None:
    shown = {" ".join(line.split()[:2]) for page in PAGES for line in commands(page)}
    assert shown >= {
        "lddu train",
        "lddu data",
        "lddu predict",
        "lddu compare",
        "lddu evaluate",
        "lddu search",
        "make demo",
        "make test",
    }


def anchors(page: Path) -> set[str]:
    """Those that a page's headings get where it is shown: small letters, hyphens for spaces, nothing but words and hyphens."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_every_page_that_the_code_names_is_there() -> None:
    for file in [*(ROOT / "src").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]:
        for name in re.findall(r"docs/[\w/]+\.\w+", file.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{file.name} names {name}"
