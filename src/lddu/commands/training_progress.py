"""Training on the screen: a bar per epoch with the loss terms, and a line of validation figures after it."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from lddu.commands.screen import notes
from lddu.sentences import counted

if TYPE_CHECKING:
    from lddu.models.family import Losses

MOST_TERMS = 3


class TrainingProgress:
    """A `TrainingCallback` that draws to stderr; use as a context.

    Args:
        shown: False where another rank draws.
        begins: printed when the first epoch begins, once every check has passed.
    """

    def __init__(self, shown: bool = True, begins: str = "") -> None:
        self._begins = begins
        console = notes(shown)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.fields[loss]}"),
            TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("preparing", total=None, loss="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(line, markup=False, soft_wrap=True)

    def note(self, sentence: str) -> None:
        """Print it."""
        if self._begins:
            self.say(self._begins)
            self._begins = ""
        if sentence:
            self.say(sentence)

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Start anew; say first how long the training may become."""
        self.note("")
        if epoch == 1:
            self.say(
                f"at most {counted(epochs, 'epoch')} of {counted(steps, 'step')}; it ends earlier where validation no longer improves"
            )
        self.bar_begins(epoch, epochs, steps)

    def bar_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Start the epoch's bar anew."""
        self._bar.reset(self._task, total=steps, description=f"epoch {epoch} of at most {epochs}", loss="")

    def step_done(self, terms: "Losses") -> None:
        """Advance, and show the loss."""
        self._bar.update(self._task, advance=1, loss=f"loss {float(terms.total.detach()):.2f}")

    def epoch_done(self, record: dict[str, Any]) -> None:
        """Print the epoch's line, after the name of its training where several go side by side."""
        valid, loss, name = record["valid"], record["loss"], record.get("training", "")
        if name:
            self._bar.update(self._task, description="training", loss=f"{name}: epoch {record['epoch']}")
        self.say(
            f"{name}{name and '  '}epoch {record['epoch']:>3}  loss {loss['total']:7.3f}  {_terms(loss)}valid: micro-F1 {valid['f1_micro']:.4f}  mAP {valid['map_macro']:.4f}  NLL {valid['nll']:.3f}"
            f"{'  kept' if record['kept'] else ''}"
        )

    def stopping(self) -> None:
        """Say that Ctrl-C was noticed."""
        self.say(
            "stopping: evaluating the best network so far on valid, which takes a moment; again Ctrl-C leaves without it"
        )


def _terms(loss: dict[str, float]) -> str:
    """The terms of the loss that count, as far as a line has room for them."""
    terms = [f"{name} {value:.3f}" for name, value in loss.items() if name != "total" and value]
    return "".join(f"{term}  " for term in terms[:MOST_TERMS])
