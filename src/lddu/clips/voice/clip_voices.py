"""The voice features of clips as a speech encoder hears them: each by itself, without the silence at its ends, at one level."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lddu.clips.media import SAMPLE_RATE
from lddu.clips.steps import Steps
from lddu.clips.voice import level, trim
from lddu.clips.voice.clip_sounds import clip_sounds
from lddu.clips.voice.encoder import VoiceEncoder
from lddu.clips.voice.trim import Stretch


@dataclass(frozen=True)
class Hearing:
    """How a speech encoder hears a clip.

    Attributes:
        trim: without the silence at its ends (`lddu.clips.voice.trim`).
        level: at the level of all others (`lddu.clips.voice.level`); what is silence does then not depend on how loud it was recorded.
    """

    trim: bool
    level: bool

    def specification(self) -> dict[str, Any]:
        """What of this a feature depends on; what is not done is not in it, as in features from before it could be."""
        makers = {"trim": trim.specification, "level": level.specification}
        return {name: specification() for name, specification in makers.items() if getattr(self, name)}

    def voices(
        self,
        encoder: VoiceEncoder,
        sound: Iterable[np.ndarray],
        measured: Steps,
        clips: Sequence[Sequence[Stretch]],
        speakers: Sequence[str] = (),
    ) -> list[list[Steps]]:
        """The features of every stretch of every clip; their times count from the start of the stretch.

        Args:
            encoder: hears each stretch alone.
            sound: the file's mono samples at 16 kHz, end to end.
            measured: the voice of the file, as `lddu.clips.voice.measured` gives it.
            clips: the stretches of each, which share a level; they may overlap those of others.
            speakers: who speaks in each clip, where that is known; where a clip is heard at a level, what is silence in it does then
                not depend on how loud others are.
        """
        places = [(number, stretch) for number, clip in enumerate(clips) for stretch in clip]
        stretches = [stretch for _, stretch in places]
        whose = [speakers[number] if self.level and speakers else "" for number, _ in places]
        loud = _trimmed(measured, stretches, whose, self.level) if self.trim or self.level else stretches
        heard = loud if self.trim else stretches
        of_clip: list[list[Stretch]] = [[] for _ in clips]
        for (clip, _), stretch in zip(places, loud, strict=True):  # silence that is kept is no part of the level
            of_clip[clip] += [stretch] if stretch else []
        gains = [level.gain(measured, own) if self.level else 1.0 for own in of_clip]
        reaches = {n: (round(s[0] * SAMPLE_RATE), round(s[1] * SAMPLE_RATE)) for n, s in enumerate(heard) if s}
        order = sorted(reaches, key=reaches.__getitem__)
        features = [Steps.none(encoder.dimension) for _ in places]
        for place, blocks in zip(order, clip_sounds(sound, [reaches[place] for place in order]), strict=True):
            clip, (start, _) = places[place]
            steps = encoder.steps(level.amplified(blocks, gains[clip]))
            features[place] = steps.later(reaches[place][0] / SAMPLE_RATE - start)
        in_turn = iter(features)
        return [[next(in_turn) for _ in clip] for clip in clips]


def _trimmed(
    measured: Steps, stretches: Sequence[Stretch], speakers: Sequence[str], relative: bool
) -> list[Stretch | None]:
    """Each stretch without the silence at its ends; named speakers are each beside what they say themselves, others beside the file."""
    ends: list[Stretch | None] = [None] * len(stretches)
    for speaker in dict.fromkeys(speakers):
        own = [n for n, other in enumerate(speakers) if other == speaker]
        spoken = [stretches[n] for n in own]
        beside = measured.within(spoken) if speaker else measured
        for n, stretch in zip(own, trim.trimmed(beside, spoken, relative), strict=True):
            ends[n] = stretch
    return ends
