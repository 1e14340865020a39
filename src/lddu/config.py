"""Settings: frozen dataclasses, two presets, and one strict reader for TOML, JSON and command-line overrides.

A preset is a complete `Config`. Overrides are nested mappings laid over it; every unknown name and every value
out of range is reported, all in one message. Some settings may be ``"auto"``: `Config.fitted_to` replaces them by
numbers that suit the size of the corpus, and only such a resolved config is written into a run folder.
"""

import difflib
import math
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from lddu.errors import ConfigError

Auto = Literal["auto"]


def setting(default: Any, help: str, least: float | None = None, most: float | None = None) -> Any:
    """A dataclass field with its one-line explanation and its closed range."""
    return field(default=default, metadata={"help": help, "least": least, "most": most})


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and dropout of the network, Eq. (1)-(5), (10), (17)."""

    hidden: int = setting(256, "hidden size H of encoders and emotion space; a multiple of heads and of 4", 4)
    latent: int = setting(128, "size P of the latent emotional distributions", 1)
    layers: int | Auto = setting(3, "Transformer layers per modality; auto fits the corpus", 0)
    heads: int = setting(8, "attention heads", 1)
    dropout: float = setting(0.3, "dropout in the encoders", 0, 0.95)
    emotion_dropout: float = setting(0.1, "dropout on the attended emotion vectors, Eq. (4)", 0, 0.95)
    head_dropout: float = setting(0.1, "dropout in the score networks, Eq. (10)", 0, 0.95)
    max_steps: int = setting(60, "longest sequence; what is longer is cut and counted", 1)
    feature_norm: bool = setting(
        True, "LayerNorm over the features of a step, Eq. (1); else they are clipped at 5 deviations"
    )
    feature_scaling: Literal["deviation", "relevance"] = setting(
        "deviation", "standardised features all alike, or each by how much it says about the training labels"
    )
    query_residual: bool = setting(False, "let the emotion query reach the output, Eq. (17)")
    noise_meter: bool = setting(
        False, "measure each modality's noise and let it scale its standard deviations, Eq. (18)"
    )
    noise_gate: bool = setting(False, "let the fusion hear less of a modality the noisier it is, Eq. (20)")


@dataclass(frozen=True)
class ObjectiveConfig:
    """Weights and sizes of the loss terms, Eq. (9), (11)-(14), (16)."""

    direct_weight: float = setting(0.3, "weight of the BCE of the direct score g", 0)
    fused_weight: float = setting(1.0, "weight of the BCE of the fused probability p", 0)
    contrastive_weight: float = setting(1.0, "weight of the contrastive loss, Eq. (9)", 0)
    temperature: float = setting(0.07, "temperature of the contrastive loss", 0.001)
    memory_size: int | Auto = setting(8192, "past features kept for the contrastive loss; auto fits the corpus", 0)
    anchors: int | Auto = setting(10**9, "most anchors of the contrastive loss per step; auto fits the corpus", 1)
    calibration_weight: float = setting(0.3, "weight of the ordinal calibration, Eq. (11)", 0)
    error_weight: float = setting(0.0, "weight of the link from width to error, Eq. (13)", 0)
    modality_weight: float = setting(0.0, "weight of the per-modality scores and links, Eq. (14)", 0)
    noise_weight: float = setting(0.0, "weight of the order of widths under the noise that training adds, Eq. (19)", 0)
    target: Literal["presence", "shares"] = setting("presence", "train on presence or on shares of raters, Eq. (16)")


@dataclass(frozen=True)
class TrainingConfig:
    """The optimiser and its schedule, Eq. (12)."""

    batch_size: int | Auto = setting(64, "clips per step; auto fits the corpus", 1)
    learning_rate: float = setting(2e-4, "peak learning rate", 1e-9)
    weight_decay: float = setting(0.01, "decoupled weight decay; none on biases and LayerNorm", 0)
    warmup: float = setting(0.1, "share of the steps over which the rate rises linearly", 0, 1)
    epochs: int | Auto = setting(30, "most passes over the training clips; auto fits the corpus", 1)
    patience: int | Auto = setting(
        5, "epochs without a better validation micro-F1 before stopping; auto = half of them", 1
    )
    checkpoint: Literal["f1", "f1_map"] = setting(
        "f1", "what keeps an epoch's weights: validation micro-F1, or its mean with mAP, steadier on few clips"
    )
    gradient_norm: float = setting(1.0, "largest norm of the gradient", 1e-9)
    feature_noise: float | Auto = setting(
        0.0, "deviation of the noise added to standardised features in training; auto = more for a small corpus", 0
    )
    weight_average: float = setting(
        0.0, "decay per step of the averaged weights that are validated and kept; 0 = none", 0, 0.9999
    )
    corruption: float = setting(
        0.0,
        "chance that a modality is corrupted in training, by noise of a quarter to four deviations, Eq. (19)",
        0,
        0.9,
    )
    modality_dropout: float = setting(0.0, "chance that a present modality is hidden in training, Eq. (15)", 0, 0.9)
    shuffle: Literal["clips", "blocks"] | Auto = setting(
        "auto", "shuffle clips, or blocks of neighbouring clips, read in one go; auto = blocks above loader_gib"
    )
    loader_gib: float = setting(4.0, "features of the training split that may be in memory at once, GiB", 0.001)
    accumulation: int = setting(
        1, "parts in which a batch passes the network, to save memory; the loss still sees all of it", 1
    )
    precision: Literal["float32", "bfloat16"] = setting("float32", "numbers in which the network computes in training")


@dataclass(frozen=True)
class DecisionConfig:
    """How probabilities become labels; fitted on validation only."""

    threshold: Literal["global", "per_emotion"] = setting("global", "one threshold for all emotions, or one each")
    dropout_passes: int = setting(10, "passes of MC dropout over valid and test; 0 = none", 0)
    dropout_competes: bool = setting(
        False,
        "let MC dropout compete for the product's uncertainty; where it wins, predictions take as many passes more",
    )


@dataclass(frozen=True)
class Config:
    """Everything a training run depends on beside its data and its seed.

    Example:
        >>> config = preset("paper", {"model": {"hidden": 64}})
        >>> config.model.hidden, config.objective.memory_size
        (64, 8192)
    """

    preset: str
    model: ModelConfig
    objective: ObjectiveConfig
    training: TrainingConfig
    decision: DecisionConfig

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values, as `config.json` holds them."""
        return asdict(self)

    def fitted_to(self, corpus: "CorpusSize") -> "Config":
        """Replace every ``"auto"`` by a number that suits the corpus."""
        batch = _or(self.training.batch_size, _power_of_two(corpus.train_clips / 50, least=32, most=256))
        steps = -(-corpus.train_clips // batch)
        epochs = _or(self.training.epochs, min(200, max(20, STEPS_WANTED // steps)))
        memory = _power_of_two(corpus.train_clips * corpus.pairs / 4, least=512, most=2048)
        return replace(
            self,
            model=replace(self.model, layers=_or(self.model.layers, _layers(corpus))),
            training=replace(
                self.training,
                batch_size=batch,
                epochs=epochs,
                patience=_or(self.training.patience, max(5, epochs // 2)),
                shuffle=_shuffle(self.training, corpus),
                feature_noise=_or(self.training.feature_noise, round(min(0.7, 20 / math.sqrt(corpus.train_clips)), 3)),
            ),
            objective=replace(
                self.objective,
                memory_size=_or(self.objective.memory_size, memory),
                anchors=_or(self.objective.anchors, min(batch * corpus.pairs, MOST_ANCHORS)),
            ),
        )


@dataclass(frozen=True)
class CorpusSize:
    """What an automatic setting looks at.

    Attributes:
        train_clips: number of training clips.
        pairs: contrastive features per clip: modalities x emotions.
        longest: steps of the longest training sequence.
        gib: size of the training features, GiB.
    """

    train_clips: int
    pairs: int
    longest: int
    gib: float = 0.0


STEPS_WANTED = 3500
"""Optimiser steps that an automatic number of epochs aims at, within 20 to 200 epochs."""

MOST_ANCHORS = 512
"""Most anchors of an automatic setting: the contrastive product stays a small part of a step."""


def _layers(corpus: CorpusSize) -> int:
    """A single step has nothing to attend to: depth pays there only where there is much to learn from."""
    if corpus.longest > 1:
        return 3
    return 0 if corpus.train_clips < LARGE else 2


def _shuffle(training: TrainingConfig, corpus: CorpusSize) -> Literal["clips", "blocks"]:
    """Reading clips at random costs a seek each, once the corpus does not stay in memory."""
    if training.shuffle != "auto":
        return training.shuffle
    return "blocks" if corpus.gib > training.loader_gib else "clips"


Number = TypeVar("Number", int, float)

LARGE = 5000
"""Training clips from which an automatic setting takes a corpus for large."""


def resolved(value: Number | Auto) -> Number:
    """A setting that `Config.fitted_to` has replaced by a number."""
    assert value != "auto", "the config has not been fitted to a corpus"
    return value


def _or(value: Number | Auto, automatic: Number) -> Number:
    return automatic if value == "auto" else value


def _power_of_two(value: float, least: int, most: int) -> int:
    power = least
    while power * 2 <= min(value, most):
        power *= 2
    return power


PAPER = Config("paper", ModelConfig(), ObjectiveConfig(), TrainingConfig(), DecisionConfig())
"""The published objective and hyper-parameters, Eq. (1)-(12)."""

DEFAULT = Config(
    "default",
    ModelConfig(
        hidden=128,
        latent=64,
        layers="auto",
        dropout=0.2,
        max_steps=512,
        feature_norm=False,
        feature_scaling="relevance",
        query_residual=True,
        noise_meter=True,
    ),
    ObjectiveConfig(
        contrastive_weight=0.1,
        calibration_weight=0.0,
        error_weight=0.6,
        modality_weight=0.1,
        noise_weight=0.1,
        memory_size="auto",
        anchors="auto",
    ),
    TrainingConfig(
        batch_size="auto",
        learning_rate=1e-3,
        epochs="auto",
        patience="auto",
        checkpoint="f1_map",
        feature_noise="auto",
        weight_average=0.98,
        corruption=0.15,
        modality_dropout=0.2,
    ),
    DecisionConfig(),
)
"""The published model with the corrections (13)-(17) and the meters (18)-(19); each further choice is argued in docs/experiments.md."""

PRESETS = {"paper": PAPER, "default": DEFAULT}


def preset(name: str, overrides: Mapping[str, Any] | None = None) -> Config:
    """The preset of that name with overrides laid over it.

    Args:
        name: ``paper`` or ``default``.
        overrides: nested mapping such as ``{"training": {"epochs": 5}}``; a ``preset`` in it is taken instead of `name`.

    Raises:
        ConfigError: naming every unknown setting and every impossible value at once.
    """
    overrides = overrides or {}
    name = overrides.get("preset", name)
    if name not in PRESETS:
        raise ConfigError(
            f"Expected a preset out of {', '.join(PRESETS)}, but got {name!r}{_near(str(name), PRESETS)}."
        )
    return laid_over(PRESETS[name], overrides)


def laid_over(config: Config, overrides: Mapping[str, Any]) -> Config:
    """`config` with a nested mapping of overrides laid over it; see `preset`."""
    problems: list[str] = []
    result = _lay(config, overrides, "", problems)
    problems += _contradictions(result) if not problems else []
    if problems:
        raise ConfigError("The settings have " + _count(problems) + ": " + "; ".join(problems) + ".")
    assert isinstance(result, Config)
    return result


def recorded(settings: Mapping[str, Any]) -> Config:
    """The config of a run folder, whatever version wrote it.

    A run names every setting that its version had. One that came later had no effect then: it stands where `paper` has
    it, never where today's preset of that name does.

    Args:
        settings: as `Config.to_mapping` gives them.

    Raises:
        ConfigError: as `preset`, or where the preset is not one.
    """
    preset(settings["preset"])
    return laid_over(PAPER, settings)


def _lay(section: Any, overrides: Mapping[str, Any], path: str, problems: list[str]) -> Any:
    hints = get_type_hints(type(section))
    known = {f.name: f for f in fields(section)}
    changes: dict[str, Any] = {}
    for name, value in overrides.items():
        where = f"{path}{name}"
        if name not in known:
            problems.append(f"{where} is not a setting{_suggest(name, known)}")
        elif is_dataclass(hints[name]):
            if isinstance(value, Mapping):
                changes[name] = _lay(getattr(section, name), value, f"{where}.", problems)
            else:
                problems.append(f"{where} is a section of settings, but got the value {value!r}")
        else:
            meta = known[name].metadata
            fault = _fault(value, hints[name], meta.get("least"), meta.get("most"))
            if fault:
                problems.append(f"expected {where} to be {fault}, but got {value!r}")
            else:
                changes[name] = (
                    float(value) if float in (hints[name], *get_args(hints[name])) and value != "auto" else value
                )
    return replace(section, **changes)


def _fault(value: Any, hint: Any, least: float | None, most: float | None) -> str | None:
    """What the value should have been, or None where it fits."""
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    words = []
    for option in options:
        if get_origin(option) is Literal:
            if value in get_args(option) and isinstance(value, str):
                return None
            words.append(" or ".join(repr(choice) for choice in get_args(option)))
        elif option is bool or option is str:
            if isinstance(value, option):
                return None
            words.append("true or false" if option is bool else "a text")
        else:
            whole = option is int
            number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
            if (
                number
                and math.isfinite(value)
                and (least is None or value >= least)
                and (most is None or value <= most)
            ):
                return None
            words.append(_range("a whole number" if whole else "a number", least, most))
    return " or ".join(words)


def _range(kind: str, least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"{kind} from {least:g} to {most:g}"
    return f"{kind} of at least {least:g}" if least is not None else kind


def _contradictions(config: Config) -> list[str]:
    problems = []
    model = config.model
    if model.hidden % model.heads:
        problems.append(
            f"expected model.hidden to be a multiple of model.heads = {model.heads}, but got {model.hidden}"
        )
    if model.hidden % 4:
        problems.append(f"expected model.hidden to be a multiple of 4, but got {model.hidden}")
    if bool(config.objective.noise_weight) != model.noise_meter:
        problems.append(
            "expected model.noise_meter together with objective.noise_weight, since one is nothing without the other, "
            f"but got {str(model.noise_meter).lower()} and {config.objective.noise_weight:g}; set both, or false and 0"
        )
    if model.noise_gate and not model.noise_meter:
        problems.append("expected model.noise_meter where model.noise_gate reads it, but got false")
    return problems


def _suggest(name: str, known: Mapping[str, Any]) -> str:
    return _near(name, known) or f" (known: {', '.join(known)})"


def _near(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _count(problems: list[str]) -> str:
    return f"{len(problems)} problems" if len(problems) > 1 else "a problem"
