"""One file -> the features of its clips. Everything that decides how lies in `ExtractorConfig`."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lddu.clips.face import action_units, pictures
from lddu.clips.face.action_units import TOOLS, Tool
from lddu.clips.face.expression import EXPRESSION, ExpressionReader
from lddu.clips.face.pictures import GEOMETRY, PICTURE_RATE, FaceMeter, FaceTrack
from lddu.clips.media import (
    SAMPLE_RATE,
    MediaInfo,
    Picture,
    ReadReport,
    picture_times,
    probe,
    read_pictures,
    read_sound,
    readable,
)
from lddu.clips.segments import Cut, Span, segments
from lddu.clips.steps import ClipFeatures, Steps
from lddu.clips.voice.egemaps import OPENSMILE, EgemapsMeter
from lddu.clips.voice.measured import COLUMNS as VOICE_COLUMNS
from lddu.clips.voice.measured import MEASURED, VoiceMeter, silent
from lddu.clips.voice.speech_encoder import SpeechEncoder
from lddu.clips.voice.whisper_encoder import BEST_LAYER, WHISPER, WhisperEncoder
from lddu.clips.words.beside import beside, languages_beside
from lddu.clips.words.pretrained import LAST
from lddu.clips.words.recognition import SpeechRecogniser
from lddu.clips.words.text import PACKAGED, PACKAGED_LAYERS, WordEncoder
from lddu.clips.words.transcript import NO_WORDS, Transcript, read_transcript, speakers, untimed
from lddu.errors import ConfigError, SourceError
from lddu.store import extraction_notes

MODALITIES = ("text", "audio", "visual")

OnShare = Callable[[float], None]
"""Hears which share of a file's work is done."""

WITHOUT_LAYERS = (MEASURED, OPENSMILE)
"""Voice features that are no states of a network."""

WORDS_SUFFIX = ".txt"
"""Of a file that is a clip of words alone."""

_WORD_SECONDS = 0.4
"""That a word of a clip of words alone is given, about what it takes to say it."""

_ANY_LENGTH = 24 * 3600.0
"""Seconds within which times in a text file may lie, where there is no sound whose length tells."""

_HEARD = 0.15
"""Share of a video's work that its sound takes."""

_ROUNDING = 0.5
"""Seconds that a manifest's end may lie beyond the file's without a word."""

_CUT_SHORT, _CUT_SHARE = 2.0, 0.02
"""Seconds, and share of the file, that may lack at its end without a word: last pictures are shown long, sounds padded."""

_SLACK = 1.0
"""Seconds by which a header may be wrong about the end and is still followed: last pictures, padding of codecs."""


