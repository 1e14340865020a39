"""A search on the screen: a bar per trial, and a line after it."""

from typing import TYPE_CHECKING, Any

from lddu.commands.training_progress import TrainingProgress

if TYPE_CHECKING:
    from lddu.training.search.journal import Trial


class SearchProgress(TrainingProgress):
    """A `SearchCallback` that draws to stderr; use as a context."""

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Start the epoch's bar anew."""
        self.bar_begins(epoch, epochs, steps)

    def trial_begins(self, number: int, trials: int) -> None:
        """Start anew."""
        self.say(f"trial {number} of {trials}")

    def epoch_done(self, record: dict[str, Any]) -> None:
        """Epochs have no line of their own here."""

    def trial_done(self, trial: "Trial") -> None:
        """Print the trial's line."""
        score = trial.fault if trial.score is None else f"valid: score {trial.score:.4f} after {trial.epochs} epochs"
        self.say(f"trial {trial.number} {trial.state}: {score}")
