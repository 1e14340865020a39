"""A run folder for others: what predicting needs, without clips, names or paths, and a list of its files with checksums.

`packed_run` makes one; `listed_files` reads the list of a stranger's, and lets nothing in that is not a file of a run.
Format in docs/run_folder.md.
"""

import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import lddu
from lddu.errors import RunError
from lddu.machine.atomic import write_text
from lddu.runs.about import FILE as ABOUT
from lddu.runs.familiarity import FILE as FAMILIARITY
from lddu.runs.familiarity import validation_reference
from lddu.runs.run_archive import MOST_BYTES, RUN_FILES, is_run_file
from lddu.runs.run_folder import RunDescription, RunFolder
from lddu.runs.subgroups import without_people
from lddu.sentences import counted
from lddu.store.store import file_sha256

LIST = "lddu.json"
"""The list of files; a folder or repository without it was not shared by lddu."""

FORMAT = "lddu-shared-run"
VERSION = 1

MOST_LIST_BYTES = 1 << 20
CARD = "README.md"

OF_CLIPS = ("predictions.parquet", "latent_map.json", "log.jsonl")
"""Shared only with `with_clips`: ids, groups and labels of clips, and what the report draws from."""

REPORT = "report.html"
"""A run has one, but nobody opens a stranger's."""

_OF_TRAINING = re.compile(
    r"(?:was ignored: no training clip has it|of \d+ clips was cut to its first \d+ steps \(model\.max_steps\))$"
    r"|(?:has no known label in train|is (?:absent from|present in) every labelled clip of train): "
    r"|(?:.* )?could not be learnt from .* alone: no training clip of it alone has a known label$"
)
"""What `lddu.training.plan` says of an emotion or a modality, after its name; no such sentence names a clip."""