@dataclass(frozen=True)
class ExtractorConfig:
    """How clips become features.

    Attributes:
        text_model: the language model; the packaged MiniLM, a folder, or a name on the Hugging Face hub; empty is not named:
            the default of new stores, or what a store or a run has already.
        text_layers: after which of its layers, from 1 or `LAST`; empty is not named.
        voice_model: what measures the voice: ``whisper`` (packaged), ``librosa`` (50 measured numbers), ``opensmile`` (its
            licence is not for products), or a speech encoder by folder or name on the Hugging Face hub; empty is not named.
        voice_layer: after which layer of a speech encoder, from 1 or `LAST`; 0 is not named.
        face_model: what measures the face: ``expression`` (its geometry and what the packaged network reads), ``geometry``, or the
            tool whose table of action units lies beside each clip, ``py-feat`` or ``openface``; empty is not named.
        cut: how a long file is cut into clips.
        longest: seconds of the longest clip.
        speech_model: recognises the words of clips that come without a transcript; empty recognises nothing.
    """

    text_model: str = ""
    text_layers: tuple[int, ...] = ()
    voice_model: str = ""
    voice_layer: int = 0
    face_model: str = ""
    cut: Cut = "auto"
    longest: float = 20.0
    speech_model: str = ""

    def __post_init__(self) -> None:
        if not 1.0 <= self.longest <= 3600.0:
            raise ConfigError(f"Expected --longest to be from 1 to 3600 seconds, but got {self.longest:g}.")
        if self.face_model not in ("", EXPRESSION, GEOMETRY, *TOOLS):
            raise ConfigError(
                f"Expected --face-model to be {EXPRESSION}, {GEOMETRY}, {' or '.join(TOOLS)}, but got {self.face_model!r}."
            )
        if len(set(self.text_layers)) < len(self.text_layers):
            raise ConfigError(f"Expected each of --text-layers once, but got {self.text_layers}; leave out the second.")
        if self.voice_layer and self.voice_model in WITHOUT_LAYERS:
            raise ConfigError(
                f"Expected --voice-layer together with a speech encoder, but {self.voice_model} has no layers; leave it out."
            )

    def over(self, other: "ExtractorConfig") -> "ExtractorConfig":
        """This configuration, with the models and layers of `other` where none are named here.

        A model that is named takes over the layers of `other` only where `other` has that very model.
        """
        same_text, same_voice = self.text_model in ("", other.text_model), self.voice_model in ("", other.voice_model)
        return replace(
            self,
            text_model=self.text_model or other.text_model,
            text_layers=self.text_layers or (other.text_layers if same_text else ()),
            voice_model=self.voice_model or other.voice_model,
            voice_layer=self.voice_layer or (other.voice_layer if same_voice else 0),
            face_model=self.face_model or other.face_model,
        )

    def made_as(self, trained: "ExtractorConfig") -> "ExtractorConfig":
        """This configuration, with features made as those of `trained`; a model that is named says where that model lies now."""
        voice_model = self.voice_model or trained.voice_model
        return replace(
            self,
            text_model=self.text_model or trained.text_model,
            text_layers=trained.text_layers,
            voice_model=voice_model,
            voice_layer=0 if voice_model in WITHOUT_LAYERS else trained.voice_layer,
            face_model=trained.face_model,
        )

    def resolved(self) -> "ExtractorConfig":
        """This configuration, with the default of new stores where nothing is named."""
        named = self.over(NEW_STORES)
        voice_layer = named.voice_layer or (0 if named.voice_model in WITHOUT_LAYERS else LAST)
        return replace(named, text_layers=named.text_layers or (LAST,), voice_layer=voice_layer)


NEW_STORES = ExtractorConfig(PACKAGED, PACKAGED_LAYERS, WHISPER, BEST_LAYER, EXPRESSION)
"""How the features of new stores are made where nobody says otherwise; a store or a run that is there keeps its own."""


