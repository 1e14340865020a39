"""Which of several faces is the main speaker's: faces are followed over time, the large and talking one is chosen.

Works picture by picture and looks only back, so that a file of any length needs no memory. A change of speaker takes
a clearly better face, so that the choice does not flicker, or a cut: the face goes, and one comes that was not beside it.
"""

from dataclasses import dataclass

import numpy as np

from lddu.clips.face.geometry import NEAR, RECENT, Face, eye_distances, mouth_speed, moving

_MEMORY = 1.0  # seconds over which size and talking are averaged
_SILENT_WORTH = 0.3  # what a face that does not talk is worth, beside one whose mouth moves by 1 per second
_CLEARLY = 1.5  # how much better another face has to be


@dataclass(eq=False)  # a track is itself alone: faces hold arrays, which cannot be compared at once
class _Track:
    face: Face
    score: float
    before: float = -np.inf  # seconds at which it was seen before this time


class SpeakerChoice:
    """Follows faces and chooses which one to measure; one per file."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._chosen: _Track | None = None

    def choose(self, faces: list[Face], time: float) -> Face | None:
        """The main speaker's face in this picture with its speeds; None where it is not seen."""
        self._tracks = [track for track in self._tracks if time - track.face.time <= RECENT]
        if self._chosen not in self._tracks:
            self._chosen = None
        for face in sorted(faces, key=lambda face: -face.size):
            self._follow(face)
        seen = [track for track in self._tracks if track.face.time == time]
        best = max(seen, key=lambda track: track.score, default=None)
        if self._chosen is None or (best is not None and best.score > _CLEARLY * self._chosen.score):
            self._chosen = best
        elif self._chosen not in seen:
            last = self._chosen.face.time
            came = [track for track in seen if track.before < last]
            self._chosen = max(came, key=lambda track: track.score, default=self._chosen)
        chosen = self._chosen
        return chosen.face if chosen is not None and chosen.face.time == time else None

    def _follow(self, face: Face) -> None:
        free = [track for track in self._tracks if track.face.time < face.time]
        near = min(free, key=lambda track: eye_distances(track.face, face), default=None)
        if near is None or not is_same(near.face, face):
            self._tracks.append(_Track(face, face.size * _SILENT_WORTH))
            return
        passed = face.time - near.face.time
        seen = moving(face, near.face)
        worth = face.size * (_SILENT_WORTH + min(mouth_speed(seen), 1.0))
        share = 1 - float(np.exp(-passed / _MEMORY))
        near.score += share * (worth - near.score)
        near.before, near.face = near.face.time, seen


def is_same(before: Face, now: Face) -> bool:
    """Whether one face can have been in both places: it hardly moved, and was not out of sight for long."""
    return eye_distances(before, now) <= NEAR and now.time - before.time <= RECENT
