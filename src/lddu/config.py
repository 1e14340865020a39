"""Settings: frozen dataclasses, and one strict reader for TOML, JSON and command-line overrides.

A preset is a complete `Config` of a model family (`lddu.models.families`). Overrides are nested mappings laid over it; every unknown name and every value
out of range is reported, all in one message. Some settings may be ``"auto"``: `Config.fitted_to` replaces them by
numbers that suit the size of the corpus, and only such a `ResolvedConfig` is written into a run folder.
"""

import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from lddu.argument_types import alternatives
from lddu.errors import ConfigError

Auto = Literal["auto"]

MANY_CLIPS = 10_000
"""Training clips from which small networks are wide, and fitted for longer, in an automatic setting."""

FEW_UNITS, MANY_UNITS = 64, 256
"""Hidden units of a small network for each modality in an automatic setting, below and from `MANY_CLIPS`."""


def setting(default: Any, help: str, least: float | None = None, most: float | None = None) -> Any:
    """A dataclass field with its one-line explanation and its closed range."""
    return field(default=default, metadata={"help": help, "least": least, "most": most})


@dataclass(frozen=True)
class ModelSettings:
    """What every family's network needs to know; a family adds its own settings in a subclass."""

    max_steps: int = setting(512, "longest sequence; what is longer is cut and counted", 1)
    feature_scaling: Literal["deviation", "relevance"] = setting(
        "deviation", "standardised features all alike, or each by how much it says about the training labels"
    )
    pooling: Literal["steps", "mean"] = setting(
        "steps", "what the network reads of a sequence: every step, or their mean alone, Eq. (24)"
    )
    mean_of: str = setting(
        "", "modalities, with commas between, of which the mean alone is read where pooling is steps"
    )
    shallow_networks: int = setting(
        0,
        "small networks on means and deviations that stand beside the network, Eq. (21)-(23); 0 = none",
        0,
    )
    shallow_units: int | Auto = setting(
        64, "hidden units of each small network for each modality; auto fits the corpus", 1
    )

    @property
    def clips_features(self) -> bool:
        """Whether standardised features are clipped before the network."""
        return True

    def averaged(self, modalities: Iterable[str]) -> tuple[str, ...]:
        """Those of which the network reads the mean of the steps alone, Eq. (24)."""
        named = names_in(self.mean_of)
        return tuple(name for name in modalities if self.pooling == "mean" or name in named)

    def fitted_to(self, corpus: "CorpusSize") -> "ModelSettings":
        """The same with every ``"auto"`` replaced by what suits the corpus."""
        units = FEW_UNITS if corpus.train_clips < MANY_CLIPS else MANY_UNITS
        return replace(self, shallow_units=or_auto(self.shallow_units, units))

    def contradictions(self, objective: "ObjectiveSettings") -> list[str]:
        """Settings of network and objective that contradict each other, as parts of a sentence."""
        return []


@dataclass(frozen=True)
class ObjectiveSettings:
    """What every family's objective needs to know; a family adds its own settings in a subclass."""

    target: Literal["presence", "shares"] = setting("presence", "train on presence or on shares of raters, Eq. (16)")

    def fitted_to(self, corpus: "CorpusSize") -> "ObjectiveSettings":
        """The same with every ``"auto"`` replaced by what suits the corpus."""
        return self


@dataclass(frozen=True)
class TrainingConfig:
    """The optimiser and its schedule, Eq. (12)."""

    batch_size: int | Auto = setting(64, "clips per step; auto fits the corpus", 1)
    learning_rate: float = setting(2e-4, "peak learning rate", 1e-9)
    weight_decay: float = setting(0.01, "decoupled weight decay; none on biases and LayerNorm", 0)
    warmup: float = setting(0.1, "share of the steps over which the rate rises linearly", 0, 1)
    epochs: int | Auto = setting(30, "most passes over the training clips; auto fits the corpus", 1)
    patience: int | Auto = setting(5, "epochs without a better checkpoint before stopping; auto = half of them", 1)
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

    threshold: Literal["global_or_floor", "global", "floor", "per_emotion"] = setting(
        "global_or_floor",
        "one threshold for all emotions, one that is lower for those it seldom names, that only where one would never name some, or one each",
    )
    criterion: Literal["f1_micro", "f1_macro", "accuracy"] = setting(
        "f1_micro", "what the threshold is best in: micro-F1, macro-F1, or the share of right (clip, emotion) pairs"
    )
    dropout_passes: int = setting(10, "passes of MC dropout over valid and test; 0 = none", 0)
    dropout_competes: bool = setting(
        False,
        "let MC dropout compete for the selected uncertainty score; where it is selected, predictions take as many passes more",
    )


@dataclass(frozen=True)
class ResolvedTraining(TrainingConfig):
    """`TrainingConfig` without ``"auto"``."""

    batch_size: int = 64
    epochs: int = 30
    patience: int = 5
    feature_noise: float = 0.0
    shuffle: Literal["clips", "blocks"] = "clips"


