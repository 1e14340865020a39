"""Raw clips to a feature store: file by file or several at once, resumable, and a broken file never stops the rest."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lddu.argument_types import refuse_other_class
from lddu.clips.configuration import ExtractorConfig
from lddu.clips.done import DoneFolder, key_of
from lddu.clips.extract_workers import FileJob, FileOutcome, work_off
from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import readable
from lddu.clips.named_models import recorded_models
from lddu.clips.sources import Listing, listing_of
from lddu.clips.steps import ClipFeatures, Steps
from lddu.errors import SourceError, StoreError, parameter
from lddu.machine.held import held
from lddu.machine.processes import ProcessWorkers, Workers, usable_cores
from lddu.sentences import counted
from lddu.store.clip_table import ClipRow
from lddu.store.provenance import MADE_BY, Failure
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, StoreWriter, refuse_existing, writing_store

SPEAKER = "_speaker"
"""The carried column of the speakers of a clip, where a transcript names them; that of a manifest takes its place."""

PERSON = "_person"
"""The carried column of whom the features are of, where every person in a clip is one."""


@dataclass(frozen=True)
class ExtractionProgress:
    """Where an extraction is.

    Attributes:
        done: files that are finished.
        total: files in all.
        file: the one that was just finished, or that is being extracted.
        fault: why it failed; empty if it went well.
        share: how much of the file is done; 1 of a finished one, which `done` counts.
    """

    done: int
    total: int
    file: str
    fault: str = ""
    share: float = 1.0

    @property
    def files(self) -> float:
        """Finished files and the part of the one at work."""
        return self.done + (self.share if self.share < 1 else 0.0)


@dataclass(frozen=True)
class Extraction:
    """What an extraction did.

    Attributes:
        store: the store's folder.
        clips: clips in it.
        files: files whose clips are in it.
        reused: of these, files that were finished before.
        missing: modality -> clips without it.
        notes: what was noted while extracting, such as "no transcript" -> clips.
        failures: files that failed.
        unlisted: media files of the folder that its manifest does not name.
        media_seconds: total length of the clips.
        wall_seconds: time this took.
        left_out: sentences on what is no clip, such as lines without words.
    """

    store: Path
    clips: int
    files: int
    reused: int
    missing: dict[str, int]
    notes: dict[str, int]
    failures: tuple[Failure, ...]
    unlisted: tuple[str, ...]
    media_seconds: float
    wall_seconds: float
    left_out: tuple[str, ...] = ()


Advance = Callable[[ExtractionProgress], None]


def extract(
    inputs: str | Path | Sequence[str | Path] | Listing,
    out: str | Path,
    config: ExtractorConfig | ClipExtractor | None = None,
    jobs: int | Literal["auto"] | Workers = 1,
    existing: str = "refuse",
    advance: Advance | None = None,
) -> Extraction:
    """Extract clips into a new store.

    Finished files are kept in ``OUT.work`` until the store is written, so that the same call goes on after a kill.

    Args:
        inputs: as `lddu.clips.sources.listing_of` takes them, or its result.
        out: folder of the store.
        config: how features are made; or an extractor, whose models may be loaded already.
        jobs: files at once on this machine, each in a process of its own beyond one: a script that asks for several does so
            under ``if __name__ == "__main__":``. ``auto`` takes one for up to four files, else one per core, at most four. Or the
            workers to extract in, such as those of `lddu.machine.cluster.ray_workers`; machines then share files and `out`.
        existing: what to do when `out` exists: ``refuse``, ``update`` (take over unchanged files) or ``replace``.
        advance: callback at the beginning, after every file, and, where this process extracts, after every hundredth of one.

    Raises:
        SourceError: where inputs are wrong, or no file at all could be extracted.
        StoreError: where `out` is taken, or being written by another process, or cannot be written.
        ConfigError: where a package or model is missing.
    """
    refuse_other_class("config", config, ExtractorConfig, ClipExtractor)
    with held(Path(out), StoreError):
        return _extract(inputs, Path(out), config, jobs, existing, advance)


def _extract(
    inputs: str | Path | Sequence[str | Path] | Listing,
    out: Path,
    config: ExtractorConfig | ClipExtractor | None,
    jobs: int | Literal["auto"] | Workers,
    existing: str,
    advance: Advance | None,
) -> Extraction:
    began = time.monotonic()
    before = _before(out, existing)
    listing = inputs if isinstance(inputs, Listing) else listing_of(inputs)
    extractor = (
        config if isinstance(config, ClipExtractor) else ClipExtractor(_as_before(config or ExtractorConfig(), before))
    )
    features = extractor.feature_names()
    file_jobs = [FileJob(source, key_of(source, extractor.config, features)) for source in listing.sources]
    done = DoneFolder(out.with_name(f"{out.name}.work"))
    done.open()
    left = [job for job in file_jobs if job.key not in before and not done.holds(job.key)]
    teller, faults = _Teller(len(file_jobs), len(file_jobs) - len(left), advance), dict[str, str]()
    for job in left[:1]:
        teller.begins(job)
    for outcome in work_off(left, extractor, done, _workers(jobs, len(left)), teller.part):
        teller.finished(outcome)
        if outcome.fault:
            faults[outcome.job.key] = outcome.fault
    if len(faults) == len(file_jobs):
        done.forget()
        raise SourceError(_all_failed(list(faults.values())))
    source: dict[str, Any] = {
        "made_by": MADE_BY,
        "config": asdict(extractor.config),
        "files": [],
        "failed": [{"file": readable(t.source.file), "reason": faults[t.key]} for t in file_jobs if t.key in faults],
    }
    description = StoreDescription(
        listing.emotions, features, source=source, simulated=listing.simulated, unlabelled=not listing.emotions
    )
    written = _Written(listing, source["files"])
    with writing_store(out, description, force=existing != "refuse") as writer:
        for job in file_jobs:
            if job.key not in faults:
                written.add(writer, job, before[job.key].clips() if job.key in before else done.get(job.key))
        for (kind, column), times in listing.repairs.items():
            writer.count(kind, column, times)
        writer.warnings += [*listing.warnings, *listing.left_out, *_warnings(len(file_jobs), faults)]
    done.forget()
    return Extraction(
        out, written.clips, _files([t for t in file_jobs if t.key not in faults]), _files(file_jobs) - _files(left),
        {name: written.clips - written.present[name] for name in features}, dict(written.notes.most_common()),
        tuple(Failure(entry["file"], entry["reason"]) for entry in source["failed"]),
        tuple(map(str, listing.unlisted)), written.seconds, time.monotonic() - began, listing.left_out,
    )  # fmt: skip


def _workers(jobs: int | Literal["auto"] | Workers, files: int) -> Workers | None:
    """A further process costs some seconds and some hundred megabytes to start: few files are not worth it."""
    if not isinstance(jobs, int | str):
        return jobs
    count = min(files, jobs if isinstance(jobs, int) else 1 if files <= 4 else min(4, usable_cores()))
    return ProcessWorkers(count) if count > 1 else None


def _files(jobs: Sequence[FileJob]) -> int:
    """Of so many; the texts of one table or text file may be several jobs."""
    return len({job.source.path for job in jobs})


class _Teller:
    """Tells `advance` what is finished and, by the hundredth, how far the file at work is."""

    def __init__(self, total: int, done: int, advance: Advance | None) -> None:
        self.total, self.done = total, done
        self._advance: Advance = advance or (lambda _: None)
        self._told = 0.0

    def begins(self, job: FileJob) -> None:
        """The first file is about to be extracted."""
        self._advance(ExtractionProgress(self.done, self.total, job.source.file, share=0.0))

    def part(self, job: FileJob, share: float) -> None:
        """A share of a file is done."""
        if self._told + 0.01 <= share < 1:
            self._told = share
            self._advance(ExtractionProgress(self.done, self.total, job.source.file, share=share))

    def finished(self, outcome: FileOutcome) -> None:
        """A file is done, or failed."""
        self.done, self._told = self.done + 1, 0.0
        self._advance(ExtractionProgress(self.done, self.total, outcome.job.source.file, outcome.fault))


class _Written:
    """Puts clips into the store and counts them; `files` is the manifest's list of what came from where."""

    def __init__(self, listing: Listing, files: list[dict[str, Any]]) -> None:
        self.clips, self.seconds = 0, 0.0
        self.present: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._rows, self._files = listing.rows, files
        self._names_speakers = not any(SPEAKER in row.carried for row in listing.rows.values())

    def add(self, writer: StoreWriter, job: FileJob, clips: Iterator[ClipFeatures]) -> None:
        ids, notes = [], {}
        for clip in clips:
            known = self._known(clip)
            shares = {f"_{name}_share": share for name, share in clip.shares.items()}
            speaker = {SPEAKER: clip.speaker} if clip.speaker and self._names_speakers else {}
            person = {PERSON: clip.person} if clip.person else {}
            row = ClipRow(
                clip=clip.clip, split=known.split, shares=known.shares, group=known.group or job.source.clip,
                start=clip.start, end=clip.end, transcript=clip.transcript, carried={**shares, **speaker, **person, **known.carried},
                modality_shares=known.modality_shares,
            )  # fmt: skip
            times = {name: there for name, steps in clip.modalities.items() if (there := steps.times) is not None}
            writer.add(row, {name: steps.values for name, steps in clip.modalities.items()}, times)
            ids.append(clip.clip)
            if clip.notes:
                notes[clip.clip] = list(clip.notes)
                self.notes.update(list(dict.fromkeys(clip.notes)))  # in their order, the same in every process
            self.seconds += 0.0 if math.isnan(clip.end) else clip.end - clip.start
            self.present.update(clip.modalities.keys())
        self.clips += len(ids)
        self._files.append({"file": job.source.file, "key": job.key, "clips": ids, "notes": notes})

    def _known(self, clip: ClipFeatures) -> ClipRow:
        """The line of the manifest; its labels are not those of one of several people."""
        row = self._rows.get(clip.clip)
        if row is None and clip.whole in self._rows:
            row = replace(self._rows[clip.whole], shares=(), modality_shares={})
        return row or ClipRow(clip.clip)


