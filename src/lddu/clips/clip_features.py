"""A clip put together: the words, the voice and the face of one stretch of a file, and notes on what it lacks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lddu.clips.face.pictures import FaceTrack
from lddu.clips.media import MediaInfo
from lddu.clips.spans import NamedSpan, Source
from lddu.clips.steps import ClipFeatures, Steps
from lddu.clips.voice.measured import COLUMNS as VOICE_COLUMNS
from lddu.clips.voice.measured import silent, voicing
from lddu.clips.voice.stretches import STEP_SECONDS
from lddu.clips.voice.trim import LOUDEST_SILENCE, trimmed
from lddu.clips.words.beside import unread_beside
from lddu.clips.words.transcript import Transcript, Word, speakers
from lddu.errors import SourceError
from lddu.store import extraction_notes

_HARDLY_VOICED = 0.15
"""Share of steps between the silence at its ends; of 2,775 recordings of voices, silence and all, the least voiced has .24, pink noise .1."""

_BRIEF = 0.5
"""Seconds between the silence at its ends; of the same recordings the shortest has 1.05."""

Encode = Callable[[Sequence[Word], float], tuple[Steps, tuple[str, ...]]]


@dataclass(frozen=True)
class ClipParts:
    """A clip before it is put together: its place, its words and its voice features, whose times count from its start."""

    span: NamedSpan
    words: Transcript
    voice: Steps


@dataclass(frozen=True)
class FileTracks:
    """What all clips of a file share.

    Attributes:
        measured: gives silence and voicing.
        face: of the pictures.
        wordless: why a clip without words has none.
        notes: on the file.
        relative: whether silence is what is soft beside the rest (`lddu.clips.voice.trim.trimmed`).
    """

    measured: Steps
    face: FaceTrack
    wordless: str
    notes: tuple[str, ...]
    relative: bool


def clip_features(clip: ClipParts, tracks: FileTracks, encode: Encode) -> ClipFeatures:
    """The features of a clip, and notes on what it lacks.

    Args:
        clip: its place, words and voice.
        tracks: of its file.
        encode: words and the second at which the clip begins -> their steps, and notes on what is not read of them; only called
            where there are words, as it may load a model.
    """
    start, end = clip.span.placed()
    words, measured = clip.words.between(start, end), tracks.measured.between(start, end)
    mute = bool(len(measured)) and bool(silent(measured).all())
    text, text_notes = encode(words, start) if words else (Steps.none(1), (tracks.wordless,))
    streams = {
        "text": text,
        "audio": Steps.none(1) if mute else clip.voice,
        "visual": tracks.face.steps.between(start, end),
    }
    notes = tracks.notes + clip.span.notes + text_notes
    if mute:
        notes += (extraction_notes.MUTE,)
    if len(tracks.face.looked) and not len(streams["visual"]):
        notes += (extraction_notes.FACELESS,)
    voiced = measured.values[:, VOICE_COLUMNS.index("voiced")]
    voice_share = float(voiced.mean()) if len(voiced) and not mute else float("nan")
    if len(measured) and not mute:
        notes += _voiceless(measured, end - start, bool(len(clip.voice)), tracks.relative)
    shares = {"face": tracks.face.share(start, end), "voice": voice_share}
    transcript = " ".join(word.text for word in words)
    modalities = {name: steps for name, steps in streams.items() if len(steps)}
    return ClipFeatures(clip.span.clip, start, end, transcript, modalities, shares, notes, speakers(words))


def _voiceless(measured: Steps, seconds: float, has_voice: bool, relative: bool) -> tuple[str, ...]:
    """Notes on sound in which there is no voice, or may be none, or hardly any: a model answers noise too."""
    if measured.values[:, VOICE_COLUMNS.index("loudness_db")].max() < LOUDEST_SILENCE:
        return (extraction_notes.NEXT_TO_SILENCE,)
    if not has_voice:
        return (extraction_notes.SILENT_PART,)
    [stretch] = trimmed(measured, [(0.0, seconds)], relative)
    assert stretch is not None, "a step of the clip is loud"
    heard = measured.between(*stretch)
    notes = (extraction_notes.HARDLY_VOICED,) if voicing(heard).mean() < _HARDLY_VOICED else ()
    lasts = len(heard) * STEP_SECONDS
    return (*notes, extraction_notes.brief_voice(lasts)) if lasts < _BRIEF else notes


def unread_words(source: Source, info: MediaInfo) -> list[str]:
    """Notes on words that lie inside the file or beside it and are not read, where no transcript is known."""
    if source.transcript_file() is not None or any(span.transcript for span in source.spans):
        return []
    beside = unread_beside(source.path)
    notes = [extraction_notes.subtitles(info.subtitles)] if info.subtitles else []
    return notes + ([extraction_notes.unread_beside(beside.name)] if beside else [])


def with_something(source: Source, clips: Sequence[ClipFeatures]) -> list[ClipFeatures]:
    """The clips; of those that a manifest names, only the ones that are not empty: the others are noted.

    Raises:
        SourceError: where all are empty.
    """
    empty = [clip for clip in clips if not clip.modalities]
    if len(empty) == len(clips):
        what = "; ".join(empty[0].notes)
        named = f" (clip {empty[0].clip!r})" if source.spans else ""
        raise SourceError(
            f"Expected words, a voice or a face in {source.path}{named}, but found none of them ({what}); "
            "add a transcript, or leave the clip out."
        )
    if not empty or not source.spans:
        return list(clips)
    why = "no words, voice or face are found in it"
    notes = tuple(extraction_notes.clip_left_out(clip.clip, why) for clip in empty)
    return [replace(clip, notes=(*clip.notes, *notes)) for clip in clips if clip.modalities]
