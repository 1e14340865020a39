"""The formats, known by how a file's name ends."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lddu.errors import ConfigError
from lddu.exports.answered import Answered
from lddu.exports.elan import eaf
from lddu.exports.events import boris_events, plain_events
from lddu.exports.praat import textgrid
from lddu.exports.subtitles import srt, vtt
from lddu.exports.tables import json_lines, long_csv, parquet, wide_csv
from lddu.sentences import listed


@dataclass(frozen=True)
class Format:
    """How answers are written.

    Attributes:
        ending: of the name, such as ``.eaf`` or ``.long.csv``.
        write: gives the content; also gets the path, to which links may be relative.
        timed: whether every row or label needs a place in a recording.
        one_medium: whether a file describes one recording.
    """

    ending: str
    write: Callable[[Answered, Path], str | bytes]
    timed: bool = False
    one_medium: bool = False

    def ends(self, name: str) -> bool:
        """Whether a file of this name is meant; ``talk_long.csv`` is as good as ``talk.long.csv``."""
        first = r"(^|[._-])" if self.ending.count(".") > 1 else r"\."
        return re.search(f"{first}{re.escape(self.ending[1:])}$", name, re.IGNORECASE) is not None


FORMATS = (
    Format(".srt", srt, timed=True, one_medium=True),
    Format(".vtt", vtt, timed=True, one_medium=True),
    Format(".eaf", eaf, timed=True, one_medium=True),
    Format(".TextGrid", textgrid, timed=True, one_medium=True),
    Format(".boris.csv", boris_events(","), timed=True),
    Format(".boris.tsv", boris_events("\t"), timed=True),
    Format(".events.csv", plain_events(","), timed=True),
    Format(".events.tsv", plain_events("\t"), timed=True),
    Format(".long.csv", long_csv),
    Format(".wide.csv", wide_csv),
    Format(".csv", wide_csv),
    Format(".parquet", parquet),
    Format(".jsonl", json_lines),
)
"""Longer endings before the shorter ones that they hold."""


def format_of(path: Path) -> Format:
    """The format of a file's name.

    Raises:
        ConfigError: where there is none.
    """
    kind = next((known for known in FORMATS if known.ends(path.name)), None)
    if kind is None:
        endings = listed([known.ending for known in FORMATS]).replace(" and ", " or ")
        raise ConfigError(f"Expected an export that ends in {endings}, but got {path}; rename it.")
    return kind
