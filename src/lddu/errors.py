"""Every error a user can cause: one sentence that says what was expected, what was found and what to do.

A sentence that names a parameter of a function marks it with `parameter`, so that Python shows it as ``seed`` and the command
line as ``--seed``.
"""

import json
import re
from collections.abc import Callable

Value = str | int | float | None
"""What a sentence proposes for a parameter; None where it names the parameter alone."""

_MARK = re.compile("\ue000(.*?)\ue001", re.DOTALL)
"""JSON of a name and a value between two letters that no keyboard has."""


def parameter(name: str, value: Value = None) -> str:
    """A parameter inside the sentence of an error.

    Args:
        name: as Python has it, such as ``members``; a setting with its section, such as ``training.learning_rate``.
        value: to give it, where the sentence proposes one.

    Example:
        >>> str(ConfigError(f"Expected {parameter('members')} to be at least 1, but got 0."))
        'Expected `members` to be at least 1, but got 0.'
        >>> str(RunError(f"Expected the run to be free; add {parameter('force', True)} to replace it."))
        'Expected the run to be free; add `force=True` to replace it.'
    """
    return f"\ue000{json.dumps([name, value])}\ue001"


def _in_python(name: str, value: Value) -> str:
    return f"`{name}`" if value is None else f"`{name}={value!r}`"


class LdduError(Exception):
    """Base of all errors that are shown to a user as one sentence, without a traceback."""

    def __str__(self) -> str:
        return self.sentence(_in_python)

    def sentence(self, text_of: Callable[[str, Value], str]) -> str:
        """The sentence, with each parameter shown in another way than Python's.

        Args:
            text_of: makes the text of a parameter from its name and proposed value.
        """
        return _MARK.sub(lambda mark: text_of(*named) if (named := _named(mark[1])) else mark[0], super().__str__())

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that the sentence names, in Python's spelling; the first one is most often at fault."""
        pairs = map(_named, _MARK.findall(super().__str__()))
        return tuple(named[0] for named in pairs if named)


def _named(mark: str) -> tuple[str, Value] | None:
    """Name and value; None where a sentence quotes a file that has these letters of its own."""
    try:
        name, value = json.loads(mark)
    except (ValueError, TypeError):
        return None
    return str(name), value


class ConfigError(LdduError):
    """A setting that does not exist, or a value it cannot take. Names every problem at once."""


class PackageError(ConfigError):
    """A setting that needs a package which is not installed. Names the command that installs it."""

    @classmethod
    def missing(cls, package: str, purpose: str, install: str) -> "PackageError":
        """The sentence on a package that is not there.

        Args:
            package: its name on the index.
            purpose: what it is for, to complete "... for".
            install: what pip is given, such as ``lddu[clips]``.
        """
        named = f"'{install}'" if "[" in install else install  # shells take brackets for a pattern
        return cls(
            f"Expected the package {package!r} for {purpose}, but it is not installed; run: pip install {named}."
        )


class SourceError(LdduError):
    """Data offered for import that cannot be understood or trusted. Names the file and the clip."""


class StoreError(LdduError):
    """A feature store that is absent, damaged, or does not hold what is needed."""


class RunError(LdduError):
    """A run folder that is absent, unfinished, damaged, or made by a newer version."""


class MismatchError(LdduError):
    """Two things that are each sound but do not belong together, such as a run and a store of other features."""