@dataclass(frozen=True)
class Config:
    """Everything a training run depends on beside its data and its seed.

    Attributes:
        preset: name of the preset that it began as.
        family: name of the model family, whose settings `model` and `objective` hold.
        model: of the network.
        objective: of the loss.
        training: of the optimiser and its schedule.
        decision: how probabilities become labels.

    Example:
        >>> import lddu
        >>> config = lddu.preset("paper", {"model": {"hidden": 64}})
        >>> config.model.hidden, config.objective.memory_size
        (64, 8192)
    """

    preset: str
    family: str
    model: ModelSettings
    objective: ObjectiveSettings
    training: TrainingConfig
    decision: DecisionConfig

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain values, as `config.json` holds them."""
        return asdict(self)

    def fitted_to(self, corpus: "CorpusSize") -> "ResolvedConfig":
        """The config with every ``"auto"`` replaced by what suits the corpus."""
        batch = or_auto(self.training.batch_size, power_of_two(corpus.train_clips / 50, least=32, most=256))
        corpus = replace(corpus, batch=batch)
        steps = -(-corpus.train_clips // batch)
        epochs = or_auto(self.training.epochs, min(200, max(20, STEPS_WANTED // steps)))
        noise = round(min(0.7, 20 / math.sqrt(corpus.train_clips)), 3)
        chosen = {
            "batch_size": batch,
            "epochs": epochs,
            "patience": or_auto(self.training.patience, max(5, epochs // 2)),
            "feature_noise": or_auto(self.training.feature_noise, noise),
            "shuffle": _shuffle(self.training, corpus),
        }
        return ResolvedConfig(
            preset=self.preset,
            family=self.family,
            model=self.model.fitted_to(corpus),
            objective=self.objective.fitted_to(corpus),
            training=ResolvedTraining(**{**vars(self.training), **chosen}),
            decision=self.decision,
        )


@dataclass(frozen=True)
class ResolvedConfig(Config):
    """A config in which no setting is ``"auto"`` any more: what a run trains with and its folder records."""

    training: ResolvedTraining


@dataclass(frozen=True)
class CorpusSize:
    """What an automatic setting looks at.

    Attributes:
        train_clips: number of training clips.
        pairs: pairs of modality and emotion.
        longest: steps of the longest training sequence.
        gib: size of the training features, GiB.
        batch: clips per step, once that is known.
    """

    train_clips: int
    pairs: int
    longest: int
    gib: float = 0.0
    batch: int = 64


NOTHING_OPEN = CorpusSize(train_clips=1, pairs=1, longest=1)
"""Stands in for a corpus where no setting depends on its size."""

STEPS_WANTED = 3500
"""Optimiser steps that an automatic number of epochs aims at, within 20 to 200 epochs."""


def _shuffle(training: TrainingConfig, corpus: CorpusSize) -> Literal["clips", "blocks"]:
    """Reading clips at random costs a seek each, once the corpus does not stay in memory."""
    if training.shuffle != "auto":
        return training.shuffle
    return "blocks" if corpus.gib > training.loader_gib else "clips"


def automatic_settings(config: Config) -> tuple[str, ...]:
    """Dotted names of the settings that are ``"auto"``, such as ``training.epochs``."""
    sections = {name: values for name, values in config.to_mapping().items() if isinstance(values, dict)}
    return tuple(
        f"{name}.{key}" for name, values in sections.items() for key, value in values.items() if value == "auto"
    )


Value = TypeVar("Value", int, float)


def names_in(text: str) -> tuple[str, ...]:
    """The names in a text, with commas between; none in an empty one."""
    return tuple(name.strip() for name in text.split(",")) if text else ()


def modalities_in(text: str, setting: str, modalities: Collection[str]) -> tuple[str, ...]:
    """The modalities that a setting names.

    Raises:
        ConfigError: where it names another.
    """
    named = names_in(text)
    if unknown := [name for name in named if name not in modalities]:
        raise ConfigError(
            f"Expected {setting} to name modalities that the network reads ({', '.join(modalities)}), but got {unknown[0]!r}."
        )
    return named


def or_auto(value: Value | Auto, automatic: Value) -> Value:
    """The value of a setting, or what suits the corpus where it is ``"auto"``."""
    return automatic if value == "auto" else value


def power_of_two(value: float, least: int, most: int) -> int:
    """The largest power of two times `least` that is at most `value`, within both bounds."""
    power = least
    while power * 2 <= min(value, most):
        power *= 2
    return power


AnyConfig = TypeVar("AnyConfig", bound=Config)


def laid_over(config: AnyConfig, overrides: Mapping[str, Any]) -> AnyConfig:
    """`config` with a nested mapping of overrides laid over it.

    Args:
        config: is left alone.
        overrides: such as ``{"training": {"epochs": 5}}``.

    Raises:
        ConfigError: naming every unknown setting and every impossible value at once.
    """
    family = overrides.get("family", config.family)
    if family != config.family:
        raise ConfigError(
            f"Expected settings of the model family {config.family}, but they are of {family!r}; name that family first."
        )
    problems: list[str] = []
    result = _lay(config, overrides, "", problems)
    problems += result.model.contradictions(result.objective) if not problems else []
    if problems:
        raise ConfigError("The settings have " + _count(problems) + ": " + "; ".join(problems) + ".")
    assert isinstance(result, type(config))
    return result


def _lay(section: Any, overrides: Mapping[str, Any], path: str, problems: list[str]) -> Any:
    hints = get_type_hints(type(section))
    known = {f.name: f for f in fields(section)}
    changes: dict[str, Any] = {}
    for name, value in overrides.items():
        where = f"{path}{name}"
        if name not in known:
            problems.append(f"{where} is not a setting{_suggest(name, known)}")
        elif is_dataclass(getattr(section, name)):
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
    words = []
    for option in alternatives(hint):
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


def _suggest(name: str, known: Mapping[str, Any]) -> str:
    return near(name, known) or f" (known: {', '.join(known)})"


def near(name: str, known: Iterable[str]) -> str:
    """What a misspelt name may mean, to follow it in a sentence; empty where nothing is near."""
    plain = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), plain, n=1)
    return f" (did you mean {plain[near[0]]!r}?)" if near else ""


def _count(problems: list[str]) -> str:
    return f"{len(problems)} problems" if len(problems) > 1 else "a problem"
