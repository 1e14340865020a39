"""A run on the Hugging Face Hub: fetched once into the Hub's own cache, checked, and afterwards used without the network.

The Hub's files are data of a stranger. First comes the list of files (`lddu.runs.shared_run`); then only what it names and a run
has, after a look at its size, and nothing is used before its checksum is right.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import lddu
from lddu.errors import LdduError, PackageError, RunError
from lddu.models.family import FamilyLike
from lddu.runs.hub_names import HubName
from lddu.runs.run_folder import RunFolder
from lddu.runs.shared_run import LIST, MOST_LIST_BYTES, ListedFile, listed_files, refuse_altered

if TYPE_CHECKING:
    from huggingface_hub import HfApi

SHORT = 8
"""Letters of a commit that people see."""


def fetched_run(name: HubName, family: FamilyLike | None = None, hint: str = "") -> RunFolder:
    """The run, from the Hub or from its local cache.

    Where the Hub cannot be reached, what was fetched before answers, and the run's `note` says so.

    Args:
        name: of the run.
        family: of its model, where that is not registered under its name.
        hint: what else may have been meant, for the message where there is no such run.

    Raises:
        RunError: where there is no such run, it cannot be reached, or is not what its list says.
        PackageError: where huggingface_hub is not installed.
    """
    api = hub_api(f"the run {name} of the Hugging Face Hub (no run folder of that name is here{hint})")
    with hub_errors(str(name), hint):
        first, note = _list_of(api, name)
        commit = first.parent.name
        label = f"{name.repository}@{commit[:SHORT]}"
        files = listed_files(first.read_bytes(), label)
        for file, listed in files.items():
            _fetch(api, HubName(name.repository, commit), file, listed)
    return RunFolder(first.parent, family, place=label, note=note.format(label), revision=commit)


def hub_api(purpose: str) -> "HfApi":
    """The Hub, with the address and the token that its own settings say.

    Args:
        purpose: what it is for, to complete "... for".

    Raises:
        PackageError: where huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise PackageError.missing("huggingface_hub", purpose, "lddu[hub]") from None
    return HfApi(library_name="lddu", library_version=lddu.__version__)


@contextmanager
def hub_errors(name: str, hint: str = "") -> Iterator[None]:
    """Every fault of the Hub as one sentence, and no progress bars of its own.

    Args:
        name: of the run.
        hint: what else may have been meant.
    """
    from huggingface_hub import errors
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    bars = not are_progress_bars_disabled()
    if bars:
        disable_progress_bars()
    try:
        yield
    except LdduError:
        raise
    except errors.GatedRepoError:
        raise RunError(
            f"Expected to read the run {name} on the Hugging Face Hub, but its owner has to let you; ask on its page, then log in with "
            "'hf auth login'."
        ) from None
    except errors.RepositoryNotFoundError:
        raise RunError(
            f"Expected a run folder at {name}, or a run of that name on the Hugging Face Hub, but neither is there{hint}; check the "
            "name, and for a private one log in with 'hf auth login'."
        ) from None
    except errors.RevisionNotFoundError:
        raise RunError(f"Expected the revision that {name} names, but the repository has none; see its page.") from None
    except errors.LocalEntryNotFoundError:
        raise RunError(
            f"Expected a run folder at {name}, or a run of that name on the Hugging Face Hub, but there is no such folder{hint}, and "
            "the Hub cannot be reached and was never asked for it before; go online once."
        ) from None
    except errors.EntryNotFoundError:
        raise RunError(
            f"Expected {name} on the Hugging Face Hub to be a run that was shared by 'lddu share', but it has no {LIST}; name another."
        ) from None
    except Exception as fault:
        raise RunError(
            f"Expected to reach {name} on the Hugging Face Hub, but that failed ({_reason(fault)}); try again, or check your access to it."
        ) from None
    finally:
        if bars:
            enable_progress_bars()


def _list_of(api: "HfApi", name: HubName) -> tuple[Path, str]:
    """The list of files in the cache, and a note where it is from before; the note's {} stands for the run."""
    from huggingface_hub import errors, hf_hub_url

    here = _cached(name, LIST)
    if here is not None and here.parent.name == name.revision:  # a commit never changes
        return here, ""
    revision = name.revision or None
    try:
        metadata = api.get_hf_file_metadata(
            url=hf_hub_url(name.repository, LIST, revision=revision, endpoint=api.endpoint)
        )
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError, ValueError):
        raise
    except Exception as fault:
        if here is None:
            raise errors.LocalEntryNotFoundError(str(fault)) from fault
        return here, "the Hugging Face Hub cannot be reached: the copy {} from before answers"
    if (metadata.size or 0) > MOST_LIST_BYTES:
        raise RunError(
            f"Expected {LIST} of {name} to be a short list, but it takes {metadata.size:,} bytes; use another run."
        )
    return Path(api.hf_hub_download(name.repository, LIST, revision=revision)), ""


def _fetch(api: "HfApi", name: HubName, file: str, listed: ListedFile) -> None:
    """A file of a commit, in the cache and checked."""
    label = f"{file} of {name.repository}@{name.revision[:SHORT]}"
    path = _cached(name, file)
    if path is None:
        with _arriving(label):
            offered = api.hf_hub_download(name.repository, file, revision=name.revision, dry_run=True).file_size
        if offered != listed.size:
            raise RunError(
                f"Expected {label} to take {listed.size:,} bytes, as {LIST} says, but it takes {offered or 0:,}; nothing of it was "
                "fetched: ask whoever shared it to share it again."
            )
        with _arriving(label):
            path = Path(api.hf_hub_download(name.repository, file, revision=name.revision))
    refuse_altered(path, listed, label)


@contextmanager
def _arriving(label: str) -> Iterator[None]:
    """Every fault of a file after the list has arrived: here the Hub was reached, and knew the run."""
    from huggingface_hub import errors

    try:
        yield
    except errors.RemoteEntryNotFoundError:
        raise RunError(
            f"Expected {label}, as {LIST} says, but it is not there; ask whoever shared it to share it again."
        ) from None
    except errors.RepositoryNotFoundError:  # also gated: closed since
        raise
    except Exception as fault:
        raise RunError(
            f"Expected all of {label} from the Hugging Face Hub, but the download broke off ({_reason(fault)}); run the same again: "
            "files that have arrived stay."
        ) from None


def _reason(fault: Exception) -> str:
    """What went wrong, in the words of what broke first and on one line."""
    first = fault.__cause__ or fault
    return (str(first).strip().splitlines() or [type(first).__name__])[0][:200]


def _cached(name: HubName, file: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(name.repository, file, revision=name.revision or None)
    return Path(path) if isinstance(path, str) else None