@dataclass(frozen=True)
class _Stored:
    """Clips of one file in a store that was extracted before."""

    store: FeatureStore
    rows: tuple[int, ...]
    notes: Mapping[str, list[str]]

    def clips(self) -> Iterator[ClipFeatures]:
        table = self.store.table
        for row in self.rows:
            modalities = {}
            for name in self.store.modalities:
                times, values = self.store.times(name, row), np.array(self.store.steps(name, row))
                if len(values):
                    modalities[name] = Steps.timeless(values) if times is None else Steps(values, *times.T)
            shares = {
                name[1:-6]: float(column[row])
                for name, column in table.carried_numbers().items()
                if name.endswith("_share")
            }
            speaker, person = (self._words(name, row) for name in (SPEAKER, PERSON))
            start, end = float(table.start[row]), float(table.end[row])
            clip = str(table.clip[row])
            notes = tuple(self.notes.get(clip, ()))
            yield ClipFeatures(clip, start, end, str(table.transcript[row]), modalities, shares, notes, speaker, person)

    def _words(self, column: str, row: int) -> str:
        carried = self.store.table.carried.get(column)
        return str(carried[row]) if carried is not None and carried.dtype == object else ""


def _before(out: Path, existing: str) -> dict[str, _Stored]:
    """Key -> the clips of a file that `out` holds already; refuses where it must not be touched."""
    if existing == "refuse" and out.exists():
        raise StoreError(
            f"Expected {out} to be free, but it exists; choose another {parameter('out')}, or add {parameter('existing', 'update')} "
            f"to extract what it lacks, or {parameter('existing', 'replace')} to replace it."
        )
    refuse_existing(out, force=True)
    if existing != "update" or not out.exists():
        return {}
    store = FeatureStore(out)
    if store.manifest.get("source", {}).get("made_by") != MADE_BY:
        raise StoreError(
            f"Expected {parameter('existing', 'update')} to get a store made by '{MADE_BY}', but {out} was made otherwise; choose "
            f"another {parameter('out')}."
        )
    row_of = {clip: row for row, clip in enumerate(store.table.clip.tolist())}
    files = store.manifest["source"]["files"]
    return {f["key"]: _Stored(store, tuple(row_of[clip] for clip in f["clips"]), f["notes"]) for f in files}


def _as_before(config: ExtractorConfig, before: Mapping[str, _Stored]) -> ExtractorConfig:
    """A store that is updated keeps its models where none are named."""
    if not before:
        return config
    store = next(iter(before.values())).store
    try:
        return config.over(recorded_models(store.manifest["source"]["config"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StoreError(
            f"Expected the manifest of {store.place} to say in source.config how its features were made, but it does not; "
            f"extract it again with {parameter('force', True)}."
        ) from None


def _all_failed(faults: Sequence[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    return f"Expected at least one of {len(faults)} files to be extracted, but all failed; the first: {faults[0]}"


def _warnings(total: int, failures: Mapping[str, str]) -> list[str]:
    if not failures:
        return []
    return [
        f"{len(failures)} of {counted(total, 'file')} could not be extracted; the manifest says which under source.failed."
    ]
