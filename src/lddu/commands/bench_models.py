"""`lddu bench-models`: model families under one protocol."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from lddu.commands.folds import parsed_folds
from lddu.commands.options import Output, command_line
from lddu.commands.search_progress import SearchProgress
from lddu.commands.workers import jobs_in
from lddu.sentences import counted, listed

if TYPE_CHECKING:
    from lddu.config import Config
    from lddu.models.family import Losses

EXAMPLES = """Examples:
  lddu bench-models store --out bench
  lddu bench-models store --families lddu,late-fusion --seeds 3 --trials 0
  lddu bench-models store --trials 0 --settings found
  lddu bench-models store --folds each --group _session --trials 0"""

STEPS_TIMED = 5


def bench_models(
    store: str,
    /,
    *,
    families: str = "all",
    seeds: int = 5,
    trials: int = 20,
    settings: Path | None = None,
    epochs: int | None = None,
    folds: str | None = None,
    group: str | None = None,
    device: str = "auto",
    jobs: str = "1",
    out: Annotated[Path | None, Output] = None,
) -> int:
    """Search and train model families under one protocol; write one table and page.

    Each family is searched with the same number of trials on valid, then trained with the same seeds. The same command
    continues a bench that was stopped. A training that fails is left out and the others go on; table.csv, table.md and
    table.html name what is missing.

    Parameters
    ----------
    store
        Feature store: a folder or a URL.
    families
        "all", or names with commas between them.
    seeds
        Trainings of each family.
    trials
        Trials of the search of each family; 0 takes its settings as they are.
    settings
        Folder of settings, FAMILY.toml, such as the best.toml of searches: also the first trial. A family without such a file takes its published
        settings.
    epochs
        At most this many epochs in every training.
    folds
        Search and train on this many folds of whole groups, or "each", a fold of each group, as 'lddu train' does: every fold is searched on its own
        training and validation clips, --trials each. Figures are of the test clips of all folds together.
    group
        Column of the store that names the groups of --folds. [default: group]
    device
        "auto", "cpu", "cuda" or "cuda:N".
    jobs
        Trials, and then trainings, of a family at once, as for 'lddu train'. The times in the table are of trainings side by
        side then, and trials at once cannot learn from each other.
    out
        Folder of the bench. [default: benches/TIME]
    """
    from lddu.commands.screen import notes, results
    from lddu.errors import RunError
    from lddu.store.store import FeatureStore

    group_folds = parsed_folds(folds, group)
    folder = out or Path("benches") / time.strftime("%Y-%m-%d-%H%M%S")
    notes().print("loading the numerical libraries", style="dim")
    from lddu.pages.model_bench import write_bench
    from lddu.runs.model_table import as_markdown, model_table
    from lddu.training.model_bench import BenchOptions, chosen_families
    from lddu.training.model_bench import bench_models as make

    names = chosen_families(families)
    given = settings_in(settings, names) if settings else {}
    options = BenchOptions(names, seeds, trials, epochs, device, jobs_in(jobs), group_folds, given, command_line())
    corpus = FeatureStore(store)
    notes().print(f"result: {folder / 'table.html'}", markup=False, soft_wrap=True)
    with BenchProgress() as watch:
        try:
            outcome = make(corpus, folder, options, watch)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"Stopped. The same command with --out {folder} goes on.") from None
    table = model_table(folder, options.families, seeds, outcome.train_clips)
    if table is None:
        raise RunError(
            f"Expected a family to be trained, but none was: {'; '.join(dict.fromkeys(outcome.faults.values()))}"
        )
    if trials:
        kind = f"the best of {counted(trials, 'trial')} on validation" + (" of each fold" if table.folds else "")
    elif len(given) == len(names):
        kind = "given settings"
    else:
        kind = "published settings" + (f", {listed(list(given))} with given ones" if given else "")
    limit = f", at most {counted(epochs, 'epoch')}" if epochs else ""
    write_bench(folder, table, f"Each family with {kind}{limit}, seeds 0 to {seeds - 1}.", outcome.faults)
    results(200).print(as_markdown(table), markup=False, soft_wrap=True)
    return 1 if outcome.faults else 0


def settings_in(folder: Path, families: Sequence[str]) -> dict[str, "Config"]:
    """Family -> its settings in FAMILY.toml, where the folder has such a file.

    Raises:
        ConfigError: where it has none for any of them, or one is wrong.
    """
    from lddu.commands.settings import NO_SETTINGS, chosen_config, read_toml
    from lddu.errors import ConfigError

    files = {family: folder / f"{family}.toml" for family in families}
    found = {
        family: chosen_config(None, file, NO_SETTINGS, str(read_toml(file).get("family", family)))
        for family, file in files.items()
        if file.is_file()
    }
    if not found:
        names = listed([file.name for file in files.values()])
        raise ConfigError(f"Expected settings such as {names} in {folder}, but there is none; name another folder.")
    return found


class BenchProgress(SearchProgress):
    """A `BenchCallback` that draws to stderr; use as a context."""

    def cell_begins(self, family: str, what: str) -> None:
        """Print a line, and time the first steps of what follows."""
        self.say(f"{family}: {what}")
        self._steps, self._began, self._most = 0, 0.0, 0

    def cell_failed(self, cell: str, fault: str) -> None:
        """Print why."""
        self.say(f"{cell} is left out: {fault}")

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Start the epoch's bar anew."""
        super().epoch_begins(epoch, epochs, steps)
        self._most = epochs * steps

    def step_done(self, terms: "Losses") -> None:
        """Advance; after the first steps say how long the training takes at most."""
        super().step_done(terms)
        self._steps += 1
        if self._steps == 1:
            self._began = time.monotonic()
        elif self._steps == STEPS_TIMED + 1:
            minutes = (time.monotonic() - self._began) / STEPS_TIMED * self._most / 60
            self.say(f"at most {minutes:.1f} minutes of steps per training")
