"""What a model family is: settings, a network, an objective, and the evidence beside its probabilities.

LDDU is one family, late fusion another; `lddu.models.families` lists them. A family of one's own is a `Family` too
(docs/own_model.md). Whatever trains, predicts, reports or compares takes any of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args, runtime_checkable

from lddu.config import Config, DecisionConfig, ModelSettings, ObjectiveSettings, ResolvedConfig, TrainingConfig, near
from lddu.errors import ConfigError
from lddu.models.searched import Space

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lddu.machine.ranks import Ranks

Axis = Literal["modality", "emotion", "step"]

TAKEN = frozenset((
    "probability", "label", "uncertainty", "present", "in_set", "cannot_tell", "share", "expected_share", "aleatoric", "epistemic",
    "distance", "modality_distance", "noisier_than", "unfamiliar", "label_odds", "margin", "entropy", "combination", "product",
    "dropout_entropy", "dropout_information", "dropout_std", "modality_error", "error",
))  # fmt: skip
"""Names that predictions and uncertainty scores have of every family: evidence of such a name would stand in their place."""


@dataclass(frozen=True)
class Task:
    """What a run recognises, from what.

    Attributes:
        emotions: names, in order.
        dimensions: modality -> features per step, in the model's order.
        features: modality -> what its numbers are, as the store said.
        present_at: share of raters from which an emotion counts as present.
        simulated: True where the corpus is made up.
    """

    emotions: tuple[str, ...]
    dimensions: dict[str, int]
    features: dict[str, str]
    present_at: float
    simulated: bool


@dataclass(frozen=True)
class Evidence:
    """One kind of evidence that a family gives beside the probability of each emotion.

    What has the axis `emotion` competes for the selected uncertainty score. With both axes a table shows the mean over
    emotions per modality, and the uncertainty reads the mean over modalities per emotion.

    Attributes:
        name: as `Answered.evidence` and the JSON of predictions have it.
        axes: after the clip, in this order: ``modality``, ``emotion``. ``step`` comes last and stands for attention over
            time, which only explanations read.
        higher_is_surer: direction; an uncertainty reads it the other way round.
        meaning: one plain sentence for reports.
        column: prefix of its columns in tables; the name where empty.

    Raises:
        ConfigError: where the axes are others, or in another order.
    """

    name: str
    axes: tuple[Axis, ...]
    higher_is_surer: bool
    meaning: str
    column: str = ""

    def __post_init__(self) -> None:
        if not self.axes or tuple(self.axes) != tuple(axis for axis in get_args(Axis) if axis in self.axes):
            raise ConfigError(
                f"Expected the axes of the evidence {self.name} to be some of {', '.join(get_args(Axis))}, in this order, but got {self.axes!r}."
            )

    @property
    def prefix(self) -> str:
        """Prefix of its columns in tables."""
        return self.column or self.name

    @property
    def is_reading_of_error(self) -> bool:
        """Whether it is a network's own reading of how likely a modality errs, LDDU's Eq. (14): a score that competes, while tables hold what validation showed."""
        return self.name == "modality_error" and self.axes == ("modality", "emotion")


@runtime_checkable
class Answered(Protocol):
    """What a network returns for a batch: `Answer`, or a family's own frozen dataclass of tensors with the clip first."""

    @property
    def logit(self) -> "Tensor":
        """[B, E] of the probability that the emotion is present."""

    @property
    def evidence(self) -> "Mapping[str, Tensor | tuple[Tensor, ...]]":
        """Name -> [B, axes of the `Evidence`]; with the axis `step`, per modality [B, E, T]. Read in inference only."""


@dataclass(frozen=True)
class Answer:
    """The plainest answer of a network.

    Attributes:
        logit: [B, E] of the probability that the emotion is present.
        evidence: name -> [B, axes of the `Evidence` of that name].
    """

    logit: "Tensor"
    evidence: "Mapping[str, Tensor | tuple[Tensor, ...]]" = field(default_factory=dict)


@dataclass(frozen=True)
class Losses:
    """The loss of a batch.

    Attributes:
        total: what is minimised.
        terms: name -> each term before its weight, for the log.
    """

    total: "Tensor"
    terms: "Mapping[str, Tensor]" = field(default_factory=dict)

    def to_mapping(self) -> dict[str, float]:
        """`total` and each term as numbers, detached."""
        return {name: float(value.detach()) for name, value in {"total": self.total, **self.terms}.items()}


