"""Settings of LDDU: its network and objective, and the presets `paper` and `default`."""

from dataclasses import dataclass

from lddu.config import (
    Auto,
    Config,
    CorpusSize,
    DecisionConfig,
    ModelSettings,
    ObjectiveSettings,
    ResolvedConfig,
    TrainingConfig,
    names_in,
    or_auto,
    power_of_two,
    setting,
)
from lddu.models.searched import Choice, Range


@dataclass(frozen=True)
class ModelConfig(ModelSettings):
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
    query_residual: bool = setting(False, "let the emotion query reach the output, Eq. (17)")
    noise_meter: bool = setting(
        False, "measure each modality's noise and let it scale its standard deviations, Eq. (18)"
    )
    noise_gate: bool = setting(False, "let the fusion weight a modality less the noisier it is, Eq. (20)")
    linear_path: bool = setting(
        False, "add to both scores of an emotion a linear one of the mean over the steps of each modality, Eq. (25)"
    )
    linear_only: str = setting(
        "", "modalities, with commas between, that the fusion reads by their linear score alone, Eq. (25)"
    )

    @property
    def clips_features(self) -> bool:
        """Eq. (1) normalises whatever comes; without it, standardised features are clipped."""
        return not self.feature_norm

    def fitted_to(self, corpus: CorpusSize) -> "ResolvedModel":
        """The same with the number of layers, and the size of the small networks, that suit the corpus."""
        fields = vars(super().fitted_to(corpus))
        return ResolvedModel(**{**fields, "layers": or_auto(self.layers, _layers(corpus))})

    def contradictions(self, objective: ObjectiveSettings) -> list[str]:
        """Sizes that do not divide, and parts that are nothing without each other."""
        assert isinstance(objective, ObjectiveConfig)
        problems = []
        if self.hidden % self.heads:
            problems.append(
                f"expected model.hidden to be a multiple of model.heads = {self.heads}, but got {self.hidden}"
            )
        if self.hidden % 4:
            problems.append(f"expected model.hidden to be a multiple of 4, but got {self.hidden}")
        if bool(objective.noise_weight) != self.noise_meter:
            problems.append(
                "expected model.noise_meter together with objective.noise_weight, since one is nothing without the other, "
                f"but got {str(self.noise_meter).lower()} and {objective.noise_weight:g}; set both, or false and 0"
            )
        if names_in(self.linear_only) and not self.linear_path:
            problems.append("expected model.linear_path where model.linear_only names a modality, but got false")
        if self.noise_gate and not self.noise_meter:
            problems.append("expected model.noise_meter where model.noise_gate reads it, but got false")
        return problems


@dataclass(frozen=True)
class ResolvedModel(ModelConfig):
    """`ModelConfig` without ``"auto"``."""

    layers: int = 3


@dataclass(frozen=True)
class ObjectiveConfig(ObjectiveSettings):
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
    noise_weight: float = setting(
        0.0, "weight of the ranking of widths under the noise that training adds, Eq. (19)", 0
    )

    def fitted_to(self, corpus: CorpusSize) -> "ResolvedObjective":
        """The same with a memory and a number of anchors that suit the corpus."""
        memory = power_of_two(corpus.train_clips * corpus.pairs / 4, least=512, most=2048)
        most = ANCHORS if corpus.train_clips < LARGE else ANCHORS_OF_LARGE
        anchors = min(corpus.batch * corpus.pairs, most)
        chosen = {"memory_size": or_auto(self.memory_size, memory), "anchors": or_auto(self.anchors, anchors)}
        return ResolvedObjective(**{**vars(self), **chosen})


@dataclass(frozen=True)
class ResolvedObjective(ObjectiveConfig):
    """`ObjectiveConfig` without ``"auto"``."""

    memory_size: int = 8192
    anchors: int = 10**9


LARGE = 5000
"""Training clips from which an automatic setting takes a corpus for large."""

ANCHORS, ANCHORS_OF_LARGE = 128, 512
"""Most anchors of an automatic setting: the contrastive product stays a small part of a step, and more gain nothing on few clips."""


def _layers(corpus: CorpusSize) -> int:
    """A single step has nothing to attend to: depth pays there only where there is much to learn from."""
    if corpus.longest > 1:
        return 3
    return 0 if corpus.train_clips < LARGE else 2


@dataclass(frozen=True)
class LdduConfig(Config):
    """A config of the family `lddu`."""

    model: ModelConfig
    objective: ObjectiveConfig

    def fitted_to(self, corpus: CorpusSize) -> "ResolvedLddu":
        """The config with every ``"auto"`` replaced by what suits the corpus."""
        fitted = super().fitted_to(corpus)
        assert isinstance(fitted.model, ResolvedModel) and isinstance(fitted.objective, ResolvedObjective)
        return ResolvedLddu(
            fitted.preset, fitted.family, fitted.model, fitted.objective, fitted.training, fitted.decision
        )


@dataclass(frozen=True)
class ResolvedLddu(ResolvedConfig):
    """A config of the family `lddu` without ``"auto"``."""

    model: ResolvedModel
    objective: ResolvedObjective


PAPER = LdduConfig(
    "paper", "lddu", ModelConfig(), ObjectiveConfig(), TrainingConfig(), DecisionConfig(threshold="global")
)
"""The published objective and hyper-parameters, Eq. (1)-(12)."""

DEFAULT = LdduConfig(
    "default",
    "lddu",
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
        linear_path=True,
        shallow_networks=4,
        shallow_units="auto",
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

SEARCHED = (
    Choice("model.hidden", (64, 128, 256)),
    Choice("model.latent", (32, 64, 128)),
    Choice("model.layers", ("auto", 0, 1, 2, 3)),
    Range("model.dropout", 0.0, 0.5),
    Range("objective.contrastive_weight", 0.01, 1.0, log=True),
    Range("objective.temperature", 0.03, 0.3, log=True),
    Range("objective.direct_weight", 0.0, 1.0),
    Range("objective.error_weight", 0.0, 1.5),
    Range("objective.modality_weight", 0.0, 0.3),
    Choice("objective.target", ("presence", "shares")),
)
"""What `lddu search` tries beside the settings of training."""
