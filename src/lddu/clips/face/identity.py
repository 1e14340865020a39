"""Which faces of a file are the same person's: by place from picture to picture, by looks after a cut or a gap.

A face that could be two of those before, or looks like none of them, is a new one: one person may be split into two, two are
not put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from lddu.clips.face.geometry import NEAR, RECENT, Face, eye_distances, moving
from lddu.clips.face.looks import unlike

_GOES_ON = 0.5  # how unlike its last look a face in its place may be: a cut shows another one there
_RETURNS = 0.35  # how unlike the nearest of its looks a face may be that comes back
_CLEARLY = 1.5  # how much further any other identity has to be
_NEW_LOOK, _LOOKS = 0.15, 8  # a look that differs so from those kept is kept too, up to so many


@dataclass(eq=False)
class Identity:
    """A face that is followed through a file.

    Attributes:
        number: in order of the first look, in one picture from left to right.
        face: as it was seen last, with its speeds.
        look: likewise.
        looks: [K, 12, 12, 3] that differ.
    """

    number: int
    face: Face
    look: np.ndarray
    looks: np.ndarray = field(repr=False)

    def see(self, face: Face, look: np.ndarray) -> None:
        """It is this face in the next picture."""
        self.face, self.look = moving(face, self.face), look
        if len(self.looks) < _LOOKS and unlike(look, self.looks).min() > _NEW_LOOK:
            self.looks = np.concatenate([self.looks, look[None]])


Seen = tuple[Face, np.ndarray]
"""A face and its look."""


class Identities:
    """Assigns the faces of each picture to identities; one per file."""

    def __init__(self) -> None:
        self.known: list[Identity] = []

    def see(self, faces: Sequence[Seen]) -> list[Identity]:
        """Those that are in the next picture, each with its face as it is there.

        Args:
            faces: of one picture, which is later than the ones before, each once.
        """
        whose = self._in_their_places(faces)
        whose |= self._returned(faces, whose)
        for n in sorted(set(range(len(faces))) - set(whose), key=lambda n: float(faces[n][0].centre[0])):
            face, look = faces[n]
            whose[n] = Identity(len(self.known), face, look, look[None])
            self.known.append(whose[n])
        for n, identity in whose.items():
            if identity.face is not faces[n][0]:
                identity.see(*faces[n])
        return list(whose.values())

    def _in_their_places(self, faces: Sequence[Seen]) -> dict[int, Identity]:
        matches: dict[int, Identity] = {}
        pairs = ((_moved(identity, face), n, identity) for (n, face), identity in product(enumerate(faces), self.known))
        for _, n, identity in sorted((pair for pair in pairs if pair[0] <= NEAR), key=lambda pair: pair[:2]):
            if n not in matches and identity not in matches.values() and unlike(faces[n][1], identity.look) <= _GOES_ON:
                matches[n] = identity
        return matches

    def _returned(self, faces: Sequence[Seen], taken: dict[int, Identity]) -> dict[int, Identity]:
        """Those that come back after a cut or a gap."""
        free = [identity for identity in self.known if identity not in taken.values()]
        apart = {
            n: sorted((float(unlike(look, identity.looks).min()), identity.number) for identity in free)
            for n, (_, look) in enumerate(faces)
            if n not in taken and free
        }
        matches: dict[int, Identity] = {}
        for n in sorted(apart, key=lambda n: apart[n][0]):  # the likest first, whatever their order in the picture
            ranked = [(least, number) for least, number in apart[n] if self.known[number] not in matches.values()]
            alone = len(ranked) == 1 or (len(ranked) > 1 and ranked[1][0] > _CLEARLY * ranked[0][0])
            if alone and ranked[0][0] <= _RETURNS:
                matches[n] = self.known[ranked[0][1]]
        return matches


def _moved(identity: Identity, seen: Seen) -> float:
    """Eye distances from where the face was last; infinite where that is too long ago."""
    before, (now, _) = identity.face, seen
    if not 0 < now.time - before.time <= RECENT:
        return float("inf")
    return eye_distances(before, now)
