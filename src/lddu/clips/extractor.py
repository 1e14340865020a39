"""One file -> the features of its clips. Everything that decides how lies in `ExtractorConfig`."""

import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lddu.clips.both_tracks import both_tracks
from lddu.clips.clip_features import ClipParts, FileTracks, clip_features, unread_words, with_something
from lddu.clips.configuration import ExtractorConfig
from lddu.clips.face import action_units, pictures
from lddu.clips.face.action_units import TOOLS, Tool
from lddu.clips.face.expression import EXPRESSION, ExpressionReader
from lddu.clips.face.pictures import FaceMeter, FaceTrack
from lddu.clips.media import PHOTO_FORMATS, MediaInfo, ReadReport, probe, read_sound, readable
from lddu.clips.people import Part, People, parts_of, people_in
from lddu.clips.person_features import told_apart, tracks_of_person
from lddu.clips.spans import WORDS_SUFFIX, NamedSpan, Source, clips_of
from lddu.clips.steps import ClipFeatures, Steps
from lddu.clips.tracks import (
    OnShare,
    face_of_table,
    is_cut_short,
    measured_face,
    measured_sound,
    seconds_reached,
    usable_seconds,
)
from lddu.clips.voice.clip_voices import Hearing
from lddu.clips.voice.encoder import VoiceEncoder, voice_encoder
from lddu.clips.voice.measured import MEASURED, VoiceMeter, silent
from lddu.clips.words.beside import languages_beside, refuse_transcript
from lddu.clips.words.recognition import SpeechRecogniser
from lddu.clips.words.text import WordEncoder
from lddu.clips.words.transcript import NO_WORDS, Transcript, Word, read_transcript
from lddu.clips.words_alone import features_of_words, words_of, words_to_doubt
from lddu.errors import SourceError
from lddu.store import extraction_notes
from lddu.store.extraction_notes import UNKNOWN

