"""Names of runs on the Hugging Face Hub: ``user/name``, ``user/name@revision``, or the same after ``hf://``.

A name is decided on without the network. What is here, or would be in a folder that is here, is a path.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_PART = r"[A-Za-z0-9](?:[\w.-]{0,94}\w)?"
_NAME = re.compile(rf"(hf://)?({_PART}/{_PART})(?:@([\w][\w./-]{{0,199}}))?", re.ASCII)

_TABLES = {".txt", ".csv", ".tsv", ".json", ".jsonl", ".xlsx", ".parquet", ".zip"}


@dataclass(frozen=True)
class HubName:
    """A run on the Hub.

    Attributes:
        repository: owner and name.
        revision: branch, tag or commit; empty for the newest.
    """

    repository: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}" if self.revision else self.repository


def hub_name(word: str) -> HubName | None:
    """The run on the Hub that a word means; None where it can only be a path.

    Example:
        >>> hub_name("someone/voices@v1")
        HubName(repository='someone/voices', revision='v1')
        >>> hub_name("clips/talk.mp4"), hub_name("voices"), hub_name("/someone/voices")
        (None, None, None)
    """
    match = _NAME.fullmatch(word)
    if match is None or ".." in word:
        return None
    prefix, repository, revision = match.groups()
    path = Path(word)
    if not prefix and (path.exists() or path.parent.exists() or _is_of_a_file(repository)):
        return None
    return HubName(repository, revision or "")


def _is_of_a_file(name: str) -> bool:
    """Whether a name ends as inputs do; a repository of such a name is named after ``hf://``."""
    from lddu.clips.media.files import MEDIA_SUFFIXES, PHOTO_SUFFIXES  # stores do not need them

    return Path(name).suffix.lower() in MEDIA_SUFFIXES | PHOTO_SUFFIXES | _TABLES
