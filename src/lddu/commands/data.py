"""`lddu data`: import a corpus, simulate one, or say what a store holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from lddu.features.corpus_format import Progress

app = App(name="data", help="Make a feature store, or say what one holds.")


@app.command(name="import")
def import_(
    source: Path,
    *,
    out: Path,
    format: str | None = None,
    present_at: float = 0.5,
    keep_zero_rows: Annotated[bool, Parameter(negative=())] = False,
    labels: Path | None = None,
    folds: Path | None = None,
    aligned: Annotated[bool | None, Parameter(negative="--unaligned")] = None,
    max_steps: Annotated[dict[str, int] | None, Parameter(negative=())] = None,
    protocol: Literal["dialogue", "utterance"] | None = None,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Import a corpus of any supported format.

    What is odd in it is mended and counted, or refused; nothing is written then.

    Parameters
    ----------
    source
        Folder or file of the corpus.
    out
        Where the store goes.
    format
        Format of the corpus; found by looking where left out.
    present_at
        Share of raters from which an emotion counts as present.
    keep_zero_rows
        Keep all-zero steps at both ends of a sequence, which are cut as padding otherwise.
    labels
        File of emotions for features that come without: CMU_MOSEI_Labels.csd, a .csv, or M3ED's annotation.json.
    folds
        File that says which video belongs to which split, for .csd files; from the CMU Multimodal SDK where left out.
    aligned
        For .csd files: one step a word (default), or with --unaligned every modality at its own rate.
    max_steps
        Steps to keep of each modality, as --max-steps.text 50 --max-steps.audio 500.
    protocol
        For M3ED: one sample a dialogue (default) or an utterance.
    force
        Replace the store where one exists.
    json
        Describe the new store as JSON.
    """
    from lddu.commands.screen import notes
    from lddu.features.corpus_format import ImportOptions
    from lddu.features.importing import format_of, import_corpus

    asked = {
        "labels": labels,
        "folds": folds,
        "unaligned": None if aligned is None else not aligned,
        "max-steps": max_steps,
        "protocol": protocol,
    }
    extra = {name: value for name, value in asked.items() if value is not None}
    chosen = format_of(source, format).name
    found = "as asked" if format else "found by looking"
    notes().print(f"format: {chosen} ({found})", markup=False)
    with _progress("importing") as progress:
        options = ImportOptions(present_at, keep_zero_rows, force, progress, extra)
        store = import_corpus(source, out, chosen, options)
    _show(store.path, json)


@app.command
def simulate(
    *,
    out: Path,
    clips: int = 2400,
    seed: int = 0,
    dimension: Annotated[dict[str, int] | None, Parameter(negative=())] = None,
    missing: float = 0.0,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Write a simulated corpus in the shape of CMU-MOSEI whose noise is known for every clip and modality.

    Parameters
    ----------
    out
        Where the store goes.
    clips
        Number of clips, at least 10.
    seed
        The same seed gives the same bytes.
    dimension
        Modalities and their numbers per step, as --dimension.text 768 --dimension.audio 74; those three by default.
    missing
        Chance that a clip lacks a modality.
    force
        Replace the store where one exists.
    json
        Describe the new store as JSON.
    """
    from lddu.features.simulate import SimulationConfig
    from lddu.features.simulate import simulate as write

    sizes = {"dimensions": dimension} if dimension else {}
    config = SimulationConfig(clips=clips, seed=seed, missing=missing, **sizes)  # type: ignore[arg-type]
    with _progress("simulating") as progress:
        store = write(out, config, force, progress)
    _show(store.path, json)


@app.command
def describe(
    store: str,
    *,
    verify: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Say what a store holds: clips, emotions, modalities, what was mended on the way in, where it comes from.

    Parameters
    ----------
    store
        The store: a folder or a URL.
    verify
        Check every file against its checksum first; fails where one is damaged.
    json
        As JSON.
    """
    from lddu.errors import StoreError
    from lddu.features.store import FeatureStore

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
    from lddu.features.describe import describe_store
    from lddu.features.store import FeatureStore

    summary = describe_store(FeatureStore(path))
    if json:
        print_json({**asdict(summary), "verified": verified})
    else:
        show_store(summary, verified)


@contextmanager
def _progress(what: str) -> "Iterator[Progress]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from lddu.commands.screen import notes

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=notes(), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            if done % 64 == 0 or done == total:
                bar.update(task, completed=done, total=total)

        yield report
