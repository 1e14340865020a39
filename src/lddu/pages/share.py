"""Sharing a run on the Hugging Face Hub: its files without clips, and its card, in one commit."""

import json
import re
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lddu.errors import ConfigError, RunError, parameter
from lddu.pages.card import model_card
from lddu.runs.about import About, about_of
from lddu.runs.hub import SHORT, hub_api, hub_errors
from lddu.runs.hub_names import hub_name
from lddu.runs.named_runs import opened_run
from lddu.runs.run_archive import is_run_file
from lddu.runs.run_folder import RunFolder, RunLike
from lddu.runs.shared_run import CARD, LIST, PackedRun, packed_run
from lddu.sentences import counted

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TAGS = ("lddu", "emotion-recognition", "multimodal", "multi-label", "calibration", "uncertainty")

LICENCES = (
    "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0", "cc-by-nd-4.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "unlicense",
)  # fmt: skip
"""As the Hub writes them; any other goes along by its name."""

_ALWAYS_THERE = (".gitattributes", CARD)


@dataclass(frozen=True)
class PushedRun:
    """A run on the Hub.

    Attributes:
        repository: owner and name.
        revision: the commit.
        address: of its page.
        private: whether only its owner sees it.
        packed: what went up, and what stayed.
    """

    repository: str
    revision: str
    address: str
    private: bool
    packed: PackedRun

    def __repr__(self) -> str:
        seen = "private" if self.private else "public"
        return (
            f"PushedRun({self.repository}@{self.revision[:SHORT]}, {seen}, {counted(len(self.packed.files), 'file')})"
        )


def push_to_hub(
    run: RunLike, repository: str, private: bool = True, with_clips: bool = False, message: str = ""
) -> PushedRun:
    """Share a run on the Hugging Face Hub, as one commit; `lddu.load(repository)` loads it (extra `hub`).

    Weights, settings, decision, figures, `about.json` and the card go up. Of the corpus nothing does, unless `with_clips`:
    docs/run_folder.md says what stays. Log in once with ``hf auth login``.

    Args:
        run: finished, or what it is called.
        repository: owner and name, such as ``someone/voices``; made where there is none.
        private: of a repository that is made; one that is there stays as it is.
        with_clips: also the ids, groups, labels and predictions of validation and test clips.
        message: of the commit.

    Raises:
        RunError: where the run cannot be shared, or the repository is public though a private one is meant, or holds something else.
        ConfigError: where the name is none.
        PackageError: where huggingface_hub is not installed.
    """
    target = repository_name(repository)
    with tempfile.TemporaryDirectory(prefix="lddu-share-") as folder:
        packed = prepared(opened_run(run), Path(folder), target, with_clips)
        api = hub_api(f"sharing {target}")
        with hub_errors(target):
            seen_by_all = _open_to(api, target, private)
            _refuse_other_content(target, there := api.list_repo_files(target))
            commit = _committed(api, target, packed, there, message or "Share a run of lddu")
    return PushedRun(target, commit, f"{api.endpoint}/{target}", not seen_by_all, packed)


def repository_name(repository: str) -> str:
    """Owner and name, without ``hf://``.

    Raises:
        ConfigError: where it is something else.
    """
    name = hub_name(f"hf://{repository.removeprefix('hf://')}")
    if name is None or name.revision:
        raise ConfigError(
            f"Expected {parameter('repository')} to be the name of a repository, such as someone/voices, but got {repository!r}."
        )
    return name.repository


def prepared(run: RunFolder, folder: Path, repository: str, with_clips: bool) -> PackedRun:
    """What goes up, in a folder; nothing is sent.

    Raises:
        RunError: where the run cannot be shared.
    """
    packed = packed_run(run, folder, with_clips)
    named = RunFolder(folder, run.opened_as, place=repository)
    (folder / CARD).write_text(hub_card(named, repository), encoding="utf-8")
    return replace(packed, folder=named, files={**packed.files, CARD: (folder / CARD).stat().st_size})


def hub_card(run: RunFolder, repository: str) -> str:
    """The card of a run, with the Hub's metadata before it."""
    about = about_of(run)
    metadata = {
        "library_name": "lddu",
        **licence_of(about),
        "tags": [*TAGS, *run.description.task.dimensions],
    }
    lines = ["---"]
    for key, value in metadata.items():
        lines.append(f"{key}: {json.dumps(value)}")  # JSON is YAML
    title, _, rest = model_card(run).partition("\n")
    use = f"    pip install 'lddu[clips,hub]'\n    lddu predict {repository} talk.mp4"
    return "\n".join([*lines, "---", "", title, "", use, rest])


def licence_of(about: About | None) -> dict[str, str]:
    """Licence of the weights as the Hub writes it; empty where none is recorded.

    Example:
        >>> licence_of(About("voices", licence="MIT")), licence_of(About("voices", licence="for research"))
        ({'license': 'mit'}, {'license': 'other', 'license_name': 'for-research'})
    """
    if about is None or not about.licence.strip():
        return {}
    name = re.sub(r"[^a-z0-9.]+", "-", about.licence.lower()).strip("-.")
    return {"license": name} if name in LICENCES else {"license": "other", "license_name": name[:60] or "other"}


def _open_to(api: "HfApi", repository: str, private: bool) -> bool:
    """Make the repository where there is none; whether everybody sees it."""
    api.create_repo(repository, private=private, exist_ok=True)
    public = not api.model_info(repository).private
    if public and private:
        raise RunError(
            f"Expected {repository} to be private, but it is there already and public; add {parameter('private', False)} to share it with "
            "everybody, or choose another name."
        )
    return public


def _refuse_other_content(repository: str, there: Sequence[str]) -> None:
    others = [name for name in there if name not in _ALWAYS_THERE]
    if others and LIST not in others:
        raise RunError(
            f"Expected {repository} to be empty or to hold a run that lddu shared, but it holds {others[0]}; choose another name."
        )


def _committed(api: "HfApi", repository: str, packed: PackedRun, there: Sequence[str], message: str) -> str:
    """One commit: every file of the run, and none of an older one."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    stale = [name for name in there if is_run_file(name) and name not in packed.files]
    operations: list[CommitOperationDelete | CommitOperationAdd] = [CommitOperationDelete(name) for name in stale]
    operations += [CommitOperationAdd(name, packed.folder.path / name) for name in packed.files]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "It seems that you are about to commit a data file")  # as intended
        return str(api.create_commit(repository, operations, commit_message=message).oid)
