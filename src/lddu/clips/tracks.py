"""The tracks of a file -> its voice as measured and its face, with notes on what is absent or was mended."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from lddu.clips.face import action_units
from lddu.clips.face.action_units import Tool
from lddu.clips.face.measured_faces import PICTURE_RATE
from lddu.clips.face.pictures import FaceMeter, FaceTrack
from lddu.clips.media import (
    PHOTO_FORMATS,
    SAMPLE_RATE,
    MediaInfo,
    ReadReport,
    larger_photo,
    picture_times,
    read_pictures,
    read_sound,
)
from lddu.clips.spans import Source
from lddu.clips.steps import Steps
from lddu.clips.voice.measured import COLUMNS as VOICE_COLUMNS
from lddu.clips.voice.measured import VoiceMeter
from lddu.errors import SourceError
from lddu.machine.read_ahead import read_ahead
from lddu.store import extraction_notes

OnShare = Callable[[float], None]
"""Called with the share of the work that is done."""

_CUT_SHORT, _CUT_SHARE = 2.0, 0.02
"""Seconds, and share of the file, that may lack at its end without a word: last pictures are shown long, sounds padded."""

_PICTURES_AHEAD = 4
"""Decoded while faces are found: enough for a core more, and few megabytes."""

_SLACK = 1.0
"""Seconds by which a header may be wrong about the end and is still followed: last pictures, padding of codecs."""


def measured_sound(
    path: Path, info: MediaInfo, meter: VoiceMeter, notes: list[str], watch: OnShare
) -> tuple[Steps, MediaInfo]:
    """Voice steps, and what else of the file has to be known to read its sound again.

    Raises:
        SourceError: where the sound cannot be decoded and there is no picture.
    """
    nothing = Steps.none(len(VOICE_COLUMNS))
    if not info.has_sound:
        notes.append(extraction_notes.NO_SOUND)
        return nothing, info
    report = ReadReport()
    try:
        steps = meter.steps(_watched_sound(read_sound(path, info, report), info, watch))
    except SourceError:
        if not info.has_picture:
            raise
        notes.append(extraction_notes.UNDECODED_SOUND)
        return nothing, info
    if report.stands_still:
        notes.append(extraction_notes.STANDS_STILL)
        info, report = replace(info, timed=False), ReadReport()
        steps = meter.steps(read_sound(path, info, report))
    notes += _noticed(report, "sound")
    channel = report.channel
    if channel is not None:
        notes.append(extraction_notes.one_channel(report.cancelled, channel))
        info, report = replace(info, channel=channel), ReadReport()
        steps = meter.steps(read_sound(path, info, report))
    elif report.cancelled:
        notes.append(extraction_notes.cancelled(report.cancelled))
    if report.scale != 1:
        notes.append(extraction_notes.beyond_full_scale(report.scale))
        info, report = replace(info, scale=report.scale), ReadReport()
        steps = meter.steps(read_sound(path, info, report))
    if report.offset:
        notes.append(extraction_notes.beside_zero(report.offset))
        info = replace(info, offset=report.offset)
        steps = meter.steps(read_sound(path, info, ReadReport()))
    return steps, info


def measured_face(path: Path, info: MediaInfo, meter: FaceMeter, notes: list[str], watch: OnShare) -> FaceTrack:
    """The face in the pictures.

    Raises:
        SourceError: where the pictures cannot be decoded and there is no sound.
    """
    nothing = FaceTrack.none(meter.dimension)
    if not info.has_picture:
        notes.append(extraction_notes.NO_PICTURE)
        return nothing
    report = ReadReport()
    if info.container in PHOTO_FORMATS:
        (picture,) = read_pictures(path, info, PICTURE_RATE, report)
        track = meter.photo(picture, lambda: larger_photo(path))
        notes += track.notes
        return track
    try:
        pictures = read_pictures(path, info, PICTURE_RATE, report)
        with closing(read_ahead(pictures, _PICTURES_AHEAD)) as decoded:
            track = meter.track(decoded, lambda time: watch(_share(time, info)))
    except SourceError:
        if not info.has_sound:
            raise
        notes.append(extraction_notes.UNDECODED_PICTURES)
        return nothing
    notes += [*_noticed(report, "pictures"), *track.notes]
    return track


def face_of_table(source: Source, info: MediaInfo, tool: Tool, notes: list[str]) -> FaceTrack:
    """The face in a tool's table of action units.

    Raises:
        SourceError: where the table cannot be understood, or is not that of the file.
    """
    nothing = FaceTrack.none(len(tool.features))
    if not info.has_picture:
        notes.append(extraction_notes.NO_PICTURE)
        return nothing
    table = source.face_file()
    if table is None:
        notes.append(extraction_notes.NO_TABLE.format(tool=tool.name))
        return nothing
    times = picture_times(source.path, info)
    track = action_units.read_track(table, tool, times, lambda: picture_times(source.path, info, decode=True))
    notes += track.notes
    return track


def usable_seconds(path: Path, info: MediaInfo, reached: float) -> float:
    """What a header promises beyond the file's real end is not there, what lies beyond its promise is.

    Raises:
        SourceError: where nothing of the file lasts.
    """
    trusted = info.duration and not info.estimated and not is_cut_short(info, reached)
    duration = min(info.duration, reached + _SLACK) if trusted and reached <= info.duration + _SLACK else reached
    if reached <= 0 or duration <= 0:
        raise SourceError(f"Expected {path} to last, but it has neither a tenth of a second of sound nor a picture.")
    return duration


def is_cut_short(info: MediaInfo, reached: float) -> bool:
    """Whether a file ends clearly before its header says."""
    return not info.estimated and info.duration - reached > max(_CUT_SHORT, _CUT_SHARE * info.duration)


def seconds_reached(voice: Steps, face: FaceTrack) -> float:
    """Seconds until sound and pictures end."""
    return max(
        float(voice.end[-1]) if len(voice) else 0.0,
        float(face.looked[-1]) + 1 / PICTURE_RATE if len(face.looked) else 0.0,
    )


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


def _share(seconds: float, info: MediaInfo) -> float:
    """Of the file; 0 where its length is not known."""
    return min(1.0, seconds / info.duration) if info.duration else 0.0
