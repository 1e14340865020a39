"""CMU-MOSEI as the CMU Multimodal SDK distributes it: a folder of `.csd` files, one per stream, read video by video."""

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lddu.corpora.alignment import Track, WordMeans, means_over, track_of
from lddu.corpora.clip_intake import ClipIntake, max_steps, named_path
from lddu.corpora.corpus_format import CorpusFormat, ImportOptions
from lddu.corpora.mosei.csd_file import CsdFile
from lddu.corpora.mosei.csd_folder import opened_folder
from lddu.corpora.mosei.folds import Folds, read_folds
from lddu.corpora.mosei.segments import Segment, note_oddities, read_segments
from lddu.errors import SourceError, parameter
from lddu.labels import MOSEI_EMOTIONS
from lddu.sentences import some
from lddu.store.writer import StoreDescription, StoreWriter, writing_store

UNALIGNED_CAPS = {"text": 50, "audio": 500, "visual": 500}
"""Steps kept of each modality at its own rate, as published."""

MODALITIES: tuple[str, ...] = ("text", "audio", "visual")

LICENCE = "CMU-MOSEI, for research; terms at http://multicomp.cs.cmu.edu/resources/cmu-mosei-dataset/"

_SILENCE = {"sp", ""}


def recognises_csd(path: Path) -> bool:
    """Whether a path is a folder of ``.csd`` files."""
    return path.is_dir() and any(path.glob("*.csd"))


def import_csd(source: Path, out: Path, options: ImportOptions) -> None:
    """Write a folder of ``.csd`` files to a store: aligned to words, or with ``unaligned`` each stream at its own rate.

    Raises:
        SourceError: where the files cannot be understood or trusted.
        StoreError: where `out` is taken.
    """
    aligned = not options.extra.get("unaligned")
    folds = read_folds(named_path(options, "folds"))
    with ExitStack() as opened:
        folder = opened_folder(source, named_path(options, "labels"), opened)
        files = folder.files
        segments = read_segments(files["labels"])
        streams = {name: files[name] for name in MODALITIES if name in files}
        _check_streams(source, streams, aligned, options)
        with writing_store(out, _description(source, files, folds, aligned, options), options.force) as writer:
            writer.warnings += folder.left_out
            note_oddities(writer, files["labels"].path.name, segments)
            caps = {} if aligned else UNALIGNED_CAPS
            intake = ClipIntake(writer, options, len(segments), caps)
            _Corpus(files, streams, folds, intake, aligned).add_all(segments)


MOSEI_CSD = CorpusFormat(
    name="mosei-csd",
    looks_like="a folder of the CMU Multimodal SDK's .csd files of CMU-MOSEI",
    recognises=recognises_csd,
    write=import_csd,
    extra_options=frozenset({"folds", "labels", "unaligned", "max-steps"}),
)


def _check_streams(source: Path, streams: Mapping[str, CsdFile], aligned: bool, options: ImportOptions) -> None:
    if aligned and "text" not in streams:
        raise SourceError(
            f"Expected word vectors in {source} to align to, but there are none; add "
            f"CMU_MOSEI_TimestampedWordVectors.csd, or import with {parameter('unaligned', True)}."
        )
    if not streams:
        raise SourceError(f"Expected features beside the labels in {source}, but there are none.")
    strange = sorted(set(max_steps(options)) - set(streams))
    if strange:
        raise SourceError(f"Expected {parameter('max_steps')} for {', '.join(streams)}, but got {', '.join(strange)}.")


def _description(
    source: Path, files: Mapping[str, CsdFile], folds: Folds, aligned: bool, options: ImportOptions
) -> StoreDescription:
    how = "mean over each word" if aligned else "own rate"
    return StoreDescription(
        emotions=MOSEI_EMOTIONS,
        modalities={
            name: files[name].root if name == "text" else f"{files[name].root}, {how}"
            for name in MODALITIES
            if name in files
        },
        present_at=options.present_at,
        source={
            "format": "mosei-csd", "path": str(source), "licence": LICENCE, "aligned": aligned, "folds": folds.source,
            "files": {role: file.path.name for role, file in files.items()},
        },
    )  # fmt: skip


