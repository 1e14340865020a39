"""Using a finished run: a `Predictor` reads a run folder and predicts the emotions of any store's clips."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lddu.argument_types import refuse_other_class
from lddu.arrays import Flags, Floats
from lddu.batches.batch import BatchReader
from lddu.config import near
from lddu.errors import ConfigError, MismatchError, StoreError, parameter
from lddu.evaluate.answered import Answers
from lddu.evaluate.scored import Scored
from lddu.labels import SPLITS, split_asked
from lddu.machine.device import device_of
from lddu.models.explain import Explanation, explain
from lddu.models.family import FamilyLike
from lddu.models.network import Network
from lddu.models.networks import DropoutPasses, Inference, Networks
from lddu.runs.ablation import Ablation, ablations_of
from lddu.runs.about import Origin, origin_of
from lddu.runs.adapt import Adaptation, AdaptedSteps, TrainingCentre, adaptation_to
from lddu.runs.cautions import (
    cut_warnings,
    evaluation_warnings,
    feature_warnings,
    simulated_warnings,
    stopped_warnings,
    training_warnings,
    weaknesses,
    writing_warnings,
)
from lddu.runs.familiarity import Familiarity
from lddu.runs.figures import (
    DROPOUT_SCORES,
    NOTHING_MORE,
    PredictOptions,
    figures_of,
    predictions_of,
    uncertainty_scores,
)
from lddu.runs.latents import Latents, latents_of
from lddu.runs.missing_modalities import missing_sentences, noted_sentences
from lddu.runs.named_runs import opened_run
from lddu.runs.not_learnt import not_learnt, untaught
from lddu.runs.observed import Observed, scored
from lddu.runs.predictions import Predictions, without_modality_error
from lddu.runs.robustness import Robustness, measure_robustness
from lddu.runs.run_folder import RunLike
from lddu.runs.subgroups import PROMISED_RECALL, Notes, members_by, subgroups_of
from lddu.sentences import counted
from lddu.store.observation import shares_of
from lddu.store.place import is_url
from lddu.store.store import Chosen, FeatureStore, StoreLike, opened_store

if TYPE_CHECKING:
    from lddu.clips.configuration import ExtractorConfig
    from lddu.clips.extractor import ClipExtractor
    from lddu.runs.explained import ClipAnswers
    from lddu.runs.onnx.file import OnnxFile


class Predictor:
    """A trained run, ready to use; an ensemble run answers with the mean of its networks.

    Args:
        path: run folder, a .zip of one, a known name, or ``user/name`` (see `lddu.runs.named_runs.opened_run`).
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``auto``.
        family: of the run's model, where it is not registered under its name.

    Attributes:
        adaptation: how features are re-centred before the networks read them; None where they are not (`adapted`).

    Example:
        >>> predictor = Predictor(run_folder)
        >>> predictor(store_folder).probability.shape
        (40, 2)

    Raises:
        RunError: where the folder is no finished run, is damaged, or is of another family.
        ConfigError: where the model family is not known here.
    """

    def __init__(self, path: RunLike, device: str = "cpu", family: FamilyLike | None = None) -> None:
        self.folder = opened_run(path, family)
        self.description = self.folder.description
        self.decision = self.folder.load_decision()
        place = device_of(device)
        self.adaptation: Adaptation | None = None
        self._extractor: ClipExtractor | None = None
        self._networks = [member.load_model(place) for member in self.folder.members()]

    def __repr__(self) -> str:
        return f"Predictor({self.folder.place!r}: {', '.join(self.emotions)} from {', '.join(self.modalities)})"

    @property
    def emotions(self) -> tuple[str, ...]:
        """What it recognises, in the order of every array."""
        return self.description.task.emotions

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it recognises them from, in the order of every array."""
        return tuple(self.description.task.dimensions)

    @cached_property
    def origin(self) -> Origin:
        """Which model answers and what it learnt from, as far as the run folder says.

        Raises:
            RunError: where its `about.json` is damaged.
        """
        return origin_of(self.folder)

    def __call__(
        self,
        inputs: StoreLike | Sequence[str | Path] | None = None,
        options: PredictOptions = NOTHING_MORE,
        text: str | Sequence[str] | None = None,
        per_person: bool = False,
    ) -> "Predictions | ClipAnswers":
        """Predict clips: those of a store, raw ones, or words.

        Args:
            inputs: a store, its path or URL; or video, audio and text files, photos, folders of them, or a manifest, as
                `lddu.extract` takes them. Raw clips are extracted exactly as those of training were.
            options: also label sets with a promised recall, or "can't tell" beyond a coverage.
            text: a sentence in place of inputs, or several, each a clip of words alone.
            per_person: answer each person in a raw clip for themselves (docs/clips.md).

        Returns:
            A list with the result of each clip. On raw clips it also says where in which file each clip lies, and holds
            `warnings` and the `failures` of files; for a store, `warnings` and `remarks` of this class give them.

        Raises:
            StoreError: where a store cannot be opened.
            SourceError: where no raw clip could be extracted.
            MismatchError: where the clips do not fit the run, or what is asked for cannot be had.
            ConfigError: where not exactly one of inputs and text is given, or people are asked for in a store.
        """
        refuse_other_class("options", options, PredictOptions)
        if (inputs is None) == (text is None):
            raise ConfigError(
                f"Expected either {parameter('inputs')} or {parameter('text')}, but got {'both' if inputs is not None else 'neither'}."
            )
        if not isinstance(inputs, FeatureStore | str | Path | None):
            inputs = _names(inputs, "inputs", (str, Path))
        if not isinstance(text, str | None):
            text = _names(text, "text", (str,))
        if isinstance(inputs, FeatureStore) or (isinstance(inputs, str | Path) and _names_store(inputs)):
            if per_person:
                raise ConfigError(
                    f"Expected {parameter('per_person')} only for raw clips, but got a store; leave it out, or name its files."
                )
            return self.predict(inputs, options=options)
        from lddu.clips.configuration import ExtractorConfig
        from lddu.clips.sources import listing_of_texts
        from lddu.runs.predict_clips import predict_clips  # loads extraction, which stores do not need

        config = ExtractorConfig(per_person=per_person)
        if text is not None:
            listing = listing_of_texts([text] if isinstance(text, str) else text)
            return predict_clips(self, listing, config, options)
        assert inputs is not None
        return predict_clips(self, inputs, config, options)

    def extractor(self, config: "ExtractorConfig") -> "ClipExtractor":
        """What extracts raw clips with this configuration; the last one stays loaded for the next clip."""
        from lddu.clips.extractor import ClipExtractor  # loads extraction, which stores do not need

        if self._extractor is None or self._extractor.config != config.resolved():
            self._extractor = ClipExtractor(config)
        return self._extractor

    def adapted(self, store: StoreLike, rows: Chosen | None = None) -> "Predictor":
        """The same run for clips like these: their features are re-centred on those of training, without labels.

        Per modality, and per speaker (the clip table's `group`) where one has enough clips; `adaptation` says how far.
        See `lddu.runs.adapt` for what it assumes.

        Args:
            store: that fits the run, or its path or URL.
            rows: the clips that are given: row numbers, ids, or a mask; all by default.

        Raises:
            StoreError: where the store cannot be opened, or has no such clip.
            MismatchError: where the store does not fit.
        """
        store = opened_store(store)
        self.feature_warnings(store)
        centres = {name: self.centre(m) for m, name in enumerate(self.modalities)}
        model = self.description.config.model
        averaged = model.averaged(self.modalities)
        return self.adapted_by(adaptation_to(store, store.rows(rows), centres, model.max_steps, averaged))

    def adapted_by(self, adaptation: Adaptation | None) -> "Predictor":
        """The same run with features re-centred like this; None leaves them as they are."""
        predictor = copy.copy(self)
        predictor.adaptation = adaptation
        return predictor

    def centre(self, m: int) -> TrainingCentre:
        """What modality m was standardised with; the mean over several networks, which may have seen parts of the corpus."""
        fitted = [network.scaling.of(m) for network in self._networks]
        mean = np.mean([scaling.centre.double().cpu().numpy() for scaling in fitted], axis=0)
        deviation = np.mean([scaling.scale.double().cpu().numpy() for scaling in fitted], axis=0)
        return TrainingCentre(mean, deviation)

    def warnings(
        self, store: StoreLike, options: PredictOptions = NOTHING_MORE, rows: Chosen | None = None
    ) -> list[str]:
        """What a reader of predictions on this store should know.

        Args:
            store: that is predicted, or its path or URL.
            options: what is asked for beyond the labels.
            rows: which of its clips are meant.

        Raises:
            MismatchError: where the store's features are not those that the run was trained on.
            StoreError: where the store has no such clip.
        """
        refuse_other_class("options", options, PredictOptions)
        store = opened_store(store)
        if options.adapt:
            return self.adapted(store, rows).warnings(store, options.unadapted(), rows)
        chosen, task = store.rows(rows), self.description.task
        sentences = [self.folder.note] if self.folder.note else []
        sentences += stopped_warnings(self._metrics) + simulated_warnings(task.simulated, store.simulated)
        sentences += weaknesses(self._metrics, self.decision, options.recall)
        sentences += self.feature_warnings(store) + ([self.adaptation.sentence] if self.adaptation else [])
        sentences += missing_sentences(store, chosen, list(task.dimensions), self.ablation) + noted_sentences(store)
        sentences += cut_warnings(self._reader(store).cut_clips(chosen), self.description.config.model.max_steps)
        sentences += writing_warnings(self.origin.details, store, chosen)
        return sentences + training_warnings(self.description.warnings, task, store, chosen)

    def feature_warnings(self, store: FeatureStore) -> list[str]:
        """Which modalities are described otherwise than in training.

        Raises:
            MismatchError: where the store's features cannot be those that the run was trained on.
        """
        return feature_warnings(self.description.task, self.folder.place, store)

    def infer(
        self,
        store: FeatureStore,
        rows: Chosen | None = None,
        advance: Callable[[int], None] | None = None,
        dropout: bool | None = None,
    ) -> Inference:
        """Raw figures of some clips (all by default).

        Args:
            store: that fits the run.
            rows: which clips.
            advance: called with the number of clips finished since the last call, by every network.
            dropout: also make the run's passes with dropout on; by default only where its uncertainty reads them.
        """
        if dropout is None:
            dropout = bool(set(self.decision.error_score.inputs) & set(DROPOUT_SCORES))
        passes = self.description.config.decision.dropout_passes if dropout else 0
        return self.networks_on(store).infer(store.rows(rows), advance, DropoutPasses(passes, self.description.seed))

    def networks_on(self, store: FeatureStore) -> Networks:
        """The networks with a reader of this store.

        Raises:
            MismatchError: where the store does not fit.
        """
        self.feature_warnings(store)
        return Networks(self._networks, self._reader(store))

    def predict(
        self,
        store: StoreLike,
        rows: Chosen | None = None,
        options: PredictOptions = NOTHING_MORE,
        advance: Callable[[int], None] | None = None,
    ) -> Predictions:
        """Probabilities, labels and uncertainty of some clips (all by default), labelled or not.

        Args:
            store: that fits the run, or its path or URL.
            rows: which clips: row numbers, ids, or a mask.
            options: also label sets with a promised recall, or "can't tell" beyond a coverage.
            advance: called with the number of clips finished since the last call, by every network.

        Raises:
            StoreError: where the store cannot be opened, or has no such clip.
            MismatchError: where the store does not fit, or what is asked for cannot be had.
        """
        refuse_other_class("options", options, PredictOptions)
        store = opened_store(store)
        if options.adapt:
            return self.adapted(store, rows).predict(store, rows, options.unadapted(), advance)
        return self.concluded(store, self.infer(store, rows, advance), options)

    def concluded(
        self, store: FeatureStore, inference: Inference, options: PredictOptions = NOTHING_MORE
    ) -> Predictions:
        """What follows from the raw figures of some clips, with the run's decision.

        Where a coverage below 1 is asked for, the run abstains on clips that are out of distribution too; and on emotions that it could
        not learn from a clip's only modality, unless it is to answer everything. Where it learnt each modality from other corpora, the
        chances that modalities err alone cannot be compared and are left out.

        Raises:
            MismatchError: where what is asked for cannot be had.
        """
        task = self.description.task
        presented = [[name for name, has in zip(task.dimensions, p, strict=True) if has] for p in inference.presence]
        costs = tuple(self.ablation(given) for given in presented)
        predictions = predictions_of(
            store, task, inference, self.networks_on(store).alone(inference), self.decision, options
        )
        predictions = self._familiarity.beside(
            replace(predictions, missing_cost=costs, none_means=self.origin.none_means)
        )
        if self.origin.modalities_apart:
            predictions = without_modality_error(predictions)
        return (
            predictions
            if options.coverage == 1
            else replace(predictions, abstained=self._abstained(predictions, inference.presence))
        )

    def _abstained(self, predictions: Predictions, presence: Flags) -> Flags | None:
        cannot = untaught(self.unlearnt, presence)
        if predictions.abstained is None:
            return cannot if cannot.any() else None
        far = False if predictions.unfamiliar is None else predictions.unfamiliar.any(axis=1, keepdims=True)
        return np.asarray(predictions.abstained | far | cannot)

    @cached_property
    def unlearnt(self) -> Flags:
        """[M, E] emotions that could not be learnt from a modality alone."""
        return not_learnt(self.description.task, self.description.warnings)

    @cached_property
    def _familiarity(self) -> Familiarity:
        return Familiarity(self.folder)

    @property
    def farthest(self) -> Floats | None:
        """[M] largest distance of a validation clip, NaN where unknown; None where no distance is known."""
        return self._familiarity.farthest

    def remarks(self, store: FeatureStore, predictions: Predictions) -> list[str]:
        """Warnings about the clips of these predictions: which are out of distribution, which were used for training."""
        learnt = int((predictions.split == "train").sum())
        same_store = learnt and self.was_trained_on(store)
        optimistic = (
            f"{learnt} of these {counted(len(predictions), 'clip')} {'was' if learnt == 1 else 'were'} used for training; results on "
            f"{'it' if learnt == 1 else 'them'} are optimistic"
        )
        return [*self._familiarity.remarks(predictions), *([optimistic] if same_store else [])]

    def ablation(self, given: Sequence[str]) -> Ablation | None:
        """This run's validation figures with these modalities only, in its own order; None where not measured."""
        return self._ablations.get(tuple(given))

    @cached_property
    def _metrics(self) -> dict[str, Any]:
        """`metrics.json`; a run folder without one still predicts."""
        return self.folder.read_json("metrics.json") if (self.folder.path / "metrics.json").is_file() else {}

    @cached_property
    def _ablations(self) -> dict[tuple[str, ...], Ablation]:
        ablations = ablations_of(self._metrics) if self._metrics else ()
        return {ablation.given: ablation for ablation in ablations}

    def explain(self, store: StoreLike, row: int | str) -> Explanation:
        """When each emotion was seen in one clip, and what it would be without each modality.

        Args:
            store: that fits the run, or its path or URL.
            row: of the clip, or its id.

        Raises:
            StoreError: where there is no such store or clip.
            MismatchError: where the store does not fit.
        """
        store = opened_store(store)
        networks = self.networks_on(store)
        return explain(networks.members, networks.reader, int(store.rows(np.array([row]))[0]))

    def latents(self, store: StoreLike, rows: Chosen | None = None, network: int = 0) -> Latents:
        """The latent distributions of some clips (all by default), with the attention over time that they rest on.

        Args:
            store: that fits the run, or its path or URL.
            rows: which clips: row numbers, ids, or a mask.
            network: of an ensemble, from 0: latent spaces of different networks have nothing to do with each other.

        Raises:
            StoreError: where there is no such store or clip.
            MismatchError: where the store does not fit, or the run's model family has no latent distributions.
            ConfigError: where there is no such network.
        """
        if not 0 <= network < self.networks:
            raise ConfigError(f"Expected {parameter('network')} from 0 to {self.networks - 1}, but got {network}.")
        if self.folder.family.latents is None:
            raise MismatchError(
                f"Expected a run of a model family with latent distributions, such as lddu, but {self.folder.place} is of "
                f"{self.folder.family.name}, which has none; train a run with another family."
            )
        store = opened_store(store)
        networks, chosen = self.networks_on(store), store.rows(rows)
        if not len(chosen):
            raise StoreError(
                f"Expected at least one clip of {store.place}, but got none; name other {parameter('rows')}."
            )
        return latents_of(networks.members[network], networks.reader, chosen, self.emotions)

    def evaluate(self, store: StoreLike, split: str = "test", by: str = "") -> dict[str, Any]:
        """Figures of a labelled split with the decision of the run; the form is that of a split in `metrics.json`.

        Beside them is `unfamiliar`: modality -> share of the clips that are out of distribution.

        Args:
            store: that fits the run, or its path or URL.
            split: of it.
            by: also measure each subgroup of clips: ``group``, or a column of the store whose name begins with ``_``.

        Raises:
            StoreError: where the split has no clips.
            MismatchError: where the store has labels of other emotions only.
            ConfigError: where `by` does not name subgroups, or `split` no split.
        """
        store, split = opened_store(store), split_asked(split, SPLITS)
        rows = self._labelled(store, split)
        task = self.description.task
        members = members_by(Notes.of(store.table, rows, store.place), by) if by else {}
        inference = self.infer(store, rows, dropout=True)
        labelled = scored(store, rows, inference.probability, task.emotions, task.present_at)
        figures = figures_of(labelled, inference, self.decision, Observed.of(store, rows, task)).to_mapping()
        figures["unfamiliar"] = self._familiarity.unfamiliar_shares(inference.distance, list(task.dimensions))
        if by:
            figures["by"] = {by: subgroups_of(self._answers(labelled, inference), members, by).to_mapping()}
        return figures

    def _answers(self, split: Scored, inference: Inference) -> Answers:
        """The decisions and label sets on a split."""
        decided = self.decision.apply(
            split.probability, uncertainty_scores(inference), PROMISED_RECALL, presence=inference.presence
        )
        recalibrated = split.with_probability(decided.probability)
        return Answers(self.folder.place, recalibrated, decided.labels, decided.uncertainty, decided.label_set)

    def robustness(
        self,
        store: StoreLike,
        split: str = "test",
        seed: int = 0,
        advance: Callable[[int], None] | None = None,
    ) -> Robustness:
        """How the answers change when one modality is made worse; see `lddu.runs.robustness`.

        Args:
            store: labelled, that fits the run.
            split: which clips; at most `lddu.runs.robustness.MOST_CLIPS` of them, drawn with the seed.
            seed: of the corruptions, 0 or more.
            advance: called with the number of clips finished since the last call, by every network.

        Raises:
            StoreError: where the split has no clips.
            MismatchError: where the store has labels of other emotions only, or none.
            ConfigError: where `split` is no split.
        """
        store, split = opened_store(store), split_asked(split, SPLITS)
        rows, task = self._labelled(store, split), self.description.task
        zeros = np.zeros((len(rows), len(task.emotions)))
        labelled = scored(store, rows, zeros, task.emotions, task.present_at)
        return measure_robustness(self.networks_on(store), self.decision, labelled, rows, seed, advance)

    def was_trained_on(self, store: FeatureStore) -> bool:
        """Whether this is the very store of the run's training, wherever it lies now."""
        return bool(store.manifest_sha256 == self.description.store["manifest_sha256"])

    def evaluation_warnings(self, store: FeatureStore, split: str) -> list[str]:
        """What a reader of figures on a labelled split of this store should know beside `warnings`."""
        warned, task = self.description.warnings, self.description.task
        return evaluation_warnings(warned, task, self.was_trained_on(store), store, split)

    def _labelled(self, store: FeatureStore, split: str) -> np.ndarray:
        """The rows of a split of a store that has labels of the run's emotions."""
        rows = store.table.in_split(split)
        if not len(rows):
            counts = ", ".join(f"{name or 'no split'} {count}" for name, count in store.table.split_counts().items())
            raise StoreError(
                f"Expected clips of the split {split!r} in {store.place}, but it has only: {counts}; name another split or "
                "store."
            )
        task = self.description.task
        if not set(task.emotions) & set(store.emotions):
            raise MismatchError(
                f"Expected labels of at least one of {', '.join(task.emotions)} in {store.place}, but it has labels of "
                f"{', '.join(store.emotions) or 'none'}{near(task.emotions[0], store.emotions)}; evaluate on a corpus of the same emotions."
            )
        if np.isnan(shares_of(store, rows, task.emotions)).all():
            raise MismatchError(
                f"Expected known labels of the split {split!r} in {store.place}, but none of its {counted(len(rows), 'clip')} has any of {', '.join(task.emotions)}; "
                f"name another {parameter('split')}, or predict it."
            )
        return rows

    def export_onnx(self, path: str | Path, int8: bool = False, force: bool = False) -> "OnnxFile":
        """Write this run as one .onnx file, which onnxruntime runs without lddu and without torch (docs/onnx.md).

        Args:
            path: of the file.
            int8: with weights of 8 bits: smaller, and not quite the same answers.
            force: replace a file that is there.

        Returns:
            Where it is, and how far its answers lie from those of the run.

        Raises:
            ConfigError: where the name does not end in ``.onnx``.
            PackageError: where the extra `onnx` is not installed.
            RunError: where a file is there already.
            MismatchError: where the run cannot be exported, or the file would answer otherwise than the run.
        """
        from lddu.runs.onnx.file import write_onnx

        return write_onnx(self, Path(path), int8, force)

    @property
    def networks(self) -> int:
        """How many networks answer."""
        return len(self._networks)

    @property
    def members(self) -> tuple[Network, ...]:
        """The networks, whose mean answers."""
        return tuple(self._networks)

    def _reader(self, store: FeatureStore) -> BatchReader:
        reader = BatchReader(store, self.description.task.dimensions, self.description.config.model.max_steps)
        return reader.over(AdaptedSteps(store, self.adaptation)) if self.adaptation else reader


