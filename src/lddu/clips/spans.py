"""One file -> the spans of its clips, with the words of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.face import action_units
from lddu.clips.segments import Span, segments
from lddu.clips.steps import Steps
from lddu.clips.words.beside import beside
from lddu.clips.words.transcript import Transcript, untimed
from lddu.errors import SourceError
from lddu.store import extraction_notes

WORDS_SUFFIX = ".txt"
"""Of a file that is a clip of words alone."""

_ROUNDING = 0.5
"""Seconds that a manifest's end may lie beyond the file's without a word."""


@dataclass(frozen=True)
class NamedSpan:
    """A clip that is known before looking: its id, its place in the file, its words where known, what was mended."""

    clip: str
    start: float | None = None
    end: float | None = None
    transcript: str = ""
    notes: tuple[str, ...] = ()

    def placed(self) -> tuple[float, float]:
        """Start and end of a clip of which both are known by now."""
        assert self.start is not None and self.end is not None
        return self.start, self.end


@dataclass(frozen=True)
class Source:
    """One file to extract.

    Attributes:
        path: the media file.
        clip: id of the file; segments that are cut from it are ``id#001`` and so on.
        transcript: file with its words; None looks beside the media file, unless that was done.
        face_table: file with its action units, where these are used; None looks beside the media file.
        spans: the clips in it, where a manifest names them; empty cuts the file as the configuration says.
        sought: whether the transcript was looked for already.
        words_alone: whether the clips are the transcripts of the spans and nothing else; the path then says where these stand,
            and is ``Path()`` of texts that were typed.
    """

    path: Path
    clip: str
    transcript: Path | None = None
    spans: tuple[NamedSpan, ...] = ()
    face_table: Path | None = None
    sought: bool = False
    words_alone: bool = False

    @property
    def file(self) -> str:
        """The path as it is shown and kept; empty where nothing lies on disk."""
        return "" if self.path == Path() else str(self.path)

    def transcript_file(self) -> Path | None:
        """The file with the words, if any."""
        return self.transcript if self.transcript or self.sought else beside(self.path)

    def face_file(self) -> Path | None:
        """The table of its action units, if any."""
        return self.face_table or action_units.beside(self.path)


def clips_of(
    source: Source, config: ExtractorConfig, duration: float, transcript: Transcript, voice: Steps
) -> list[tuple[NamedSpan, Transcript]]:
    """The clips of a file with their words, whose times count from the file's begin."""
    if not source.spans:
        spans = segments(config.cut, duration, config.longest, transcript, voice, bool(config.level))
        return [(NamedSpan(_segment_id(source, spans, i), s.start, s.end), transcript) for i, s in enumerate(spans)]
    placed = [_placed(span, duration) for span in source.spans]
    outside = [(span, why) for span, why in zip(source.spans, placed, strict=True) if isinstance(why, str)]
    if len(outside) == len(placed):
        raise SourceError(
            f"Expected clip {outside[0][0].clip!r} to lie within the {duration:.1f} s of {source.path}, "
            f"but {outside[0][1]}; correct the manifest."
        )
    left_out = tuple(extraction_notes.clip_left_out(span.clip, why) for span, why in outside)
    inside = [replace(span, notes=(*span.notes, *left_out)) for span in placed if isinstance(span, NamedSpan)]
    return [(span, _words_of(span, transcript)) for span in inside]


def _placed(span: NamedSpan, duration: float) -> NamedSpan | str:
    """The span within its file, with a note where that mends it; a sentence where nothing of it is in the file."""
    start = 0.0 if span.start is None else span.start
    end = duration if span.end is None else span.end
    if not max(0.0, start) < end or start >= duration:
        return f"it goes from {start:g} to {end:g} s"
    notes = span.notes
    if start < 0:
        notes += (extraction_notes.clip_begins_before(start),)
    if end > duration + _ROUNDING:
        notes += (f"ends with its file at {duration:.1f} s, not at {end:g} s",)
    return replace(span, start=max(0.0, start), end=min(end, duration), notes=notes)


def _words_of(span: NamedSpan, transcript: Transcript) -> Transcript:
    """The words of a span: its own, where its manifest gives them, else those of its file."""
    if not span.transcript:
        return transcript
    start, end = span.placed()
    words = untimed(span.transcript, end - start).words
    return Transcript(tuple(type(w)(w.text, w.start + start, w.end + start) for w in words), False)


def _segment_id(source: Source, spans: Sequence[Span], number: int) -> str:
    return source.clip if len(spans) == 1 else f"{source.clip}#{number + 1:03d}"
