"""Extracting many files: in this process, in several of this machine, or on a cluster."""

import errno
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.done import DoneFolder
from lddu.clips.extractor import ClipExtractor
from lddu.clips.spans import Source
from lddu.errors import LdduError, MismatchError
from lddu.machine.processes import Workers

_OF_THE_SYSTEM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)
"""What no file is to blame for: no room, nothing may be written, too many files are open."""


@dataclass(frozen=True)
class FileJob:
    """One file to extract and the key under which its clips are kept."""

    source: Source
    key: str


@dataclass(frozen=True)
class FileOutcome:
    """The result for a file: `fault` is empty, or the sentence on why it failed."""

    job: FileJob
    fault: str


def work_off(
    jobs: Sequence[FileJob],
    extractor: ClipExtractor,
    done: DoneFolder,
    workers: Workers | None,
    watch: Callable[[FileJob, float], None] = lambda *_: None,
) -> Iterator[FileOutcome]:
    """Extract every file; outcomes come as files are finished.

    Args:
        jobs: the files.
        extractor: used here where there are no workers; each worker loads its own.
        done: where finished files are kept; workers on other machines have to share it.
        workers: processes that do it; None extracts in this one.
        watch: callback with a file and the share of it that is done, where this process does it.

    Raises:
        MismatchError: where a machine's packages would make other features.
        OSError: where the system has no room for what is extracted, whatever the file.
    """
    if workers is None:
        for job in jobs:
            yield FileOutcome(job, _extract_into(done, extractor, job, partial(watch, job)))
        return
    opening = _ExtractorOpening(extractor.config, tuple(extractor.feature_names().items()), done.path)
    for outcome in workers.work_off(opening, jobs):
        fault = _died(outcome.job) if outcome.result is None else outcome.result
        if not fault and not done.holds(outcome.job.key):
            fault = (
                f"Expected the clips of {outcome.job.source.file} in {done.path}, but the machine that extracted them has "
                "put them elsewhere; name a place for the store that all machines share."
            )
        yield FileOutcome(outcome.job, fault)


@dataclass(frozen=True)
class _ExtractorOpening:
    """Makes a process ready to extract; `features` is how the leading process would make them."""

    config: ExtractorConfig
    features: tuple[tuple[str, str], ...]
    done: Path

    def __call__(self) -> Callable[[FileJob], str]:
        extractor = ClipExtractor(self.config)
        for name, feature in extractor.feature_names().items():
            if feature != dict(self.features)[name]:
                raise MismatchError(
                    f"Expected all machines to extract {name} alike ({dict(self.features)[name]}), but {platform.node()} would "
                    f"do it otherwise ({feature}); install the same packages on all."
                )
        return partial(_extract_into, DoneFolder(self.done), extractor)


def _extract_into(
    done: DoneFolder, extractor: ClipExtractor, job: FileJob, watch: Callable[[float], None] = lambda _: None
) -> str:
    """Extract one file and keep its clips; returns the sentence that says why it failed, or nothing."""
    try:
        clips = extractor.extract(job.source, watch)
    except LdduError as fault:
        return str(fault)
    except Exception as fault:  # whatever a strange file provokes must not stop the others; it is reported
        if isinstance(fault, OSError) and fault.errno in _OF_THE_SYSTEM:
            raise
        return f"Expected {job.source.file or job.source.clip} to be extracted, but got {type(fault).__name__} ({fault}); convert the file."
    done.put(job.key, clips)  # where this fails, the next file would fail too: none of them is called broken for it
    return ""


def _died(job: FileJob) -> str:
    return (
        f"Expected {job.source.file or job.source.clip} to be extracted, but the process that did it died; "
        "the file is damaged in a way that crashes the decoder, or memory ran out: convert it."
    )