@dataclass(frozen=True)
class NamedSpan:
    """A clip that is known before looking: its id, its place in the file, its words where known, what was mended."""

    clip: str
    start: float | None = None
    end: float | None = None
    transcript: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One file to extract.

    Attributes:
        path: the media file.
        clip: id of the file; segments that are cut from it are ``id#001`` and so on.
        transcript: file with its words; None looks beside the media file, unless that was done.
        face_table: file with its action units, where these are wanted; None looks beside the media file.
        spans: the clips in it, where a manifest names them; empty cuts the file as the configuration says.
        sought: whether the transcript was looked for already.
    """

    path: Path
    clip: str
    transcript: Path | None = None
    spans: tuple[NamedSpan, ...] = ()
    face_table: Path | None = None
    sought: bool = False

    def transcript_file(self) -> Path | None:
        """The file with the words, if any."""
        return self.transcript if self.transcript or self.sought else beside(self.path)

    def face_file(self) -> Path | None:
        """The table of its action units, if any."""
        return self.face_table or action_units.beside(self.path)


class VoiceEncoder(Protocol):
    """Sound to voice features."""

    @property
    def dimension(self) -> int:
        """Numbers per step."""

    def specification(self) -> dict[str, Any]:
        """All that its features depend on."""

    def steps(self, blocks: Iterable[np.ndarray]) -> Steps:
        """Steps of mono blocks at 16 kHz, end to end."""


@dataclass(frozen=True)
class _Found:
    """What a whole file holds: `measured` tells silence and voicing, `voice` are the features (often the same).

    `wordless` says why a clip without words has none.
    """

    measured: Steps
    voice: Steps
    face: FaceTrack
    wordless: str
    notes: tuple[str, ...]


class ClipExtractor:
    """Extracts one file after the other; loads each model when it is first needed.

    Example:
        >>> extractor = ClipExtractor(ExtractorConfig())  # doctest: +SKIP
        >>> for clip in extractor.extract(Source(Path("talk.mp4"), "talk")):  # doctest: +SKIP
        ...     print(clip.clip, {name: len(steps) for name, steps in clip.modalities.items()})
    """

    def __init__(self, config: ExtractorConfig) -> None:
        self.config = config.resolved()

    @cached_property
    def _voice(self) -> VoiceMeter:
        return VoiceMeter()

    @cached_property
    def _voice_encoder(self) -> VoiceEncoder:
        """What gives the voice features; how a file is cut and what is voiced is always told by `_voice`."""
        if self.config.voice_model == MEASURED:
            return self._voice
        if self.config.voice_model == OPENSMILE:
            return EgemapsMeter()
        if self.config.voice_model == WHISPER:
            return WhisperEncoder(self.config.voice_layer)
        return SpeechEncoder(self.config.voice_model, self.config.voice_layer)

    @property
    def _tool(self) -> Tool | None:
        """Whose tables say what faces do; None where pictures are looked at."""
        return TOOLS.get(self.config.face_model)

    @cached_property
    def _expression(self) -> ExpressionReader | None:
        """What reads the pixels of faces, where that is wanted."""
        return ExpressionReader() if self.config.face_model == EXPRESSION else None

    @cached_property
    def _face(self) -> FaceMeter:
        return FaceMeter(self._expression)

    @cached_property
    def _words(self) -> WordEncoder:
        return WordEncoder(self.config.text_model, self.config.text_layers)

    @cached_property
    def _speech(self) -> SpeechRecogniser:
        return SpeechRecogniser(self.config.speech_model)

    def feature_names(self) -> dict[str, str]:
        """Modality -> its exact configuration as JSON, as a store's manifest and a run keep it."""
        specifications: dict[str, dict[str, Any]] = {
            "text": self._words.specification(),
            "audio": self._voice_encoder.specification(),
            "visual": self._face_specification(),
        }
        return {name: json.dumps(specification) for name, specification in specifications.items()}

    def _face_specification(self) -> dict[str, Any]:
        return action_units.specification(self._tool) if self._tool else pictures.specification(self._expression)

    def extract(self, source: Source, watch: OnShare = lambda _: None) -> list[ClipFeatures]:
        """The features of every clip in the file.

        Args:
            source: the file.
            watch: hears again and again which share of the work is done.

        Raises:
            SourceError: where the file or its transcript cannot be used, or nothing can be found in it.
        """
        if readable(source.path) != str(source.path):
            raise SourceError(
                f"Expected a file name in UTF-8, but that of {readable(source.path)} is not; rename the file."
            )
        if source.path.suffix.lower() == WORDS_SUFFIX:
            return [self._words_alone(source)]
        info = probe(source.path)
        notes = [extraction_notes.UNKNOWN_CODEC.format(kind=kind) for kind in info.unknown]
        notes += [extraction_notes.unused_tracks(count, kind) for kind, count in info.unused]
        heard_by = _HEARD if info.has_picture else 1.0
        voice, info = self._heard(source.path, info, notes, lambda share: watch(heard_by * share))
        face = self._seen(source, info, notes, lambda share: watch(_HEARD + (1 - _HEARD) * share))
        reached = _reached(voice, face)
        duration = _duration(source.path, info, reached)
        if _cut_short(info, reached):
            notes.append(extraction_notes.cut_short(info.duration, reached))
        transcript = self._said(source, info, duration)
        notes.extend(transcript.notes)
        encoded, wordless = self._encoded(source.path, info, voice), self._wordless(source, info, transcript)
        found = _Found(voice, encoded, face, wordless, tuple(dict.fromkeys(notes)))
        clips = [
            self._clip(span, words, found)
            for span, words in _clips_of(source, self.config, duration, transcript, voice)
        ]
        return _with_something(source, clips)

    def _words_alone(self, source: Source) -> ClipFeatures:
        """The one clip of a text file; its words have no times, and get some so that they stand in order."""
        words = read_transcript(source.path, _ANY_LENGTH).words if source.path.is_file() else ()
        if not words:
            raise SourceError(f"Expected words in {source.path}, but it is absent or holds none; check the file.")
        said = untimed(" ".join(word.text for word in words), _WORD_SECONDS * len(words))
        steps = {"text": self._words.steps(said.words, 0.0)}
        notes = (extraction_notes.NO_SOUND, extraction_notes.NO_PICTURE)
        shares = {"face": math.nan, "voice": math.nan}
        return ClipFeatures(
            source.clip, 0.0, _WORD_SECONDS * len(words), said.text, steps, shares, notes, speakers(words)
        )

    def _heard(self, path: Path, info: MediaInfo, notes: list[str], watch: OnShare) -> tuple[Steps, MediaInfo]:
        """Voice steps, and what else of the file has to be known to read its sound again."""
        nothing = Steps.none(len(VOICE_COLUMNS))
        if not info.has_sound:
            notes.append(extraction_notes.NO_SOUND)
            return nothing, info
        report = ReadReport()
        try:
            steps = self._voice.steps(_watched_sound(read_sound(path, info, report), info, watch))
        except SourceError:
            if not info.has_picture:
                raise
            notes.append(extraction_notes.UNDECODED_SOUND)
            return nothing, info
        notes += _noticed(report, "sound")
        channel = report.channel
        if channel is not None:
            notes.append(extraction_notes.one_channel(report.cancelled, channel))
            info = replace(info, channel=channel)
            steps = self._voice.steps(read_sound(path, info, ReadReport()))
        elif report.cancelled:
            notes.append(extraction_notes.cancelled(report.cancelled))
        return steps, info

    def _encoded(self, path: Path, info: MediaInfo, voice: Steps) -> Steps:
        if self._voice_encoder is self._voice:
            return voice
        if not len(voice):
            return Steps.none(self._voice_encoder.dimension)
        return self._voice_encoder.steps(read_sound(path, info, ReadReport()))

    def _seen(self, source: Source, info: MediaInfo, notes: list[str], watch: OnShare) -> FaceTrack:
        nothing = FaceTrack.none(len(self._tool.features) if self._tool else pictures.dimension(self._expression))
        if not info.has_picture:
            notes.append(extraction_notes.NO_PICTURE)
            return nothing
        if self._tool is not None:
            table = source.face_file()
            if table is None:
                notes.append(extraction_notes.NO_TABLE.format(tool=self._tool.name))
                return nothing
            times = picture_times(source.path, info)
            track = action_units.read_track(
                table, self._tool, times, lambda: picture_times(source.path, info, decode=True)
            )
            notes += [track.note] if track.note else []
            return track
        report = ReadReport()
        try:
            shown = read_pictures(source.path, info, PICTURE_RATE, report)
            track = self._face.track(_watched_pictures(shown, info, watch))
        except SourceError:
            if not info.has_sound:
                raise
            notes.append(extraction_notes.UNDECODED_PICTURES)
            return nothing
        notes += _noticed(report, "pictures")
        return track

    def _said(self, source: Source, info: MediaInfo, duration: float) -> Transcript:
        file = source.transcript_file()
        if file is not None:
            return read_transcript(file, duration)
        if not self._recognises(source, info):
            return NO_WORDS
        return self._speech.transcript(read_sound(source.path, info, ReadReport()))

    def _wordless(self, source: Source, info: MediaInfo, transcript: Transcript) -> str:
        if transcript.words:
            return extraction_notes.WORDLESS
        if source.transcript_file() is not None:
            return extraction_notes.EMPTY_TRANSCRIPT
        if self._recognises(source, info):
            return extraction_notes.UNHEARD
        return extraction_notes.SEVERAL if languages_beside(source.path) else extraction_notes.UNTOLD

    def _recognises(self, source: Source, info: MediaInfo) -> bool:
        known = bool(source.spans) and all(span.transcript for span in source.spans)
        return bool(self.config.speech_model) and info.has_sound and not known and source.transcript_file() is None

    def _clip(self, span: NamedSpan, transcript: Transcript, found: "_Found") -> ClipFeatures:
        assert span.start is not None and span.end is not None
        start, end, notes = span.start, span.end, found.notes
        words, measured = transcript.between(start, end), found.measured.between(start, end)
        mute = bool(len(measured)) and bool(silent(measured).all())
        streams = {
            "text": self._words.steps(words, start) if words else Steps.none(1),
            "audio": Steps.none(1) if mute else found.voice.between(start, end),
            "visual": found.face.steps.between(start, end),
        }
        notes += span.notes
        if not words:
            notes += (found.wordless,)
        if mute:
            notes += (extraction_notes.MUTE,)
        if len(found.face.looked) and not len(streams["visual"]):
            notes += (extraction_notes.FACELESS,)
        voiced = measured.values[:, VOICE_COLUMNS.index("voiced")]
        voice_share = float(voiced.mean()) if len(voiced) and not mute else float("nan")
        shares = {"face": found.face.share(start, end), "voice": voice_share}
        text = " ".join(word.text for word in words)
        kept = {name: steps for name, steps in streams.items() if len(steps)}
        return ClipFeatures(span.clip, start, end, text, kept, shares, notes, speakers(words))