def load(path: RunLike, device: str = "cpu", family: FamilyLike | None = None) -> Predictor:
    """A finished run, ready to use.

    Args:
        path: run folder, a .zip of one, or the name of a run: ``"default"``, or on the Hugging Face Hub ``"user/name"`` or
            ``"user/name@revision"`` (extra `hub`). Write ``"./default"``, or a `Path`, for a folder of that name.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``auto``.
        family: of the run's model, where it is not registered under its name.

    Example:
        >>> load(run_folder).emotions
        ('joy', 'anger')

    Raises:
        RunError: where there is no such run, or it is unfinished, damaged, or of another family.
        ConfigError: where the model family is not known here.
    """
    return Predictor(path, device, family)


def _names(given: Any, name: str, kinds: tuple[type, ...]) -> list[Any]:
    """What is given as several inputs, in a list.

    Raises:
        ConfigError: where it is something else.
    """
    several = (
        list(given) if isinstance(given, Iterable) and not isinstance(given, bytes | Mapping | np.ndarray) else None
    )
    strange = [given] if several is None else [one for one in several if not isinstance(one, kinds)]
    wanted = "paths" if Path in kinds else "sentences"
    cure = "write a sound that is an array into a .wav" if Path in kinds else "leave out what is none"
    if several is None or strange:
        raise ConfigError(
            f"Expected {parameter(name)} to be one or several {wanted}, but got {type(strange[0]).__name__}; {cure}."
        )
    return several


def _names_store(place: str | Path) -> bool:
    """Whether this is the path or URL of a feature store rather than of raw clips."""
    return is_url(place) or (Path(place) / "manifest.json").is_file()
