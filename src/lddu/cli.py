"""The command line `lddu VERB`: verbs, and how errors end. Nothing heavy is imported until a verb needs it."""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import lddu
from lddu.commands import bench, compare, data, evaluate, extract, predict, report, search, train
from lddu.commands.screen import several_ranks
from lddu.errors import ConfigError, LdduError

app = App(
    name="lddu",
    help="Which emotions a clip shows, several at once, from text, voice and face, with honest uncertainty.",
    version=lddu.__version__,
    result_action="return_value",
    help_on_error=False,
    suppress_keyboard_interrupt=False,
)
app.command(train.train)
app.command(search.search)
app.command(data.app)
app.command(extract.extract)
app.command(evaluate.evaluate)
app.command(predict.predict)
app.command(report.report)
app.command(compare.compare)
app.command(bench.bench)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 wrongly asked, 130 stopped by Ctrl-C. No traceback reaches a user."""
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        if several_ranks() and words[:1] != ["train"]:
            raise ConfigError(
                "Expected one process for this command, but a launcher has started several; only train is shared."
            )
        code = app(arguments, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as fault:
        _say(f"{str(fault).strip()} See 'lddu --help'.")
        code = 2
    except LdduError as fault:
        _say(str(fault))
        code = 1
    except KeyboardInterrupt as stop:
        _say(str(stop) or "Stopped.")
        code = 130
    except BrokenPipeError:  # the reader of our output went away, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as fault:
        _say(f"Expected to read and write files freely, but the system refused: {fault}.")
        code = 1
    except (MemoryError, RuntimeError) as fault:
        if isinstance(fault, RuntimeError) and "memory" not in str(fault):
            raise
        _say("Expected enough memory, but there is not; lower training.batch_size, model.hidden or model.max_steps.")
        code = 1
    raise SystemExit(code or 0)


def _say(sentence: str) -> None:
    rank = os.environ.get("RANK", "0")
    sys.stderr.write(f"lddu: {f'rank {rank}: ' if rank != '0' else ''}{sentence}\n")


if __name__ == "__main__":
    main()