_ABOUT_SPLITS = re.compile(r"there is no test split|no test clip has a label")
_ABOUT_GROUPS = re.compile(
    r"(\d+ groups? \(speakers, videos\) with clips in more than one of .*?), such as .*(: the metrics .*)"
)
_CHECKSUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ListedFile:
    """A file as the list has it: its size in bytes, and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class PackedRun:
    """A run that may go to others.

    Attributes:
        folder: that holds it.
        files: name -> size in bytes.
        left_out: what stays here, in words.
    """

    folder: RunFolder
    files: Mapping[str, int]
    left_out: tuple[str, ...]


def packed_run(run: RunFolder, folder: Path, with_clips: bool = False) -> PackedRun:
    """Copy what others may have of a run.

    Its figures, decision and weights stay as they are. Of the store only the name of its folder and its checksum stay, of
    paths in the command only the last part, of the validation clips how noisy and how far from training they are.

    Args:
        run: finished, with weights.
        folder: empty.
        with_clips: also the ids, groups, labels and predictions of validation and test clips.

    Raises:
        RunError: where the run is unfinished or damaged, or has no weights.
    """
    _refuse_unfit(run)
    description = run.description
    warnings = _warnings(description) if not with_clips else description.warnings
    packed = RunFolder(folder, run.opened_as)
    _write_config(packed, replace(description, warnings=warnings))
    for member in run.members():
        target = packed.path / member.path.relative_to(run.path)
        target.mkdir(exist_ok=True)
        shutil.copyfile(member.path / "model.safetensors", target / "model.safetensors")
        if member is not run:
            _write_config(RunFolder(target), replace(member.description, warnings=()))
    packed.write_json("decision.json", run.read_json("decision.json"))
    metrics = run.read_json("metrics.json") if with_clips else without_people(run.read_json("metrics.json"))
    packed.write_json("metrics.json", {**metrics, "warnings": list(warnings)})
    if (run.path / ABOUT).is_file():
        packed.write_json(ABOUT, run.read_json(ABOUT))
    if (reference := validation_reference(run)) is not None:
        packed.write_json(FAMILIARITY, reference.to_mapping())
    for name in OF_CLIPS if with_clips else ():
        if (run.path / name).is_file():
            shutil.copyfile(run.path / name, folder / name)
    _write_list(folder)
    left_out = tuple(_left_out(run, len(description.warnings) - len(warnings), with_clips))
    return PackedRun(packed, {name: (folder / name).stat().st_size for name in _names(folder)}, left_out)


def listed_files(text: bytes, place: str) -> dict[str, ListedFile]:
    """Name -> size and checksum of the files of a run, as its list says.

    Args:
        text: of the list, from a stranger.
        place: where it lies, for the message.

    Raises:
        RunError: where it is no such list, names anything but files of a run, or they would take more than `MOST_BYTES`.
    """
    try:
        content = json.loads(text)
        if content["format"] != FORMAT or not isinstance(content["version"], int):
            raise ValueError("it is of another format")
        if content["version"] > VERSION:
            raise ValueError(f"it is of version {content['version']}, which a newer lddu reads")
        files = {name: _listed(name, entry) for name, entry in content["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise RunError(
            f"Expected {LIST} of {place} to list the files of a run, but it does not ({str(fault)[:120]}); ask whoever shared it "
            "to share it again."
        ) from None
    if "config.json" not in files or sum(file.size for file in files.values()) > MOST_BYTES:
        why = "takes more" if "config.json" in files else "has no config.json"
        raise RunError(
            f"Expected {place} to be a run of at most {MOST_BYTES / 2**30:.3g} GiB, but it {why}; use another."
        )
    return files


def refuse_altered(file: Path, listed: ListedFile, label: str) -> None:
    """Refuse a file that is not the one that the list describes.

    Raises:
        RunError: where its size or checksum is another.
    """
    if file.stat().st_size == listed.size and file_sha256(file) == listed.sha256:
        return
    raise RunError(
        f"Expected {label} to have the checksum that {LIST} says, but it has another: it was altered or cut short; remove it from "
        "the cache and fetch it again, or ask whoever shared it to share it again."
    )


def _refuse_unfit(run: RunFolder) -> None:
    if run.description.imported:
        raise RunError(
            f"Expected a run with a model to share, but {run.place} was imported from a table of answers; share that table."
        )
    if not run.finished:
        raise RunError(
            f"Expected a finished run to share, but the training of {run.place} has not ended; go on with 'lddu train "
            f"--resume {run.place}'."
        )
    run.load_decision()
    for member in run.members():
        member.load_model()  # what nobody could load is not shared


def _write_config(folder: RunFolder, description: RunDescription) -> None:
    store = description.store
    shared = {
        "path": PurePath(str(store.get("path", ""))).name,
        "manifest_sha256": store["manifest_sha256"],
        "source": {},
    }
    folder.write_json(
        "config.json", replace(description, store=shared, command=_command(description.command)).to_mapping()
    )


def _command(line: str) -> str:
    """The command with the last part of every path alone."""
    try:
        words = shlex.split(line)
    except ValueError:
        return ""
    return shlex.join(re.sub(r"(?<=[=/\\])[^=]*[/\\](?=.)|^[^=]*[/\\](?=.)", "", word.rstrip("/\\")) for word in words)


def _warnings(description: RunDescription) -> tuple[str, ...]:
    """The warnings that name no clip: those on emotions, modalities and splits; of groups only how many."""
    mended = [_ABOUT_GROUPS.sub(r"\1\2", sentence) for sentence in description.warnings]
    pairs = zip(mended, description.warnings, strict=True)
    return tuple(sentence for sentence, before in pairs if sentence != before or _names_no_clip(sentence, description))


def _names_no_clip(sentence: str, description: RunDescription) -> bool:
    subjects = (*description.task.emotions, *description.task.dimensions)
    rests = [sentence[len(name) + 1 :] for name in subjects if sentence.startswith(f"{name} ")]
    return bool(_ABOUT_SPLITS.match(sentence)) or any(_OF_TRAINING.match(rest) for rest in rests)


def _left_out(run: RunFolder, warnings: int, with_clips: bool) -> Iterator[str]:
    yield "the path and source of the store, and paths in the command"
    if warnings:
        yield f"{counted(warnings, 'warning')} about the store, which may name clips"
    if not with_clips and (run.path / "predictions.parquet").is_file():
        yield "ids, groups, labels and predictions of validation and test clips"
    if (run.path / REPORT).is_file():
        yield "the report"


def _names(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def _write_list(folder: Path) -> None:
    entries = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": file_sha256(folder / name)} for name in _names(folder)
    }
    listed = {"format": FORMAT, "version": VERSION, "lddu_version": lddu.__version__, "files": entries}
    write_text(folder / LIST, json.dumps(listed, indent=1) + "\n")


def _listed(name: str, entry: Mapping[str, Any]) -> ListedFile:
    size, digest = entry["bytes"], entry["sha256"]
    if not is_run_file(name) or PurePath(name).name == REPORT:
        raise ValueError(f"{name[:60]!r} is no file of a run")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0 or not _CHECKSUM.fullmatch(digest):
        raise ValueError(f"{name}: a size and a checksum expected")
    return ListedFile(size, digest)


assert set(OF_CLIPS) < set(RUN_FILES)
