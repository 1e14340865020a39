"""One file -> the features of its clips. Everything that decides how lies in `ExtractorConfig`."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lddu.clips.both_tracks import both_tracks
from lddu.clips.configuration import ExtractorConfig
from lddu.clips.face import action_units, pictures
from lddu.clips.face.action_units import TOOLS, Tool
from lddu.clips.face.expression import EXPRESSION, ExpressionReader
from lddu.clips.face.pictures import FaceMeter, FaceTrack
from lddu.clips.media import SAMPLE_RATE, MediaInfo, ReadReport, probe, read_sound, readable
from lddu.clips.people import Part, People, Person, known_speakers, parts_of, people_in
from lddu.clips.spans import WORDS_SUFFIX, NamedSpan, Source, clips_of
from lddu.clips.steps import ClipFeatures, Steps, of_person
from lddu.clips.tracks import (
    OnShare,
    face_of_table,
    is_cut_short,
    measured_face,
    measured_sound,
    seconds_reached,
    usable_seconds,
)
from lddu.clips.voice.clip_sounds import clip_sounds
from lddu.clips.voice.encoder import VoiceEncoder, voice_encoder
from lddu.clips.voice.measured import COLUMNS as VOICE_COLUMNS
from lddu.clips.voice.measured import MEASURED, VoiceMeter, silent
from lddu.clips.words.beside import languages_beside, unread_beside
from lddu.clips.words.recognition import SpeechRecogniser
from lddu.clips.words.text import WordEncoder
from lddu.clips.words.transcript import NO_WORDS, Transcript, Word, read_transcript, speakers
from lddu.clips.words_alone import SaidWords, features_of_words
from lddu.errors import SourceError
from lddu.store import extraction_notes
from lddu.store.extraction_notes import UNKNOWN

MODALITIES = ("text", "audio", "visual")

_ANY_LENGTH = 24 * 3600.0
"""Seconds within which times in a text file may lie, where there is no sound whose length tells."""


@dataclass(frozen=True)
class _Clip:
    """A clip before it is put together: its place, its words and its voice features, whose times count from its start."""

    span: NamedSpan
    words: Transcript
    voice: Steps


@dataclass(frozen=True)
class _File:
    """What holds for all clips of a file: `measured` tells silence and voicing, `wordless` why a clip without words has none."""

    measured: Steps
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
        measured = self.config.voice_model == MEASURED
        return self._voice if measured else voice_encoder(self.config.voice_model, self.config.voice_layer)

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
        return FaceMeter(self._expression, self.config.per_person)

    @cached_property
    def _words(self) -> WordEncoder:
        return WordEncoder(self.config.text_model, self.config.text_layers)

    @cached_property
    def _speech(self) -> SpeechRecogniser:
        return SpeechRecogniser(self.config.speech_model)

    def feature_names(self) -> dict[str, str]:
        """Modality -> its exact configuration as JSON, as a store's manifest and a run keep it."""
        return dict(self._feature_names)

    @cached_property
    def _feature_names(self) -> dict[str, str]:
        makers = {
            "text": lambda: self._words.specification(),
            "audio": lambda: self._voice_encoder.specification(),
            "visual": self._face_specification,
        }
        with ThreadPoolExecutor(len(makers), "lddu-load") as pool:  # the models are loaded side by side
            found = {name: pool.submit(maker) for name, maker in makers.items()}
            return {name: json.dumps(one.result()) for name, one in found.items()}

    def _face_specification(self) -> dict[str, Any]:
        return action_units.specification(self._tool) if self._tool else pictures.specification(self._expression)

    def extract(self, source: Source, watch: OnShare = lambda _: None) -> list[ClipFeatures]:
        """The features of every clip in the file.

        Args:
            source: the file.
            watch: called again and again with the share of the work that is done.

        Raises:
            SourceError: where the file or its transcript cannot be used, or nothing can be found in it.
        """
        if readable(source.path) != str(source.path):
            raise SourceError(
                f"Expected a file name in UTF-8, but that of {readable(source.path)} is not; rename the file."
            )
        if source.words_alone or source.path.suffix.lower() == WORDS_SUFFIX:
            return self._of_words(source)
        info = probe(source.path)
        notes = [extraction_notes.UNKNOWN_CODEC.format(kind=kind) for kind in info.unknown]
        notes += [extraction_notes.unused_tracks(count, kind) for kind, count in info.unused]
        measured, info, face = self._tracks(source, info, notes, watch)
        reached = seconds_reached(measured, face)
        duration = usable_seconds(source.path, info, reached)
        if is_cut_short(info, reached):
            notes.append(extraction_notes.cut_short(info.duration, reached))
        transcript = self._said(source, info, duration)
        notes.extend(transcript.notes if transcript.words else (*transcript.notes, *_unread_words(source, info)))
        found = _File(measured, face, self._wordless(source, info, transcript), tuple(dict.fromkeys(notes)))
        placed = clips_of(source, self.config, duration, transcript, measured)
        if self.config.per_person:
            return _with_something(source, self._of_people(source.path, info, found, placed))
        voices = self._voices(source.path, info, measured, [span for span, _ in placed])
        clips = [_Clip(span, words, voice) for (span, words), voice in zip(placed, voices, strict=True)]
        return _with_something(source, [self._features(clip, found) for clip in clips])

    def _of_words(self, source: Source) -> list[ClipFeatures]:
        said = _said(source, self.config.per_person)
        clips = features_of_words(said, self._words)
        return [replace(clip, person=clip.speaker or UNKNOWN) for clip in clips] if self.config.per_person else clips

    def _of_people(
        self, path: Path, info: MediaInfo, found: _File, placed: Sequence[tuple[NamedSpan, Transcript]]
    ) -> list[ClipFeatures]:
        """The features of every person in every clip; of a clip in which nobody has any, those of one, without features."""
        transcripts = list({id(words): words for _, words in placed}.values())
        sound = len(found.measured) > 0 and not bool(silent(found.measured).all())
        people = people_in(transcripts, found.face, seconds_reached(found.measured, found.face), sound)
        found = replace(found, notes=(*found.notes, *people.notes))
        parts = parts_of(people, placed)
        turns = [NamedSpan("", turn.start, turn.end) for part in parts for turn in part.turns]
        voices = iter(self._voices(path, info, found.measured, turns))
        clips: dict[NamedSpan, list[ClipFeatures]] = {}
        for part in parts:
            own = self._of_person(part, [next(voices) for _ in part.turns], found, people)
            clips.setdefault(part.clip, []).append(own)
        return [one for every in clips.values() for one in [own for own in every if own.modalities] or every[:1]]

    def _of_person(self, part: Part, voices: Sequence[Steps], found: _File, people: People) -> ClipFeatures:
        (start, _), person = part.clip.placed(), part.person
        notes = found.notes
        face = _face_of(person, found.face)
        if person.face is None and (people.faces or len(found.face.steps)):
            face, notes = FaceTrack.none(1), (*notes, extraction_notes.WHOSE_FACE)
        if person.speaker is not None and not part.turns and len(found.measured):
            notes = (*notes, extraction_notes.NO_TURN)
        silent_face = person.speaker is None and people.voices
        own = _File(
            found.measured.within([(turn.start, turn.end) for turn in part.turns]),
            face,
            extraction_notes.WHOSE_VOICE if silent_face else found.wordless,
            notes,
        )
        late = [voice.later(turn.start - start) for voice, turn in zip(voices, part.turns, strict=True)]
        voice = Steps.joined(late, self._voice_encoder.dimension)
        features = self._features(_Clip(part.clip, Transcript(part.words, people.timed), voice), own)
        return replace(features, clip=people.clip(part), person=person.name)

    def _tracks(
        self, source: Source, info: MediaInfo, notes: list[str], watch: OnShare
    ) -> tuple[Steps, MediaInfo, FaceTrack]:
        """Voice as measured, what is now known of the file, and the face; both tracks side by side."""
        heard, seen = list[str](), list[str]()

        def sound(on_share: OnShare) -> tuple[Steps, MediaInfo]:
            return measured_sound(source.path, info, self._voice, heard, on_share)

        if info.has_sound and info.has_picture and self._tool is None:
            (measured, known), face = both_tracks(
                sound, lambda on_share: self._seen(source, info, seen, on_share), watch
            )
        else:
            measured, known = sound(watch)
            face = self._seen(source, known, seen, watch)
        notes += heard + seen
        return measured, known, face

    def _voices(self, path: Path, info: MediaInfo, measured: Steps, spans: Sequence[NamedSpan]) -> list[Steps]:
        """Voice features of every clip."""
        encoder = self._voice_encoder
        if not len(measured):
            return [Steps.none(encoder.dimension) for _ in spans]
        if not encoder.each_clip_alone:
            whole = measured if encoder is self._voice else encoder.steps(read_sound(path, info, ReadReport()))
            return [whole.between(*span.placed()) for span in spans]
        reaches = [
            (round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)) for start, end in map(NamedSpan.placed, spans)
        ]
        order = sorted(range(len(spans)), key=reaches.__getitem__)
        sounds = clip_sounds(read_sound(path, info, ReadReport()), [reaches[number] for number in order])
        voices = {number: encoder.steps(sound) for number, sound in zip(order, sounds, strict=True)}
        return [voices[number] for number in range(len(spans))]

    def _seen(self, source: Source, info: MediaInfo, notes: list[str], watch: OnShare) -> FaceTrack:
        if self._tool is not None:
            track = face_of_table(source, info, self._tool, notes)
            return _told_apart(track, notes) if self.config.per_person else track
        return measured_face(source.path, info, self._face, notes, watch)

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

    def _features(self, clip: _Clip, found: _File) -> ClipFeatures:
        start, end = clip.span.placed()
        words, measured = clip.words.between(start, end), found.measured.between(start, end)
        mute = bool(len(measured)) and bool(silent(measured).all())
        streams = {
            "text": self._words.steps(words, start) if words else Steps.none(1),
            "audio": Steps.none(1) if mute else clip.voice,
            "visual": found.face.steps.between(start, end),
        }
        notes = found.notes + clip.span.notes
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
        return ClipFeatures(clip.span.clip, start, end, text, kept, shares, notes, speakers(words))