Build = Callable[[Task, ResolvedConfig], "nn.Module"]
"""Makes an untrained network: forward(values, mask, presence) takes M tensors [B, T, D] of scaled features, M masks [B, T]
(False at padding; all False where the modality is missing) and [B, M]; it returns a `Tensor` of logits [B, E] or an `Answered`."""

MakeObjective = Callable[[ResolvedConfig, Task, "Ranks"], "nn.Module"]
"""Makes the loss: forward(network, answer, shares, noise) takes the network, its answer, shares of raters [B, E] (NaN where
unknown) and the size of the noise that training added [B, M]; it returns `Losses`. State such as a memory is saved with it.
One with a true attribute `reads_modality_shares` is also given, where the store has them, the shares of raters who judged a modality
alone [B, M, E]."""


def presence_objective(config: ResolvedConfig, task: Task, ranks: "Ranks") -> "nn.Module":
    """Binary cross-entropy of the logits against presence, or against shares: what a family without a loss is trained with."""
    from lddu.models.objective import PresenceObjective

    return PresenceObjective(config.objective.target, task.present_at)


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes:
        name: as `--family`, config.json and reports have it.
        build: makes an untrained network.
        presets: name -> config; ``default`` among them. `Family.of` makes one from the settings of the network alone.
        objective: makes the loss.
        evidence: what the network gives beside probabilities.
        latents: the latent distributions of an answer, (mean, standard deviation) [B, M, E, P] each; None without any.
        searched: settings that `lddu search` tries beside those of training, as `lddu.training.search.space` has them.

    Raises:
        ConfigError: where the presets are of another family, or lack ``default``; where evidence has a name that is taken.
    """

    name: str
    build: Build
    presets: Mapping[str, Config] = field(hash=False)
    objective: MakeObjective = presence_objective
    evidence: tuple[Evidence, ...] = ()
    latents: "Callable[[Any], tuple[Tensor, Tensor]] | None" = None
    searched: Space = ()

    def __post_init__(self) -> None:
        others = sorted({config.family for config in self.presets.values()} - {self.name})
        if others or "default" not in self.presets:
            raise ConfigError(
                f"Expected presets of the model family {self.name!r} with 'default' among them, but got "
                f"{', '.join(self.presets)} of {', '.join(others) or self.name}; give each Config that family."
            )
        kinds = [kind for kind in self.evidence if not kind.is_reading_of_error]
        names = [name for kind in kinds for name in {kind.name, kind.prefix}]
        if wrong := sorted({name for name in names if name in TAKEN or names.count(name) > 1}):
            raise ConfigError(
                f"Expected evidence of the model family {self.name!r} under names that nothing else has, but got {', '.join(wrong)}; choose another "
                "name or `column`."
            )

    @classmethod
    def of(
        cls,
        name: str,
        build: Build,
        settings: ModelSettings | None = None,
        evidence: Sequence[Evidence] = (),
        objective: MakeObjective = presence_objective,
    ) -> "Family":
        """A family with one preset, ``default``: these settings of the network, and training that suits most corpora.

        Args:
            name: of the family.
            build: makes an untrained network.
            settings: of the network; a frozen dataclass that extends `ModelSettings`, or none.
            evidence: what the network gives beside probabilities.
            objective: makes the loss.
        """
        model = settings or ModelSettings()
        config = Config("default", name, model, ObjectiveSettings(), PLAIN_TRAINING, DecisionConfig())
        return cls(name, build, {"default": config}, objective, tuple(evidence))

    def preset(self, name: str = "default") -> Config:
        """The preset of that name.

        Raises:
            ConfigError: where there is none.
        """
        if name not in self.presets:
            raise ConfigError(
                f"Expected a preset of the model family {self.name} out of {', '.join(self.presets)}, but got {name!r}"
                f"{near(name, self.presets)}."
            )
        return self.presets[name]


PLAIN_TRAINING = TrainingConfig(
    batch_size="auto",
    learning_rate=1e-3,
    epochs="auto",
    patience="auto",
    checkpoint="f1_map",
    weight_average=0.98,
)
"""How a family without presets is trained."""

FamilyLike = Family | str
"""A family, or the name of a registered one."""
