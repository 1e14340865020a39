"""`lddu data`: import a corpus, simulate one, or say what a store holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Group, Parameter

from lddu.commands.options import DATA, OPTIONS, Flag, Output, SomeFormats, explained

if TYPE_CHECKING:
    from lddu.corpora.corpus_format import ImportProgress

IMPORT_EXAMPLES = """Examples (docs/own_data.md and docs/data.md describe the formats):
  lddu data import my_corpus --out store
  lddu data import my_corpus --out store --present-at 0.2
  lddu data import mosei --out store --folds cmu_mosei_std_folds.py"""
SIMULATE_EXAMPLES = """Examples:
  lddu data simulate --out store
  lddu data simulate --out store --clips 200 --dimension.text 16"""
TALKING_EXAMPLES = """Examples:
  lddu data talking --out talking
  lddu predict default talking --html page"""
DESCRIBE_EXAMPLES = """Examples:
  lddu data describe store
  lddu data describe store --verify"""

app = App(
    name="data",
    help="Make a feature store, or describe one.",
    help_epilogue="'lddu data COMMAND --help' explains a command.",
    group=DATA,
    group_commands=Group("Commands"),
    group_parameters=OPTIONS,
    sort_key=0,
)


@app.command(name="import", sort_key=0, help_epilogue=IMPORT_EXAMPLES)
@explained
def import_(
    source: Path,
    /,
    *,
    out: Annotated[Path, Output],
    format: str | None = None,
    present_at: float = 0.5,
    keep_zero_rows: Annotated[bool, Flag] = False,
    labels: Annotated[Path | None, SomeFormats] = None,
    folds: Annotated[Path | None, SomeFormats] = None,
    aligned: Annotated[bool | None, Parameter(negative="--unaligned"), SomeFormats] = None,
    max_steps: Annotated[dict[str, int] | None, Flag, SomeFormats] = None,
    protocol: Annotated[Literal["dialogue", "utterance"] | None, SomeFormats] = None,
    force: Annotated[bool, Flag, Output] = False,
    json: Annotated[bool, Flag, Output] = False,
) -> None:
    """Turn a corpus of any supported format into a feature store.

    What is wrong in it is repaired and counted, or the import is refused and nothing is written.

    Parameters
    ----------
    source
        Folder or file of the corpus.
    out
        Folder of the new store.
    format
        Format of the corpus. [default: recognised from its files]
    present_at
        Share of raters from which an emotion counts as present.
    keep_zero_rows
        Keep all-zero steps at both ends of a sequence; otherwise they are cut as padding.
    labels
        File with the emotions, for features that come without: CMU_MOSEI_Labels.csd, a .csv, or M3ED's
        annotation.json.
    folds
        For .csd files: which video belongs to which split. [default: the folds of the CMU Multimodal SDK]
    aligned
        For .csd files: one step per word (the default), or every modality at its own rate.
    max_steps
        Steps to keep of each modality: --max-steps.text 50 --max-steps.audio 500.
    protocol
        For M3ED: one sample per dialogue (the default) or per utterance.
    force
        Replace an existing store.
    json
        Print the description of the new store as JSON.
    """
    from lddu.commands.screen import notes
    from lddu.corpora.corpus_format import ImportOptions
    from lddu.corpora.importing import format_of, import_corpus

    given = {
        "labels": labels,
        "folds": folds,
        "unaligned": None if aligned is None else not aligned,
        "max-steps": max_steps,
        "protocol": protocol,
    }
    extra = {name: value for name, value in given.items() if value is not None}
    chosen = format_of(source, format).name
    reason = "as asked" if format else "recognised from its files"
    notes().print(f"format: {chosen} ({reason})", markup=False)
    with _progress("importing") as progress:
        options = ImportOptions(present_at, keep_zero_rows, force, progress, extra)
        store = import_corpus(source, out, chosen, options)
    _show(store.path, json)


@app.command(sort_key=1, help_epilogue=SIMULATE_EXAMPLES)
@explained
def simulate(
    *,
    out: Annotated[Path, Output],
    clips: int = 2400,
    seed: int = 0,
    dimension: Annotated[dict[str, int] | None, Flag] = None,
    missing: float = 0.0,
    force: Annotated[bool, Flag, Output] = False,
    json: Annotated[bool, Flag, Output] = False,
) -> None:
    """Write a simulated corpus, to try things on.

    It has the shape of CMU-MOSEI, and the noise of every clip and modality is known.

    Parameters
    ----------
    out
        Folder of the new store.
    clips
        Number of clips, at least 10.
    seed
        Seed of the corpus; the same seed gives the same bytes.
    dimension
        Modalities and their features per step: --dimension.text 16 --dimension.audio 8. [default: text 768, audio 74, visual 35]
    missing
        Chance that a clip lacks a modality.
    force
        Replace an existing store.
    json
        Print the description of the new store as JSON.
    """
    from lddu.corpora.simulated.simulate import SimulationConfig
    from lddu.corpora.simulated.simulate import simulate as write

    sizes = {"dimensions": dimension} if dimension else {}
    config = SimulationConfig(clips=clips, seed=seed, missing=missing, **sizes)  # type: ignore[arg-type]
    with _progress("simulating") as progress:
        store = write(out, config, force, progress)
    _show(store.path, json)


@app.command(sort_key=1, help_epilogue=TALKING_EXAMPLES)
@explained
def talking(
    *,
    out: Annotated[Path, Output],
    clips: int = 3,
    seed: int = 0,
    force: Annotated[bool, Flag, Output] = False,
) -> None:
    """Write videos of a drawn face that speaks, to try things on.

    With transcripts, labels and splits; every store, answer and page that comes of them says that they are simulated.

    Parameters
    ----------
    out
        Folder of the videos and their clips.csv.
    clips
        Number of videos.
    seed
        Seed of the videos; the same seed gives the same clips.
    force
        Write into a folder that exists, over videos of the same names.
    """
    from lddu.clips.simulated.talking_clips import write_talking_corpus
    from lddu.commands.screen import notes
    from lddu.errors import ConfigError, SourceError
    from lddu.sentences import counted

    if clips < 1:
        raise ConfigError(f"Expected --clips of at least 1, but got {clips}.")
    if out.exists() and not force:
        raise SourceError(f"Expected {out} to be free, but it exists; choose another --out or add --force.")
    manifest = write_talking_corpus(out, clips, seed)
    notes().print(f"{counted(clips, 'simulated video')}: {manifest.parent}", markup=False, soft_wrap=True)


@app.command(sort_key=2, help_epilogue=DESCRIBE_EXAMPLES)
@explained
def describe(
    store: str,
    /,
    *,
    verify: Annotated[bool, Flag] = False,
    json: Annotated[bool, Flag, Output] = False,
) -> None:
    """Show what a store holds.

    Clips, emotions, modalities, what was repaired during import, and where it comes from.

    Parameters
    ----------
    store
        Feature store: a folder or a URL.
    verify
        First check every file against its checksum; fail if one is damaged.
    json
        Print JSON.
    """
    from lddu.errors import StoreError
    from lddu.store.store import FeatureStore

    if verify and (damaged := FeatureStore(store).verify()):
        raise StoreError(
            f"Expected the files of {store} to match their checksums, but {', '.join(damaged)} "
            f"{'does' if len(damaged) == 1 else 'do'} not; copy the store again or import the corpus again."
        )
    _show(store, json, verified=verify)


def _show(path: str | Path, json: bool, verified: bool = False) -> None:
    from dataclasses import asdict

    from lddu.commands.screen import print_json
    from lddu.commands.store_page import show_store
    from lddu.store.describe import describe_store
    from lddu.store.store import FeatureStore

    summary = describe_store(FeatureStore(path))
    if json:
        print_json({**asdict(summary), "verified": verified})
    else:
        show_store(summary, verified)


@contextmanager
def _progress(what: str) -> "Iterator[ImportProgress]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from lddu.commands.screen import notes

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = notes()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            if done % 64 == 0 or done == total:
                bar.update(task, completed=done, total=total)

        yield report
