"""What the options of all commands share: how words become values, and the groups of a help page."""

import difflib
import inspect
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from cyclopts import Group, Parameter, Token, convert

from lddu.config import names_in
from lddu.errors import ConfigError, Value


def strict(kind: Any, words: Sequence[Token] | dict[str, Any]) -> Any:
    """Words of the command line as a value of `kind`; a whole number is never made out of a broken one.

    cyclopts itself rounds 2.5 to 2 where it is asked for an int.
    """
    return convert(kind, words, converter=_leaf)


def _leaf(kind: type, word: str) -> Any:
    if kind is int and "." in word:
        raise ValueError(f"{word!r} is no whole number")
    return convert(kind, [word])


def _shown(default: Any) -> Any:
    """The default on the help page; none for a flag that is off or an empty text or list."""
    return None if default is False or default in ("", ()) else default


Verb = TypeVar("Verb", bound=Callable[..., Any])


def explained(verb: Verb) -> Verb:
    """The same function, each paragraph of its docstring on one line: the help page breaks lines where they end."""
    lines: list[str] = []
    for line in inspect.cleandoc(verb.__doc__ or "").splitlines():
        before = lines[-1] if lines else ""
        goes_on = before.strip(" -") and line.strip(" -") and _indent(before) == _indent(line)
        if goes_on:
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    verb.__doc__ = "\n".join(lines)
    return verb


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


DEFAULTS = Parameter(converter=strict, show_default=_shown)
"""Of every option, unless it says otherwise."""

Flag = Parameter(negative=())
"""A flag without a `--no-...` twin."""

Words = Parameter(negative=(), allow_leading_hyphen=True)
"""Inputs, whose names may begin with a hyphen."""


OTHER_NAMES = {"members": "seeds", "folder": "html"}
"""Parameter of a function -> its option, where the command line has another word."""

FLAGS = {("existing", "update"): "--update", ("existing", "replace"): "--force", ("private", False): "--public"}
"""Parameter and value -> the flag that stands for both."""


def as_option(name: str, value: Value = None) -> str:
    """A parameter that an error names, as the command line has it: `members` is ``--seeds``."""
    if (name, value) in FLAGS:
        return FLAGS[name, value]
    option = f"--{OTHER_NAMES.get(name, name).replace('_', '-')}"
    return option if value is None or value is True else f"{option} {value}"


def refuse_unknown_options(verb: str, inputs: Sequence[str], options: Iterable[str]) -> None:
    """Refuse what looks like an option among inputs and is no file either.

    Args:
        verb: the command.
        inputs: words that may begin with a hyphen.
        options: names of the command's parameters.

    Raises:
        ConfigError: naming the word, and the option that may be meant.
    """
    for word in inputs:
        if word.startswith("--") and not Path(word).exists():
            name = word.partition("=")[0]
            near = difflib.get_close_matches(name, [f"--{option.replace('_', '-')}" for option in options], n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ConfigError(f"Expected an option or a file, but {name} is neither.{hint} See 'lddu {verb} --help'.")


def refuse_idle(what_for: str, got: str, options: Mapping[str, bool]) -> None:
    """Refuse options that would do nothing.

    Args:
        what_for: what they are for.
        got: what is there in its place.
        options: each, and whether it was given.

    Raises:
        ConfigError: naming those that were given.
    """
    if given := [option for option, there in options.items() if there]:
        raise ConfigError(f"Expected {', '.join(given)} only for {what_for}, but got {got}; leave it out.")


LONGEST = 20.0
"""Seconds, as `lddu.clips.configuration.LONGEST`, whose module the help does not wait for."""

OPTIONS = Group("Options", sort_key=1)

Output = Parameter(group=Group("Output", sort_key=2))
"""An option that says where results go, or in what form."""

OtherRun = Parameter(group=Group("Going on from another run", sort_key=3))
RawClips = Parameter(group=Group("Raw clips", sort_key=4))
SomeFormats = Parameter(group=Group("Options of some formats", sort_key=5))

DATA, MODELS, MACHINE = Group("Data", sort_key=1), Group("Models", sort_key=2), Group("This machine", sort_key=3)
"""Groups of commands."""


def parsed_names(text: str | None) -> tuple[str, ...]:
    """Names with commas between; none for None.

    Raises:
        ConfigError: where a name is empty.
    """
    names = names_in(text or "")
    if text == "" or "" in names:
        raise ConfigError(f"Expected names with commas between, such as text,audio, but got {text!r}.")
    return names


def command_line() -> str:
    """What was typed, for the record of a run."""
    return "lddu " + shlex.join(sys.argv[1:])