MODALITIES = ("text", "audio", "visual")


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
        """What gives the voice features; how a file is cut and what is voiced is always decided by `_voice`."""
        measured = self.config.voice_model == MEASURED
        return self._voice if measured else voice_encoder(self.config.voice_model, self.config.voice_layer)

    @property
    def _hearing(self) -> Hearing:
        return Hearing(bool(self.config.trim), bool(self.config.level))

    @property
    def _tool(self) -> Tool | None:
        """Whose tables say what faces do; None where pictures are looked at."""
        return TOOLS.get(self.config.face_model)

    @cached_property
    def _expression(self) -> ExpressionReader | None:
        """What reads the pixels of faces, where the configuration asks for it."""
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
            "audio": self._voice_specification,
            "visual": self._face_specification,
        }
        with ThreadPoolExecutor(len(makers), "lddu-load") as pool:  # the models are loaded side by side
            futures = {name: pool.submit(maker) for name, maker in makers.items()}
            return {name: json.dumps(future.result()) for name, future in futures.items()}

    def _voice_specification(self) -> dict[str, Any]:
        return self._voice_encoder.specification() | self._hearing.specification()

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
        refuse_transcript(source.path)
        info = probe(source.path)
        notes = [extraction_notes.UNKNOWN_CODEC.format(kind=kind) for kind in info.unknown]
        notes += [extraction_notes.unused_tracks(count, kind) for kind, count in info.unused]
        measured, info, face = self._tracks(source, info, notes, watch)
        reached = seconds_reached(measured, face)
        duration = usable_seconds(source.path, info, reached)
        if is_cut_short(info, reached):
            notes.append(extraction_notes.cut_short(info.duration, reached))
        transcript = self._transcript(source, info, duration)
        notes.extend(transcript.notes if transcript.words else (*transcript.notes, *unread_words(source, info)))
        wordless, told = self._wordless(source, info, transcript), tuple(dict.fromkeys(notes))
        tracks = FileTracks(measured, face, wordless, told, relative=self._hearing.level)
        placed = clips_of(source, self.config, duration, transcript, measured)
        if self.config.per_person:
            clips = self._of_people(source.path, info, tracks, placed)
        else:
            voices = self._voices(source.path, info, measured, [(span,) for span, _ in placed])
            parts = [ClipParts(span, words, voice) for (span, words), (voice,) in zip(placed, voices, strict=True)]
            clips = [clip_features(part, tracks, self._encoded) for part in parts]
        if info.container in PHOTO_FORMATS:
            clips = [replace(clip, start=math.nan, end=math.nan) for clip in clips]
        return with_something(source, clips)

    def _of_words(self, source: Source) -> list[ClipFeatures]:
        texts = words_of(source, self.config.per_person)
        clips = features_of_words(texts, self._words, self.config.most_tokens)
        return [replace(clip, person=clip.speaker or UNKNOWN) for clip in clips] if self.config.per_person else clips

    def _of_people(
        self, path: Path, info: MediaInfo, tracks: FileTracks, placed: Sequence[tuple[NamedSpan, Transcript]]
    ) -> list[ClipFeatures]:
        """The features of every person in every clip; of a clip in which nobody has any, those of one, without features."""
        transcripts = list({id(words): words for _, words in placed}.values())
        sound = len(tracks.measured) > 0 and not bool(silent(tracks.measured).all())
        people = people_in(transcripts, tracks.face, seconds_reached(tracks.measured, tracks.face), sound)
        tracks = replace(tracks, notes=(*tracks.notes, *people.notes))
        parts = parts_of(people, placed)
        turns = [[NamedSpan("", turn.start, turn.end) for turn in part.turns] for part in parts]
        clips: dict[NamedSpan, list[ClipFeatures]] = {}
        speakers = [part.person.speaker or "" for part in parts]
        for part, voices in zip(parts, self._voices(path, info, tracks.measured, turns, speakers), strict=True):
            features = self._of_person(part, voices, tracks, people)
            clips.setdefault(part.clip, []).append(features)
        return [
            features
            for persons in clips.values()
            for features in [features for features in persons if features.modalities] or persons[:1]
        ]

    def _of_person(self, part: Part, voices: Sequence[Steps], tracks: FileTracks, people: People) -> ClipFeatures:
        start, _ = part.clip.placed()
        late = [voice.later(turn.start - start) for voice, turn in zip(voices, part.turns, strict=True)]
        voice = Steps.joined(late, self._voice_encoder.dimension)
        clip = ClipParts(part.clip, Transcript(part.words, people.timed), voice)
        features = clip_features(clip, tracks_of_person(part, tracks, people), self._encoded)
        return replace(features, clip=people.clip(part), person=part.person.name)

    def _tracks(
        self, source: Source, info: MediaInfo, notes: list[str], watch: OnShare
    ) -> tuple[Steps, MediaInfo, FaceTrack]:
        """Voice as measured, what is now known of the file, and the face; both tracks side by side."""
        sound_notes, picture_notes = list[str](), list[str]()

        def sound(on_share: OnShare) -> tuple[Steps, MediaInfo]:
            return measured_sound(source.path, info, self._voice, sound_notes, on_share)

        if info.has_sound and info.has_picture and self._tool is None:
            (measured, known), face = both_tracks(
                sound, lambda on_share: self._seen(source, info, picture_notes, on_share), watch
            )
        else:
            measured, known = sound(watch)
            face = self._seen(source, known, picture_notes, watch)
        notes += sound_notes + picture_notes
        return measured, known, face

    def _voices(
        self,
        path: Path,
        info: MediaInfo,
        measured: Steps,
        clips: Sequence[Sequence[NamedSpan]],
        speakers: Sequence[str] = (),
    ) -> list[list[Steps]]:
        """Voice features of every stretch of every clip, of whom the speakers may be known."""
        encoder, placed = self._voice_encoder, [[span.placed() for span in clip] for clip in clips]
        if not len(measured):
            return [[Steps.none(encoder.dimension) for _ in clip] for clip in placed]
        if encoder.each_clip_alone:
            return self._hearing.voices(encoder, read_sound(path, info, ReadReport()), measured, placed, speakers)
        whole = measured if encoder is self._voice else encoder.steps(read_sound(path, info, ReadReport()))
        return [[whole.between(*stretch) for stretch in clip] for clip in placed]

    def _encoded(self, words: Sequence[Word], start: float) -> tuple[Steps, tuple[str, ...]]:
        texts = [word.text for word in words]
        knows = self._words.knows(texts)
        if not any(knows):
            return Steps.none(self._words.dimension), (extraction_notes.UNKNOWN_WORDS,)
        return self._words.steps(words, start), words_to_doubt(texts, knows)

    def _seen(self, source: Source, info: MediaInfo, notes: list[str], watch: OnShare) -> FaceTrack:
        if self._tool is not None:
            track = face_of_table(source, info, self._tool, notes)
            return told_apart(track, notes) if self.config.per_person else track
        return measured_face(source.path, info, self._face, notes, watch)

    def _transcript(self, source: Source, info: MediaInfo, duration: float) -> Transcript:
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