@dataclass(frozen=True)
class _Corpus:
    """The open corpus and where its clips go."""

    files: Mapping[str, CsdFile]
    streams: Mapping[str, CsdFile]
    folds: Folds
    intake: ClipIntake
    aligned: bool

    def add_all(self, segments: Sequence[Segment]) -> None:
        """Add every segment, reading each video once."""
        strangers: list[str] = []
        for video, rows in _by_video(segments):
            tracks = {name: self._track(name, video) for name in self.streams}
            words = self._track("words", video) if "words" in self.files else None
            cut = _aligned(tracks, self.intake.writer) if self.aligned else _Cut(tracks)
            for segment in rows:
                split = self.folds.split(video, segment.clip)
                if split is None:
                    strangers.append(segment.clip)
                row = segment.row(split or "unused", _spoken_text(words, segment))
                self.intake.add(row, cut.features(segment), parallel=self.aligned)
        self.intake.close()
        self._note(strangers, {segment.video for segment in segments})

    def _note(self, strangers: Sequence[str], labelled: Set[str]) -> None:
        """Count what the labels, the folds and the features have and the others lack."""
        writer = self.intake.writer
        writer.count("segments_outside_folds", "clips", len(strangers))
        writer.count("fold_videos_without_labels", "videos", len(set(self.folds.videos) - labelled))
        if strangers:
            writer.warnings.append(
                f"{len(strangers):,} segments are in no split of {self.folds.source} and are marked unused: "
                f"{some(strangers)}."
            )
        unlabelled = sorted(set().union(*(stream.entries for stream in self.streams.values())) - labelled)
        writer.count("videos_without_labels", "videos", len(unlabelled))
        if unlabelled:
            writer.warnings.append(f"Videos with features but without labels were left out: {some(unlabelled)}.")

    def _track(self, name: str, video: str) -> Track | None:
        """A video's frames, those without length or time left out and counted (``frames_without_length``)."""
        if video not in self.files[name].entries:
            return None
        file = self.files[name]
        intervals, values = file.read(video)
        if len(values) and (values.dtype.kind in "fiu") == (name == "words"):
            expected, actual = ("words", "numbers") if name == "words" else ("numbers", "words")
            raise SourceError(
                f"Expected {expected} as {name} of video {video!r} in {file.path}, but got {actual}; is it another file?"
            )
        sound = np.isfinite(intervals).all(axis=1) & (intervals[:, 1] > intervals[:, 0])
        self.intake.writer.count("frames_without_length", name, int((~sound).sum()))
        return track_of(intervals[sound], values[sound]) if sound.any() else None


@dataclass(frozen=True)
class _Cut:
    """One video, ready to be cut into segments: frames by modality."""

    tracks: Mapping[str, Track | None]

    def features(self, segment: Segment) -> dict[str, np.ndarray | None]:
        """Modality -> the frames that meet the segment."""
        features: dict[str, np.ndarray | None] = {}
        for name, track in self.tracks.items():
            met = np.zeros(0, np.int64) if track is None else track.meeting(segment.start, segment.end)
            features[name] = None if track is None or not len(met) else track.values[met]
        return features


@dataclass(frozen=True)
class _WordCut:
    """One video aligned to its words: every modality has one row a word."""

    words: Track | None
    means: Mapping[str, WordMeans]
    writer: StoreWriter

    def features(self, segment: Segment) -> dict[str, np.ndarray | None]:
        """Modality -> one row for each word that meets the segment; zeros where the modality has nothing there."""
        if self.words is None:
            return {}
        words = self.words.meeting(segment.start, segment.end)
        features: dict[str, np.ndarray | None] = {"text": self.words.values[words] if len(words) else None}
        for name, means in self.means.items():
            values, present = means.within(words, segment.start, segment.end)
            features[name] = values if present.any() else None
            self.writer.count("empty_steps", name, int((~present).sum()) if present.any() else 0)
        return features


def _aligned(tracks: Mapping[str, Track | None], writer: StoreWriter) -> _WordCut:
    words = tracks["text"]
    if words is None:
        return _WordCut(None, {}, writer)
    means: dict[str, WordMeans] = {}
    for name, track in tracks.items():
        if name != "text" and track is not None:
            means[name] = means_over(track, words.intervals)
            writer.count("non_finite_values", name, int((~np.isfinite(track.values)).sum()))
            writer.count("words_without_frames", name, int((means[name].met == 0).sum()))
    return _WordCut(words, means, writer)


def _by_video(segments: Sequence[Segment]) -> Iterator[tuple[str, list[Segment]]]:
    rows: dict[str, list[Segment]] = {}
    for segment in segments:
        rows.setdefault(segment.video, []).append(segment)
    yield from rows.items()


def _spoken_text(words: Track | None, segment: Segment) -> str:
    """The words that meet a segment, silences left out."""
    if words is None:
        return ""
    spoken = words.values[words.meeting(segment.start, segment.end), 0].tolist()
    text = [word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in spoken]
    return " ".join(word for word in text if word not in _SILENCE)
