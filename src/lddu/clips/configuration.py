"""How clips become features: the models, their layers, and how a file is cut."""

from dataclasses import dataclass, replace

from lddu.argument_types import refuse_wrong_types
from lddu.clips.face.action_units import TOOLS
from lddu.clips.face.expression import EXPRESSION
from lddu.clips.face.pictures import GEOMETRY
from lddu.clips.segments import Cut
from lddu.clips.voice.egemaps import OPENSMILE
from lddu.clips.voice.measured import MEASURED
from lddu.clips.voice.whisper_encoder import BEST_LAYER, WHISPER
from lddu.clips.words.pretrained import LAST
from lddu.clips.words.text import PACKAGED, PACKAGED_LAYERS
from lddu.errors import ConfigError, parameter

LONGEST = 20.0
"""Seconds of the longest clip where nobody says otherwise."""

WITHOUT_LAYERS = (MEASURED, OPENSMILE)
"""Voice features that are no states of a network."""


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
        per_person: whether every person in a clip is one by themselves (`lddu.clips.people`).
        most_tokens: of words alone, behind which nothing of them is read, for a model that looks no further; 0 reads all.
        trim: whether a speech encoder hears a clip without the silence at its ends (`lddu.clips.voice.trim`); None is not named.
        level: whether it hears each clip at the level of all others (`lddu.clips.voice.level`); None is not named.
    """

    text_model: str = ""
    text_layers: tuple[int, ...] = ()
    voice_model: str = ""
    voice_layer: int = 0
    face_model: str = ""
    cut: Cut = "auto"
    longest: float = LONGEST
    speech_model: str = ""
    per_person: bool = False
    trim: bool | None = None
    level: bool | None = None
    most_tokens: int = 0

    def __post_init__(self) -> None:
        refuse_wrong_types(self)
        if not 1.0 <= self.longest <= 3600.0:
            raise ConfigError(
                f"Expected {parameter('longest')} to be from 1 to 3600 seconds, but got {self.longest:g}."
            )
        if self.cut == "whole" and self.longest != LONGEST:
            raise ConfigError(
                f"Expected {parameter('longest')} where files are cut, but got it with {parameter('cut', 'whole')}, which takes each as it is; "
                "leave one out."
            )
        if self.face_model not in ("", EXPRESSION, GEOMETRY, *TOOLS):
            raise ConfigError(
                f"Expected {parameter('face_model')} to be {EXPRESSION}, {GEOMETRY}, {' or '.join(TOOLS)}, but got "
                f"{self.face_model!r}."
            )
        if len(set(self.text_layers)) < len(self.text_layers):
            raise ConfigError(
                f"Expected each of {parameter('text_layers')} once, but got {self.text_layers}; leave out the second."
            )
        if self.voice_layer and self.voice_model in WITHOUT_LAYERS:
            raise ConfigError(
                f"Expected {parameter('voice_layer')} together with a speech encoder, but {self.voice_model} has no layers; leave it out."
            )
        heard = [name for name in ("trim", "level") if getattr(self, name)]
        if heard and self.voice_model in WITHOUT_LAYERS:
            raise ConfigError(
                f"Expected {parameter(heard[0])} together with a speech encoder, but {self.voice_model} measures each moment by itself; leave it out."
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
            trim=other.trim if self.trim is None and same_voice else self.trim,
            level=other.level if self.level is None and same_voice else self.level,
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
            trim=trained.trim,
            level=trained.level,
            face_model=trained.face_model,
        )

    def resolved(self) -> "ExtractorConfig":
        """This configuration, with the default of new stores where nothing is named."""
        named = self.over(NEW_STORES)
        measured = named.voice_model in WITHOUT_LAYERS
        return replace(
            named,
            text_layers=named.text_layers or (LAST,),
            voice_layer=named.voice_layer or (0 if measured else LAST),
            trim=not measured if named.trim is None else named.trim,
            level=not measured if named.level is None else named.level,
        )


NEW_STORES = ExtractorConfig(PACKAGED, PACKAGED_LAYERS, WHISPER, BEST_LAYER, EXPRESSION, trim=True, level=True)
"""How the features of new stores are made where nobody says otherwise; a store or a run that is there keeps its own."""
