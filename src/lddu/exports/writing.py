"""Write answers into files of other tools, each in one step; nothing is overwritten unless forced."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from lddu.clips.words.beside import is_named_after
from lddu.errors import ConfigError, MismatchError, RunError, parameter
from lddu.exports.answered import Answered
from lddu.exports.formats import Format, format_of
from lddu.exports.text import one_line
from lddu.machine.atomic import refuse_unwritable, replaced_file
from lddu.sentences import counted, some
from lddu.store.sheet.lines import SHEET_NAMES

NAME = "{name}"
"""In the name of a file: write one for each recording, under its name."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        files: in order of the recordings.
        left_out: ids of clips without a place in a recording, which the format needs.
    """

    files: tuple[Path, ...]
    left_out: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """Sentences on what is missing."""
        if not self.left_out:
            return []
        clips = f"{counted(len(self.left_out), 'clip')} without a known time in a recording"
        return [f"{clips} {'is' if len(self.left_out) == 1 else 'are'} not in {self.files[0]}: {some(self.left_out)}"]


def check_export(path: Path, force: bool, media: Sequence[str] | None = None) -> None:
    """Refuse, before anything is computed, what could not be written after it.

    Args:
        path: of the export, or of several with ``{name}``.
        force: replace a file.
        media: paths of what is exported, where they are known; for a format with times, of recordings alone.

    Raises:
        ConfigError: where the name asks for no format, or for one recording and there are several.
        MismatchError: where the format needs times in recordings, and there is none.
        RunError: where the place is taken.
    """
    kind = format_of(path)
    if NAME in str(path.parent):
        raise ConfigError(
            f"Expected {NAME} in the name of the file alone, but got {path}; leave it out of the folders."
        )
    if media is None:
        if NAME not in path.name:
            _check_free(path, force)
        return
    if kind.timed and not media:
        raise MismatchError(
            f"Expected clips with a time in a video or sound for {path}, but none has one; export .csv, .parquet or .jsonl, "
            "which need none."
        )
    for target in _targets(path, kind, list(dict.fromkeys(media))):
        _check_free(target, force)
        _check_not_read_back(target, media)


def write_export(answered: Answered, path: Path, force: bool = False) -> Exported:
    """Write the answers in the format that the name of the file asks for.

    Args:
        answered: the clips.
        path: such as ``talk.eaf``; with ``{name}`` in it, a file for each recording.
        force: replace what is there.

    Raises:
        ConfigError: where the name asks for no format, or for one recording and there are several.
        MismatchError: where the format needs places in recordings, and no clip has one.
        RunError: where the place is taken.
    """
    kind = format_of(path)
    rows = [n for n, clip in enumerate(answered.clips) if clip.placed or not kind.timed]
    left_out = tuple(one_line(answered.clips[n].clip) for n in sorted({*range(len(answered.clips))} - {*rows}))
    files = [answered.clips[n].file for n in rows]
    check_export(path, force, files)
    targets = _targets(path, kind, list(dict.fromkeys(files)))
    for target, file in targets.items():
        part = answered.some([n for n in rows if file is None or answered.clips[n].file == file])
        content = kind.write(part, target)
        with replaced_file(target) as temporary:
            temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return Exported(tuple(targets), left_out)


def _targets(path: Path, kind: Format, media: Sequence[str]) -> dict[Path, str | None]:
    """Path -> the recording it describes; None where it describes all."""
    if NAME not in path.name:
        if kind.one_medium and len(media) > 1:
            raise ConfigError(
                f"Expected one recording for {path}, but got {len(media)} ({some(list(map(one_line, media)), 3)}); write a "
                f"file for each, as {path.with_name(NAME + kind.ending)} does."
            )
        return {path: None}
    if "" in media:
        raise MismatchError(f"Expected clips of known files for {path}, but some have none; leave {NAME} out.")
    targets: dict[Path, str | None] = {}
    taken = set[str]()
    for file in media:
        stem = next(name for name in _names(Path(file)) if name.lower() not in taken)
        taken.add(stem.lower())
        targets[path.with_name(path.name.replace(NAME, stem))] = file
    return targets


def _names(file: Path) -> Iterator[str]:
    """Names for the export of a recording, the best first: talk, talk.mp4, talk.mp4-2, ..."""
    yield from (file.stem, file.name)
    yield from (f"{file.name}-{number}" for number in count(2))


def _check_free(path: Path, force: bool) -> None:
    refuse_unwritable(path)
    if path.is_dir():
        raise RunError(f"Expected {path} to be a file to write, but it is a folder; choose another name.")
    if path.exists() and not force:
        raise RunError(f"Expected {path} to be free, but it exists; choose another or add {parameter('force', True)}.")


def _check_not_read_back(path: Path, media: Sequence[str]) -> None:
    """Refuse names under which `extract` and `predict` would read answers as words, face features or a manifest."""
    here = path.absolute()
    read_as = "a manifest" if path.name in SHEET_NAMES else ""
    for file in (Path(file).absolute() for file in media if file):
        if is_named_after(here, file):
            read_as = f"the transcript of {file.name}"
        elif here == file.with_suffix(".csv"):
            read_as = f"the action units of {file.name}"
    if read_as:
        better = path.with_name(f"{path.stem}.emotions{path.suffix}")
        raise ConfigError(
            f"Expected a name of its own for {path}, which would be read as {read_as}; call it {better.name}."
        )
