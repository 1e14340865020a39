"""What of a file is one person's: the voice of their turns, and a face that is theirs."""

from dataclasses import replace

from lddu.clips.clip_features import FileTracks
from lddu.clips.face.pictures import FaceTrack
from lddu.clips.people import Part, People, Person
from lddu.clips.steps import Steps
from lddu.store import extraction_notes


def tracks_of_person(part: Part, tracks: FileTracks, people: People) -> FileTracks:
    """The tracks of one person in a file, and notes on what cannot be assigned to anyone.

    Args:
        part: of a clip that is this person's.
        tracks: of the file.
        people: everybody in it.
    """
    person, notes, face = part.person, tracks.notes, _face_of(part.person, tracks.face)
    if person.face is None and (people.faces or len(tracks.face.steps)):
        face, notes = FaceTrack.none(1), (*notes, extraction_notes.WHOSE_FACE)
    if person.speaker is not None and not part.turns and len(tracks.measured):
        notes = (*notes, extraction_notes.NO_TURN)
    silent_face = person.speaker is None and people.voices
    return replace(
        tracks,
        measured=tracks.measured.within([(turn.start, turn.end) for turn in part.turns]),
        face=face,
        wordless=extraction_notes.WHOSE_VOICE if silent_face else tracks.wordless,
        notes=notes,
    )


def told_apart(track: FaceTrack, notes: list[str]) -> FaceTrack:
    """The track of a tool's table, whose face is a person's only where no other is in the table."""
    if track.several.any():
        notes.append(extraction_notes.FACES_OF_TABLE)
        return track
    return replace(track, people=(track.steps,) if len(track.steps) else ())


def _face_of(person: Person, track: FaceTrack) -> FaceTrack:
    """The track with the face of one person."""
    return replace(track, steps=Steps.none(1) if person.face is None else person.face)