def _noticed(report: ReadReport, what: str) -> list[str]:
    """Notes on what was noticed while sound or pictures were read."""
    notes = [extraction_notes.damaged(report.packets, what)] if report.packets else []
    notes += [extraction_notes.joined(report.joints)] if report.joints else []
    notes += [extraction_notes.unread(report.unread)] if report.unread else []
    return notes + ([extraction_notes.TILTED] if report.tilted else [])


def _watched_sound(blocks: Iterable[np.ndarray], info: MediaInfo, watch: OnShare) -> Iterator[np.ndarray]:
    heard = 0
    for block in blocks:
        yield block
        heard += len(block)
        watch(_share(heard / SAMPLE_RATE, info))


def _watched_pictures(pictures: Iterable[Picture], info: MediaInfo, watch: OnShare) -> Iterator[Picture]:
    for picture in pictures:
        yield picture
        watch(_share(picture.time, info))


def _share(seconds: float, info: MediaInfo) -> float:
    """Of the file; 0 where its length is not known."""
    return min(1.0, seconds / info.duration) if info.duration else 0.0


def _clips_of(
    source: Source, config: ExtractorConfig, duration: float, transcript: Transcript, voice: Steps
) -> list[tuple[NamedSpan, Transcript]]:
    """The clips of a file with their words, whose times count from the file's begin."""
    if not source.spans:
        spans = segments(config.cut, duration, config.longest, transcript, voice)
        return [(NamedSpan(_segment_id(source, spans, i), s.start, s.end), transcript) for i, s in enumerate(spans)]
    placed = [_placed(span, duration) for span in source.spans]
    outside = [(span, why) for span, why in zip(source.spans, placed, strict=True) if isinstance(why, str)]
    if len(outside) == len(placed):
        raise SourceError(
            f"Expected clip {outside[0][0].clip!r} to lie within the {duration:.1f} s of {source.path}, "
            f"but {outside[0][1]}; correct the manifest."
        )
    left_out = tuple(extraction_notes.clip_left_out(span.clip, why) for span, why in outside)
    kept = [replace(span, notes=(*span.notes, *left_out)) for span in placed if isinstance(span, NamedSpan)]
    return [(span, _words_of(span, transcript)) for span in kept]


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
    assert span.start is not None and span.end is not None
    own = untimed(span.transcript, span.end - span.start).words
    return Transcript(tuple(type(w)(w.text, w.start + span.start, w.end + span.start) for w in own), False)