def _unread_words(source: Source, info: MediaInfo) -> list[str]:
    """Notes on words that lie inside the file or beside it and are not read, where no transcript is known."""
    if source.transcript_file() is not None or any(span.transcript for span in source.spans):
        return []
    beside = unread_beside(source.path)
    notes = [extraction_notes.subtitles(info.subtitles)] if info.subtitles else []
    return notes + ([extraction_notes.unread_beside(beside.name)] if beside else [])


def _face_of(person: Person, track: FaceTrack) -> FaceTrack:
    """The track with the face of one person."""
    return replace(track, steps=Steps.none(1) if person.face is None else person.face)


def _told_apart(track: FaceTrack, notes: list[str]) -> FaceTrack:
    """The track of a tool's table, whose face is a person's only where no other is in the table."""
    if track.several.any():
        notes.append(extraction_notes.FACES_OF_TABLE)
        return track
    return replace(track, people=(track.steps,) if len(track.steps) else ())


def _said(source: Source, per_person: bool) -> list[SaidWords]:
    """The clips of a source of words alone: its spans, or the one of a text file, or one for each who speaks in it.

    Raises:
        SourceError: where the file holds no words.
    """
    if source.words_alone:
        return [SaidWords(span.clip, span.transcript.split()) for span in source.spans]
    words = read_transcript(source.path, _ANY_LENGTH).words if source.path.is_file() else ()
    if not words:
        raise SourceError(f"Expected words in {source.path}, but it is absent or holds none; check the file.")
    if not per_person:
        return [SaidWords(source.clip, _split(words), speakers(words))]
    by_speaker: dict[str, list[Word]] = {}
    for word in known_speakers(words):
        by_speaker.setdefault(word.speaker, []).append(word)
    several = len(by_speaker) > 1
    return [
        SaidWords(of_person(source.clip, name or UNKNOWN) if several else source.clip, _split(own), name)
        for name, own in by_speaker.items()
    ]


def _split(words: Sequence[Word]) -> list[str]:
    return " ".join(word.text for word in words).split()


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
