"""Raw clips on the screen: a bar over the files while they are extracted, and over the clips while they are answered."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from lddu.commands.screen import notes
from lddu.exports.text import one_line

if TYPE_CHECKING:
    from lddu.clips.extract import ExtractionProgress


class ExtractionBar:
    """A `lddu.runs.predict_clips.PredictionCallback` that draws to stderr; use as a context.

    Args:
        doing: description of the work before the first file.

    Raises:
        KeyboardInterrupt: on Ctrl-C, with a sentence that says what is kept.
    """

    def __init__(self, doing: str = "loading the models") -> None:
        console = notes()
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
            TextColumn("{task.fields[file]}", markup=False), console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task(doing, total=None, file="")
        self._doing, self._done, self._total = doing, 0, 0

    def __enter__(self) -> Self:
        self._bar.start()
        if not self._bar.console.is_terminal:
            self._bar.console.print(self._doing)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if isinstance(fault, KeyboardInterrupt) and self._total:
            raise KeyboardInterrupt(
                f"Stopped. {self._done} of {self._total} files are extracted and kept; the same command goes on from there."
                if self._done
                else "Stopped before any file was extracted."
            ) from None

    def extracted(self, now: "ExtractionProgress") -> None:
        """How far the extraction is; names failed files above the bar and, where there is no bar, finished files too.

        A single file that fails ends its command with its own message, and is not named here as well.
        """
        self._done, self._total = now.done, now.total
        name = one_line(Path(now.file).name)
        self._bar.update(self._task, description="extracting", completed=now.files, total=now.total, file=name)
        if now.share < 1:
            return
        if now.fault and now.total > 1:
            self._bar.console.print(f"failed: {one_line(now.fault)}", markup=False, style="red", soft_wrap=True)
        elif not now.fault and not self._bar.console.is_terminal:
            line = f"extracted {now.done} of {now.total}: {one_line(now.file) or 'words alone'}"
            self._bar.console.print(line, markup=False, soft_wrap=True)

    def answered(self, done: int, total: int) -> None:
        """How many clips are answered."""
        self._bar.update(self._task, description="explaining", completed=done, total=total, file="")