def _segment_id(source: Source, spans: Sequence[Span], number: int) -> str:
    return source.clip if len(spans) == 1 else f"{source.clip}#{number + 1:03d}"


def _duration(path: Path, info: MediaInfo, reached: float) -> float:
    """Seconds that can be used: what a header promises beyond the file's real end is not there, what lies beyond its promise is."""
    trusted = info.duration and not info.estimated and not _cut_short(info, reached)
    duration = min(info.duration, reached + _SLACK) if trusted and reached <= info.duration + _SLACK else reached
    if reached <= 0 or duration <= 0:
        raise SourceError(f"Expected {path} to last, but it has neither a tenth of a second of sound nor a picture.")
    return duration


def _cut_short(info: MediaInfo, reached: float) -> bool:
    """Whether a file ends clearly before its header says."""
    return not info.estimated and info.duration - reached > max(_CUT_SHORT, _CUT_SHARE * info.duration)


def _reached(voice: Steps, face: FaceTrack) -> float:
    """Seconds until sound and pictures end."""
    return max(
        float(voice.end[-1]) if len(voice) else 0.0,
        float(face.looked[-1]) + 1 / PICTURE_RATE if len(face.looked) else 0.0,
    )


def _with_something(source: Source, clips: Sequence[ClipFeatures]) -> list[ClipFeatures]:
    """The clips, of those that a manifest names only the ones in which something is found; the others are noted.

    Raises:
        SourceError: where nothing is found in any.
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
