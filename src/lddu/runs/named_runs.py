"""What a user may call a run wherever one is read: its folder, a .zip of it, a known name such as ``default``, or ``user/name``.

A known name stands for a run that comes with the package, ``user/name`` for one on the Hugging Face Hub (`lddu.runs.hub_names`
says when). The run of the package never answers for what does not exist: a mistyped path is refused.
"""

import difflib
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from lddu.errors import ConfigError, RunError, parameter
from lddu.models.families import family_of
from lddu.models.family import FamilyLike
from lddu.runs.hub_names import hub_name
from lddu.runs.run_archive import is_archive, unpack_run
from lddu.runs.run_folder import RunFolder, RunLike

DEFAULT = "default"
"""The run that answers where none is named."""

KNOWN: Mapping[str, str] = {DEFAULT: "default"}
"""Name -> folder of the run below lddu/pretrained."""

_MARKS = ("config.json", "decision.json", "model.safetensors", "member-0")
"""A folder with one of these was meant to be a run, even where its config.json is lost."""


def opened_run(run: RunLike, family: FamilyLike | None = None) -> RunFolder:
    """The run, whichever way it is named; what is unpacked for it goes when nothing holds it any more.

    Args:
        run: a run, its folder, a .zip of its folder, or, as a `str`, a known name or the name of a run on the Hugging Face
            Hub. A `Path` is never a name.
        family: of its model, where that is not registered under its name; a `RunFolder` has its own.

    Raises:
        ConfigError: where a `RunFolder` of another family is given beside it, or the family is not known here.
        RunError: where there is no such run, it cannot be fetched, or a known name could also mean a file that is there.
        PackageError: where it is on the Hub, and huggingface_hub is not installed.
    """
    if isinstance(run, RunFolder):
        if family is not None and family_of(family) != run.family:
            raise ConfigError(
                f"Expected {parameter('family')} only beside the name of a run, but the run in {run.place} is of {run.family.name}; leave it "
                "out, or give RunFolder the family."
            )
        return run
    if isinstance(run, str) and run in KNOWN:
        if Path(run).exists():
            raise RunError(
                f"Expected {run!r} to be the run of the package alone, but a file or folder of that name lies here too; write "
                f"./{run} for that one, or work in another folder."
            )
        return _packaged(run, family)
    if isinstance(run, str) and (name := hub_name(run)):
        from lddu.runs.hub import fetched_run  # loads huggingface_hub

        return fetched_run(name, family, did_you_mean(run))
    path = Path(run)
    if is_archive(path):
        return _unpacked(path, family)
    if not path.exists():
        raise RunError(
            f"Expected a run folder at {run}, but there is none{did_you_mean(str(run))}; make one with 'lddu train'."
        )
    if not path.is_dir():
        raise RunError(
            f"Expected a run folder at {run}, or a .zip of one, but it is another file; name the folder itself."
        )
    return RunFolder(path, family)


def default_run() -> RunFolder:
    """The run that answers where none is named, whatever else lies here.

    Raises:
        RunError: where this installation comes without.
    """
    return _packaged(DEFAULT)


def named_by(word: str) -> bool:
    """Whether a word of the command line means a run: a folder of one, a .zip, a known name, or one on the Hub."""
    path = Path(word)
    if word in KNOWN or hub_name(word) or is_archive(path):
        return True
    return path.is_dir() and not (path / "manifest.json").exists() and any((path / name).exists() for name in _MARKS)


def did_you_mean(word: str) -> str:
    """Known names, and files and folders beside it, that look like a word that is neither; empty where none does."""
    path = Path(word)
    there = [*KNOWN]
    if path.parent.is_dir():
        there += [str(path.with_name(entry.name)) for entry in path.parent.iterdir()]
    near = difflib.get_close_matches(word, there, n=2, cutoff=0.65)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _packaged(name: str, family: FamilyLike | None = None) -> RunFolder:
    """A run that comes with the package."""
    folder = Path(str(files("lddu"))) / "pretrained" / KNOWN[name]
    if not (folder / "config.json").is_file():
        raise RunError(
            f"Expected the run {name!r} in this installation of lddu, but it comes without; install a release, or name a run of "
            "your own."
        )
    return RunFolder(folder, family, place=name)


def _unpacked(archive: Path, family: FamilyLike | None) -> RunFolder:
    folder = Path(tempfile.mkdtemp(prefix="lddu-run-"))
    try:
        unpack_run(archive, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    run = RunFolder(folder, family, place=str(archive))
    weakref.finalize(run, shutil.rmtree, folder, ignore_errors=True)
    return run
