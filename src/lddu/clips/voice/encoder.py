"""What gives the voice features, by name."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from lddu.clips.steps import Steps
from lddu.clips.voice.egemaps import OPENSMILE, EgemapsMeter
from lddu.clips.voice.measured import MEASURED, VoiceMeter
from lddu.clips.voice.speech_encoder import SpeechEncoder
from lddu.clips.voice.whisper_encoder import WHISPER, WhisperEncoder


class VoiceEncoder(Protocol):
    """Sound to voice features."""

    @property
    def dimension(self) -> int:
        """Numbers per step."""

    @property
    def each_clip_alone(self) -> bool:
        """Whether a step depends on seconds of sound around it, so that it must not see beyond its clip."""

    def specification(self) -> dict[str, Any]:
        """All that its features depend on."""

    def steps(self, blocks: Iterable[np.ndarray]) -> Steps:
        """Steps of mono blocks at 16 kHz, end to end."""


def voice_encoder(model: str, layer: int) -> VoiceEncoder:
    """The encoder of that name.

    Args:
        model: as `ExtractorConfig.voice_model` has it.
        layer: of a network; others have none.

    Raises:
        ConfigError: where a package, the model or its layer is missing.
    """
    if model == MEASURED:
        return VoiceMeter()
    if model == OPENSMILE:
        return EgemapsMeter()
    if model == WHISPER:
        return WhisperEncoder(layer)
    return SpeechEncoder(model, layer)
