"""Which run `lddu predict [RUN] INPUTS...` means: the one that `--run` names, the first word, or the default."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lddu.commands.screen import notes
from lddu.errors import ConfigError, RunError
from lddu.runs.named_runs import DEFAULT, did_you_mean, named_by
from lddu.runs.run_archive import is_archive, without_a_run
from lddu.store.place import is_url

if TYPE_CHECKING:
    from lddu.clips.sources import Listing


def run_and_inputs(words: Sequence[str], run: str) -> tuple[str, list[str]]:
    """The run and its inputs; prints a line where the default run is used because none is named.

    The first word is the run where it is one. Else it has to exist as an input, and the default run is used: a name that
    does not exist may be a mistyped run as well as a mistyped clip.

    Args:
        words: of the command line, options apart.
        run: what `--run` names; empty where it was left out.

    Raises:
        RunError: where the first word is neither a run nor an input that exists.
        ConfigError: where a run is named twice.
    """
    first = words[0] if words else ""
    chosen, inputs = run, list(words)
    if run and Path(first).is_dir() and first and named_by(first):
        raise ConfigError(f"Expected one run, but got --run {run} and the run {first}; leave one out.")
    if not run and is_archive(Path(first)) and without_a_run(Path(first)):
        raise RunError(
            f"Expected a run or a clip, but {first} is an archive without a run; unpack it, and name its clips."
        )
    if not run and first and named_by(first):
        chosen, inputs = first, inputs[1:]
    elif not run and first and first != "-" and not is_url(first) and not Path(first).exists():
        raise RunError(
            f"Expected a run, or a clip or store for the default run, but {first} is not there{did_you_mean(first)}; check the "
            "path, or name the run with --run."
        )
    if not chosen:
        notes().print("no run is named: the default run answers")
    return chosen, inputs


def listed_words(run: str, inputs: list[str], texts: Sequence[str], lines: bool) -> "list[str] | Listing":
    """The inputs, or a listing of the clips of words alone that replace them.

    Args:
        run: that answers, for the message; empty where it is the default.
        inputs: clips or a store.
        texts: that were typed.
        lines: whether inputs are text files of a clip a line.

    Raises:
        ConfigError: where there is no input, or texts are typed beside others.
        SourceError: where the texts have no words, or cannot be read.
    """
    if not texts and not inputs:
        raise ConfigError(
            f"Expected clips or a store for the run {run or DEFAULT}, but got none; name some, or write --text."
        )
    if texts and (inputs or lines):
        raise ConfigError(
            f"Expected --text in place of other inputs, but got {inputs[0] if inputs else '--lines'} too; the words of a clip lie beside "
            "it, as talk.txt beside talk.mp4."
        )
    if not texts and not lines:
        return inputs
    from lddu.clips.sources import listing_of, listing_of_texts

    return listing_of_texts(texts) if texts else listing_of(inputs, lines=True)
