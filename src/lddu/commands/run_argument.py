"""Which run `lddu predict [RUN] INPUTS...` means: the one that `--run` names, the first word, or the default."""

from collections.abc import Sequence
from pathlib import Path

from lddu.commands.screen import notes
from lddu.errors import ConfigError, RunError
from lddu.runs.named_runs import DEFAULT, did_you_mean, named_by
from lddu.store.place import is_url


def run_and_inputs(words: Sequence[str], run: str) -> tuple[str, list[str]]:
    """The run, and what it is asked about; says so where the default answers because none is named.

    The first word is the run where it is one. Else it has to be there as an input, and the default run answers: what does
    not exist may be a mistyped run as well as a mistyped clip.

    Args:
        words: of the command line, options apart.
        run: what `--run` names; empty where it was left out.

    Raises:
        RunError: where the first word is neither a run nor there.
        ConfigError: where a run is named twice, or there is no input.
    """
    first = words[0] if words else ""
    chosen, inputs = run, list(words)
    if run and Path(first).is_dir() and first and named_by(first):
        raise ConfigError(f"Expected one run, but got --run {run} and the run {first}; leave one out.")
    if not run and first and named_by(first):
        chosen, inputs = first, inputs[1:]
    elif not run and first and first != "-" and not is_url(first) and not Path(first).exists():
        raise RunError(
            f"Expected a run, or a clip or store for the default run, but {first} is not there{did_you_mean(first)}; check the "
            "path, or name the run with --run."
        )
    if not inputs:
        raise ConfigError(f"Expected clips or a store for the run {chosen or DEFAULT}, but got none; name some.")
    if not chosen:
        notes().print("no run is named: the default run answers")
    return chosen or DEFAULT, inputs
