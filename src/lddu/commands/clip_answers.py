"""`lddu predict RUN clip.mp4`: answers on raw clips, as a table, JSON, CSV or a page."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lddu.answers import ClipAnswers
    from lddu.clips.extractor import ExtractorConfig
    from lddu.conclusion import Wish
    from lddu.predict import Predictor

SHOWN_WORDS = 60


def are_clips(inputs: list[str]) -> bool:
    """Whether the inputs are raw clips (files, folders of them, a manifest, names on stdin) and no feature store."""
    from lddu.clips.sources import MANIFEST, MEDIA_SUFFIXES

    def is_clip(name: str) -> bool:
        path = Path(name)
        if path.is_dir():
            return not (path / "manifest.json").is_file() and (
                (path / MANIFEST).is_file() or any(f.suffix.lower() in MEDIA_SUFFIXES for f in path.rglob("*"))
            )
        return name == "-" or path.is_file() or path.suffix.lower() in MEDIA_SUFFIXES | {".csv"}

    return len(inputs) > 1 or any(map(is_clip, inputs))


def answer_clips(
    predictor: "Predictor",
    inputs: list[str],
    form: str,
    wish: "Wish",
    config: "ExtractorConfig",
    page: Path | None = None,
) -> int:
    """Predict raw clips and show the answers; returns the exit code, 1 when a file failed.

    Args:
        predictor: the run.
        inputs: as `lddu.clips.sources.listed` takes them.
        form: ``table``, ``json`` or ``csv``.
        wish: a promised recall, or a coverage beyond which no answer is given.
        config: how long files are cut, and whether speech is recognised.
        page: folder of a page to write as well.
    """
    from rich.progress import Progress

    import lddu.extract as extraction
    from lddu.commands.screen import notes, print_json, results, warn
    from lddu.predict_clips import predict_clips

    with Progress(console=notes(), transient=True) as bar:
        line = bar.add_task("extracting", total=None)

        def advance(now: extraction.Progress) -> None:
            bar.update(line, completed=now.done, total=now.total)

        found = predict_clips(predictor, inputs, config, wish, advance=advance)
    warn([*found.warnings, *(failure.reason for failure in found.failures)])
    if form == "json":
        failed = [vars(failure) for failure in found.failures]
        print_json(
            {
                "run": str(predictor.folder.path),
                "warnings": found.warnings,
                "failed": failed,
                "clips": found.to_records(),
            }
        )
    elif form == "csv":
        results().file.write(found.to_csv())
    else:
        _show(found)
    if page is not None:
        write_page(page, found, predictor, inputs, with_media=True)
    return 1 if found.failures else 0


def write_page(
    folder: Path,
    answers: "ClipAnswers",
    predictor: "Predictor",
    inputs: list[str],
    with_media: bool,
    left_out: int = 0,
) -> None:
    """Write the page and say where it is."""
    from lddu.clip_page import Subject, write_clip_page
    from lddu.commands.screen import notes

    told = ", ".join(inputs[:3]) + (", ..." if len(inputs) > 3 else "")
    task = predictor.description.task
    subject = Subject(predictor.folder.path.resolve().name, told, task.simulated, left_out)
    write_clip_page(folder, answers, subject, with_media)
    notes().print(f"page: {folder / 'index.html'}", markup=False, soft_wrap=True)


def _show(found: "ClipAnswers") -> None:
    from rich.text import Text

    from lddu.commands.predict import cell, legend
    from lddu.commands.screen import results, table

    predictions = found.predictions
    grid = table(
        legend(predictions),
        "clip", "seconds", *predictions.emotions, "decided by", "words",
    )  # fmt: skip
    for n in range(len(predictions)):
        cells = [cell(predictions, n, e) for e in range(len(predictions.emotions))]
        words = found.transcript[n]
        short = words if len(words) <= SHOWN_WORDS else words[: SHOWN_WORDS - 1] + "…"
        place = f"{found.start[n]:.1f}-{found.end[n]:.1f}"
        grid.add_row(Text(predictions.clip[n]), place, *cells, found.decided_by(n) or "-", Text(short))
    results().print(grid)
