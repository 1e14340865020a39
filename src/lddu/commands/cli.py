"""The command line `lddu VERB`: verbs, and how errors end. Nothing heavy is imported until a verb needs it."""

import errno
import io
import itertools
import os
import sys
from collections.abc import Callable, Sequence

from cyclopts import App, CycloptsError, Group

import lddu
from lddu.commands import (
    ablate,
    bench,
    bench_models,
    bench_uncertainty,
    card,
    compare,
    data,
    evaluate,
    export,
    extract,
    predict,
    report,
    score,
    search,
    serve,
    share,
    train,
)
from lddu.commands.complaint import complaint
from lddu.commands.options import DATA, DEFAULTS, MACHINE, MODELS, OPTIONS, as_option, explained
from lddu.commands.screen import harmless, several_ranks
from lddu.commands.settings import for_family
from lddu.errors import ConfigError, LdduError, PackageError

EXAMPLES = """From a clip, a photo or a sentence to emotions, by the run that comes with lddu:
  lddu predict talk.mp4
  lddu predict --text "I am so glad you came"

From a corpus of your own to predictions:
  lddu data import my_corpus --out store
  lddu train store --out run
  lddu predict run store

'lddu COMMAND --help' explains a command.
Results go to stdout, progress and warnings to stderr.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped."""

VERBS: tuple[tuple[Group, Callable[..., int | None], str, str], ...] = (
    (DATA, extract.extract, "[OPTIONS] --out STORE CLIPS...", extract.EXAMPLES),
    (MODELS, train.train, "[OPTIONS] [STORE]", train.EXAMPLES),
    (MODELS, search.search, "[OPTIONS] --trials INT STORE", search.EXAMPLES),
    (MODELS, ablate.ablate, "[OPTIONS] --out FOLDER STORE", ablate.EXAMPLES),
    (MODELS, evaluate.evaluate, "[OPTIONS] RUN [STORE]", evaluate.EXAMPLES),
    (MODELS, predict.predict, "[OPTIONS] [RUN] INPUTS...", predict.EXAMPLES),
    (MODELS, serve.serve, "[OPTIONS] [RUN...]", serve.EXAMPLES),
    (MODELS, score.score, "[OPTIONS] --out RUN PREDICTIONS STORE", score.EXAMPLES),
    (MODELS, compare.compare, "[OPTIONS] RUN RUN...", compare.EXAMPLES),
    (MODELS, bench_models.bench_models, "[OPTIONS] STORE", bench_models.EXAMPLES),
    (MODELS, bench_uncertainty.bench_uncertainty, "[OPTIONS] RUN...", bench_uncertainty.EXAMPLES),
    (MODELS, report.report, "RUN", report.EXAMPLES),
    (MODELS, card.card, "[OPTIONS] [RUN]", card.EXAMPLES),
    (MODELS, share.share, "[OPTIONS] RUN REPOSITORY", share.EXAMPLES),
    (MODELS, export.export, "[OPTIONS] --onnx FILE [RUN]", export.EXAMPLES),
    (MACHINE, bench.bench, "[OPTIONS]", bench.EXAMPLES),
)


def app_for(family: str | None = None) -> App:
    """The command line; with the options of a model family's settings where one is named.

    Raises:
        ConfigError: where there is no such family.
    """
    app = App(
        name="lddu",
        help="Recognise emotions in clips, several at once, from text, voice and face, with calibrated uncertainty.",
        version=lddu.__version__,
        result_action="return_value",
        help_format="plaintext",
        help_epilogue=EXAMPLES,
        help_on_error=False,
        suppress_keyboard_interrupt=False,
        default_parameter=DEFAULTS,
        group_parameters=OPTIONS,
        group_commands=Group("This program", sort_key=9),
    )
    app.command(data.app)
    for place, (group, verb, words, examples) in enumerate(VERBS, start=1):
        usage = f"Usage: lddu {verb.__name__.replace('_', '-')} {words}"
        trains = verb in (train.train, search.search)
        function = for_family(verb, family) if family is not None and trains else verb
        app.command(explained(function), group=group, sort_key=place, usage=usage, help_epilogue=examples)
    return app


def _family_in(words: Sequence[str]) -> str | None:
    """The model family that the words name, if it is another than LDDU: its settings decide which options there are."""
    for word, after in itertools.pairwise([*words, ""]):
        name, _, value = word.partition("=")
        if name == "--family" and (value or after) not in ("", "lddu"):
            return value or after
    return None


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _refused(fault: OSError) -> str:
    """The sentence on what the system refuses; of a copy that finds no room it names the new file."""
    why = fault.strerror or fault
    full = fault.errno in _FULL or "No space left" in str(why)  # the writer of tensors gives the words alone
    what = (fault.filename2 if full else None) or fault.filename or "files"
    cure = "make room and start again: finished work is kept" if full else "check the place"
    return f"Expected to read and write {what}, but the system refused: {why}; {cure}."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C. No traceback reaches a user."""
    _print_any_letter()
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        if several_ranks() and words[:1] != ["train"]:
            raise ConfigError(
                "Expected one process for this command, but a launcher has started several; only train is shared."
            )
        code = app_for(_family_in(words))(words, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as fault:
        _say(complaint(fault))
        code = 2
    except LdduError as fault:
        _say(fault.sentence(as_option))
        code = 2 if isinstance(fault, ConfigError) and not isinstance(fault, PackageError) else 1
    except KeyboardInterrupt as stop:
        _say(str(stop) or "Stopped.")
        code = 130
    except BrokenPipeError:  # the reader of our output went away, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as fault:
        _say(_refused(fault))
        code = 1
    except (MemoryError, RuntimeError) as fault:
        if isinstance(fault, RuntimeError) and "memory" not in str(fault):
            raise
        _say("Expected enough memory, but there is not; lower training.batch_size, model.hidden or model.max_steps.")
        code = 1
    raise SystemExit(code or 0)


def _print_any_letter() -> None:
    """Where a stream cannot encode a letter, such as the minus of a table, its number is printed instead."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(sentence: str) -> None:
    rank = os.environ.get("RANK", "0")
    sys.stderr.write(f"lddu: {f'rank {rank}: ' if rank != '0' else ''}{harmless(sentence)}\n")


if __name__ == "__main__":
    main()
