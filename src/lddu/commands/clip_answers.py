"""`lddu predict RUN clip.mp4`: answers on raw clips, as a table, JSON, CSV or a page."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lddu.answers import ClipAnswers
    from lddu.clips.extractor import ExtractorConfig
    from lddu.conclusion import Wish
    from lddu.predict import Predictor


def are_clips(inputs: list[str]) -> bool:
    """Whether the inputs are raw clips (files, folders of them, a manifest, names on stdin) and no feature store.

    Raises:
        ConfigError: where a feature store is among several inputs.
    """
    from lddu.clips.sources import MANIFEST, MEDIA_SUFFIXES
    from lddu.errors import ConfigError

    stores = [name for name in inputs if (Path(name) / "manifest.json").is_file()]
    if stores and len(inputs) > 1:
        raise ConfigError(
            f"Expected one feature store alone, or raw clips, but got {len(inputs)} inputs with the store {stores[0]}; "
            "predict them one by one."
        )

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
    from lddu.commands.screen import notes, print_json, results, tell_extracted, warn
    from lddu.predict_clips import predict_clips

    with Progress(console=notes(), transient=True) as bar:
        line = bar.add_task("extracting", total=None)

        def advance(now: extraction.Progress) -> None:
            bar.update(line, completed=now.files, total=now.total)
            tell_extracted(bar.console, now)

        found = predict_clips(predictor, inputs, config, wish, advance=advance)
    warn(found.warnings)
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
    calibrated = predictor.decision.recalibration.left_out_nll is not None
    subject = Subject(predictor.folder.path.resolve().name, told, task.simulated, left_out, calibrated)
    write_clip_page(folder, answers, subject, with_media)
    notes().print(f"page: {folder / 'index.html'}", markup=False, soft_wrap=True)


def _show(found: "ClipAnswers") -> None:
    from lddu.commands.answer_table import show_answers

    count = len(found.predictions)
    seconds = [f"{start:.1f}-{end:.1f}" for start, end in zip(found.start, found.end, strict=True)]
    decided = [found.decided_by(n) or "-" for n in range(count)]
    before = {"clip": found.predictions.clip.tolist(), "seconds": seconds}
    show_answers(found.predictions, count, before, {"decided by": decided, "words": found.transcript})
