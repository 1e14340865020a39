"""Which models made the features of a store or of a run's training, so that new clips are extracted with the same ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.face.mesh import MESH
from lddu.clips.face.pictures import GEOMETRY
from lddu.clips.voice.measured import MEASURED
from lddu.clips.voice.whisper_encoder import WHISPER
from lddu.clips.words.pretrained import LAST
from lddu.clips.words.text import PACKAGED


def named_models(parsed: Mapping[str, Mapping[str, Any]]) -> ExtractorConfig:
    """An extractor with the models that features were made with, as far as there are such modalities.

    Args:
        parsed: modality -> how its features were made, as `ClipExtractor.feature_names` says it.
    """
    config = ExtractorConfig()
    if "text" in parsed:
        text = parsed["text"]
        config = replace(config, text_model=str(text["model"]), text_layers=_layers(text))
    if "audio" in parsed:
        config = _with_voice(config, parsed["audio"])
    if "visual" in parsed:
        config = replace(config, face_model=_face(parsed["visual"]["face"]))
    return config


def recorded_models(config: Mapping[str, Any]) -> ExtractorConfig:
    """The models and layers of a store of `lddu extract`, by the configuration in its manifest.

    A manifest without layers is from before they could be chosen: its states are those of the last layer. One that does not speak of
    trimming, or of a level, is from before that.
    """
    voice_model = str(config.get("voice_model", MEASURED))
    return ExtractorConfig(
        text_model=str(config.get("text_model", PACKAGED)),
        text_layers=tuple(map(int, config.get("text_layers", (LAST,)))),
        voice_model=voice_model,
        voice_layer=int(config.get("voice_layer", 0)),
        trim=bool(config.get("trim", False)),
        level=bool(config.get("level", False)),
        face_model=_face(config.get("face_model", MESH)),
    )


def _face(name: object) -> str:
    """The choice of a face model by its name in a feature or a manifest, where the geometry goes by its package."""
    return GEOMETRY if name == MESH else str(name)


def _with_voice(config: ExtractorConfig, audio: Mapping[str, Any]) -> ExtractorConfig:
    voice, config = str(audio["voice"]), replace(config, trim="trim" in audio, level="level" in audio)
    if voice == WHISPER:
        return replace(config, voice_model=voice, voice_layer=int(audio["layer"]))
    if voice == "transformers":
        return replace(config, voice_model=str(audio["model"]), voice_layer=_layers(audio)[0])
    return replace(config, voice_model=voice)


def _layers(feature: Mapping[str, Any]) -> tuple[int, ...]:
    layers: Sequence[Any] = feature.get("layers", ["last"])
    return tuple(LAST if layer == "last" else int(layer) for layer in layers)
