"""Extracting many files: in this process, in several of this machine, or on a cluster."""

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lddu.clips.done import DoneFolder
from lddu.clips.extractor import ClipExtractor, ExtractorConfig, Source
from lddu.errors import LdduError, MismatchError
from lddu.machine.processes import Lanes


@dataclass(frozen=True)
class Task:
    """One file to extract and the key under which its clips are kept."""

    source: Source
    key: str


@dataclass(frozen=True)
class Outcome:
    """What became of a file: `fault` is empty, or the sentence that says why it failed."""

    task: Task
    fault: str


def work_off(
    tasks: Sequence[Task],
    extractor: ClipExtractor,
    done: DoneFolder,
    lanes: Lanes | None,
    watch: Callable[[Task, float], None] = lambda *_: None,
) -> Iterator[Outcome]:
    """Extract every file; outcomes come as files are finished.

    Args:
        tasks: the files.
        extractor: used here where there are no lanes; each lane loads its own.
        done: where finished files are kept; lanes on other machines have to share it.
        lanes: processes that do it; None extracts in this one.
        watch: hears, where this process does it, again and again which share of a file is done.

    Raises:
        MismatchError: where a machine's packages would make other features.
    """
    if lanes is None:
        for task in tasks:
            yield Outcome(task, _extract_into(done, extractor, task, partial(watch, task)))
        return
    opening = _LaneOpening(extractor.config, tuple(extractor.feature_names().items()), done.path)
    for outcome in lanes.work_off(opening, tasks):
        fault = _died(outcome.task) if outcome.result is None else outcome.result
        if not fault and not done.holds(outcome.task.key):
            fault = (
                f"Expected the clips of {outcome.task.source.path} in {done.path}, but the machine that extracted them has "
                "put them elsewhere; give an --out that all machines share."
            )
        yield Outcome(outcome.task, fault)


@dataclass(frozen=True)
class _LaneOpening:
    """Makes a process ready to extract; `features` is how the leading process would make them."""

    config: ExtractorConfig
    features: tuple[tuple[str, str], ...]
    done: Path

    def __call__(self) -> Callable[[Task], str]:
        extractor = ClipExtractor(self.config)
        for name, feature in extractor.feature_names().items():
            if feature != dict(self.features)[name]:
                raise MismatchError(
                    f"Expected all machines to extract {name} alike ({dict(self.features)[name]}), but {platform.node()} would "
                    f"do it otherwise ({feature}); install the same packages on all."
                )
        return partial(_extract_into, DoneFolder(self.done), extractor)


def _extract_into(
    done: DoneFolder, extractor: ClipExtractor, task: Task, watch: Callable[[float], None] = lambda _: None
) -> str:
    """Extract one file and keep its clips; returns the sentence that says why it failed, or nothing."""
    try:
        done.put(task.key, extractor.extract(task.source, watch))
    except LdduError as fault:
        return str(fault)
    except Exception as fault:  # whatever a strange file provokes must not stop the others; it is told, not hidden
        return (
            f"Expected {task.source.path} to be extracted, but got {type(fault).__name__} ({fault}); convert the file."
        )
    return ""


def _died(task: Task) -> str:
    return (
        f"Expected {task.source.path} to be extracted, but the process that did it died; "
        "the file is damaged in a way that crashes the decoder, or memory ran out: convert it."
    )
