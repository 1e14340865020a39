"""`lddu predict RUN clip.mp4`: answers on raw clips, as a table, JSON or CSV."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lddu.clips.segments import Cut
    from lddu.conclusion import Wish
    from lddu.predict import Predictor
    from lddu.predict_clips import ClipAnswers

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
    predictor: "Predictor", inputs: list[str], form: str, wish: "Wish", cut: "Cut" = "auto", transcribe: bool = False
) -> int:
    """Predict raw clips and show the answers; returns the exit code, 1 when a file failed.

    Args:
        predictor: the run.
        inputs: as `lddu.clips.sources.listed` takes them.
        form: ``table``, ``json`` or ``csv``.
        wish: a promised recall, or a coverage beyond which no answer is given.
        cut: how long files are cut.
        transcribe: recognise the words of clips without a transcript.
    """
    from rich.progress import Progress

    import lddu.extract as extraction
    from lddu.clips.extractor import ExtractorConfig
    from lddu.clips.speech import PACKAGED_SPEECH
    from lddu.commands.screen import notes, print_json, results, warn
    from lddu.predict_clips import predict_clips

    config = ExtractorConfig(cut=cut, speech_model=PACKAGED_SPEECH if transcribe else "")
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
    return 1 if found.failures else 0


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
