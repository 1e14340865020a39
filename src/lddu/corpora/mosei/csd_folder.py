"""A folder of `.csd` files: which file is the words, the voice, the face, the labels, and which are left out."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lddu.corpora.mosei.csd_file import CsdFile, opened_csd
from lddu.errors import SourceError, parameter

_ROLES: Mapping[str, Sequence[str]] = {
    "labels": ("label",),
    "text": ("glove", "wordvector", "bert"),
    "words": ("words",),
    "audio": ("covarep", "opensmile"),
    "visual": ("facet", "openface"),
}
"""Role -> what the name of a sequence or of its file holds; the sooner, the rather is it taken. First what the papers use."""

_WITH_SILENCES = "withsp"
"""Word vectors with rows for silences: the papers use those without."""

_LOOKED_AT = 20
"""Entries that are searched for one with a row."""

_COLUMNS = 7
"""Columns of labels with sentiment and emotions; the SDK has them apart too, in one column and in six."""


@dataclass(frozen=True)
class CsdFolder:
    """The open files.

    Attributes:
        files: role (labels, text, words, audio, visual) -> file.
        left_out: sentences about the files that are not used.
    """

    files: Mapping[str, CsdFile]
    left_out: Sequence[str]


@dataclass(frozen=True)
class _Candidate:
    """A file that could play a role; of several, the one of the lowest rank is taken."""

    role: str
    rank: int
    file: CsdFile


def opened_folder(source: Path, labels: Path | None, opened: ExitStack) -> CsdFolder:
    """Open every ``.csd`` of a folder. The SDK's own list gives two faces and two voices: one of each is taken.

    Args:
        source: the folder.
        labels: the label file where it lies elsewhere; those of the folder are not used then.
        opened: closes the files.

    Raises:
        SourceError: where a file is no computational sequence, there are no labels, or two files are equally good.
    """
    paths = sorted(path for path in source.glob("*.csd") if labels is None or not path.samefile(labels))
    known: list[_Candidate] = []
    strange: list[str] = []
    for path in paths:
        file = opened.enter_context(opened_csd(path))
        candidate = _candidate(file)
        if candidate is None:
            strange.append(path.name)
        elif labels is None or candidate.role != "labels":
            known.append(candidate)
    if labels is not None:
        known.append(_Candidate("labels", 0, opened.enter_context(opened_csd(labels))))
    files = {role: _best(source, role, known) for role in _ROLES if any(candidate.role == role for candidate in known)}
    if "labels" not in files:
        raise SourceError(
            f"Expected a Labels .csd (six emotions) in {source}, but there is none; add CMU_MOSEI_Labels.csd "
            f"or name it with {parameter('labels')}."
        )
    left_out = [
        f"{candidate.file.path.name} is left out, since {candidate.role} comes from {files[candidate.role].path.name}; to use it instead, "
        "move that file to another folder."
        for candidate in known
        if files[candidate.role] is not candidate.file
    ]
    if strange:
        left_out.append(f"{', '.join(strange)}: left out, neither words, voice, face nor emotions by name and content.")
    return CsdFolder(files, left_out)


def _best(source: Path, role: str, known: Sequence[_Candidate]) -> CsdFile:
    """The file of a role with the lowest rank."""
    ranked = sorted((candidate for candidate in known if candidate.role == role), key=lambda candidate: candidate.rank)
    if len(ranked) > 1 and ranked[0].rank == ranked[1].rank:
        first, second = sorted(candidate.file.path.name for candidate in ranked[:2])
        raise SourceError(
            f"Expected one file of {role} in {source}, but got {first} and {second}; move one to another folder."
        )
    return ranked[0].file


def _candidate(file: CsdFile) -> _Candidate | None:
    """The role of a file, by the name of its sequence or its own; None where neither names one."""
    for name in (file.root, file.path.name):
        plain = "".join(letter for letter in name.lower() if letter.isalnum())
        for role, signs in _ROLES.items():
            rank = next((i for i, sign in enumerate(signs) if sign in plain), None)
            if rank is not None and role == "labels":
                columns = _columns(file)
                return None if columns == 1 else _Candidate(role, int(columns != _COLUMNS), file)
            if rank is not None:
                return _Candidate(role, rank + len(signs) * (_WITH_SILENCES in plain), file)
    return None


def _columns(file: CsdFile) -> int:
    """Columns of the first entry that has a row."""
    for keys in islice(file.entries.values(), _LOOKED_AT):
        _, values = file.read_entry(keys[0])
        if len(values):
            return int(values.shape[1])
    return _COLUMNS
