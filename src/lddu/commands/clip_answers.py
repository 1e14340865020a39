"""`lddu predict RUN clip.mp4`: answers on raw clips, as a table, JSON or CSV."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    run: Path, inputs: list[str], form: str, cut: str = "auto", transcribe: bool = False, device: str = "cpu"
) -> int:
    """Predict raw clips and show the answers; returns the exit code, 1 when a file failed.

    Args:
        run: run folder.
        inputs: as `lddu.clips.sources.listed` takes them.
        form: ``table``, ``json`` or ``csv``.
        cut: how long files are cut.
        transcribe: recognise the words of clips without a transcript.
        device: ``cpu`` or ``cuda``.
    """
    from rich.progress import Progress

    import lddu.extract as extraction
    from lddu.clips.extractor import ExtractorConfig
    from lddu.clips.speech import PACKAGED_SPEECH
    from lddu.commands.screen import notes, print_json, results, warn
    from lddu.predict import Predictor
    from lddu.predict_clips import predict_clips

    predictor = Predictor(run, device)
    config = ExtractorConfig(cut=cut, speech_model=PACKAGED_SPEECH if transcribe else "")  # type: ignore[arg-type]
    with Progress(console=notes(), transient=True) as bar:
        line = bar.add_task("extracting", total=None)

        def advance(now: extraction.Progress) -> None:
            bar.update(line, completed=now.done, total=now.total)

        found = predict_clips(predictor, inputs, config, advance=advance)
    warn([*found.warnings, *(failure.reason for failure in found.failures)])
    if form == "json":
        failed = [vars(failure) for failure in found.failures]
        print_json({"run": str(run), "warnings": found.warnings, "failed": failed, "clips": found.to_records()})
    elif form == "csv":
        results().file.write(found.to_csv())
    else:
        _show(found)
    return 1 if found.failures else 0


def _show(found: "ClipAnswers") -> None:
    from rich.text import Text

    from lddu.commands.screen import results, table

    predictions = found.predictions
    grid = table(
        f"probability per emotion; bold = present ({len(predictions)} clips)",
        "clip", "seconds", *predictions.emotions, "decided by", "words",
    )  # fmt: skip
    for n in range(len(predictions)):
        cells = [
            Text(f"{p:.2f}", style="bold" if chosen else "dim")
            for p, chosen in zip(predictions.probability[n], predictions.label[n], strict=True)
        ]
        words = found.transcript[n]
        short = words if len(words) <= SHOWN_WORDS else words[: SHOWN_WORDS - 1] + "…"
        place = f"{found.start[n]:.1f}-{found.end[n]:.1f}"
        grid.add_row(Text(predictions.clip[n]), place, *cells, found.decided_by(n) or "-", Text(short))
    results().print(grid)
