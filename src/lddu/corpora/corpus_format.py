"""What an importer is: a name, a way to recognise its corpora by looking, and a function that writes a store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lddu.argument_types import refuse_wrong_types

ImportProgress = Callable[[int, int], None]
"""Called with clips done and clips in all, as an import goes on."""


@dataclass(frozen=True)
class ImportOptions:
    """How to import, whatever the format.

    Attributes:
        present_at: share of raters from which an emotion counts as present, Eq. (16).
        keep_zero_rows: do not cut all-zero rows at both ends of a sequence.
        force: replace the store where one exists.
        progress: callback with clips done and clips in all.
        extra: options of single formats by name, such as ``labels``; a format that does not know one refuses it.
    """

    present_at: float = 0.5
    keep_zero_rows: bool = False
    force: bool = False
    progress: ImportProgress | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse_wrong_types(self)

    def report(self, done: int, total: int) -> None:
        """Call `progress`, where there is one."""
        if self.progress is not None:
            self.progress(done, total)


@dataclass(frozen=True)
class CorpusFormat:
    """One kind of corpus that can be imported.

    Attributes:
        name: as in ``--format NAME``.
        looks_like: what a user has when it is this format, for messages: "a folder with ...".
        recognises: whether a path is of this format, by looking at names and first bytes only; never raises.
        write: (source, out, options) -> the store is at `out`.
        extra_options: names that `ImportOptions.extra` may hold.
    """

    name: str
    looks_like: str
    recognises: Callable[[Path], bool]
    write: Callable[[Path, Path, ImportOptions], None]
    extra_options: frozenset[str] = frozenset()
