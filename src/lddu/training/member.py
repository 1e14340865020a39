"""One network of a run: from its first weights to a concluded run folder."""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel

from lddu.batches.batch import BatchReader
from lddu.batches.epoch import TrainingRows
from lddu.config import Config
from lddu.errors import MismatchError, parameter
from lddu.machine.device import device_of
from lddu.machine.ranks import ALONE, Ranks
from lddu.models.contract import check_answers, check_loss, two_clips
from lddu.models.families import family_of
from lddu.models.family import Family
from lddu.models.network import Network
from lddu.models.networks import Networks
from lddu.models.scaling import ScalingClips, fit_scaling, scaling_rows
from lddu.runs.run_folder import RunDescription, RunFolder
from lddu.store.observation import presence_of, shares_of
from lddu.store.store import FeatureStore
from lddu.training import checkpoint
from lddu.training.checkpoint import Trainee, TrainingState
from lddu.training.loop import NoCallback, TrainingCallback, TrainingData, TrainingOutput, train_epochs
from lddu.training.optim import make_optimizer
from lddu.training.path_fit import fit_path
from lddu.training.plan import RunOptions, describe, training_rows


@dataclass(frozen=True)
class TrainingSetup:
    """What a run of several members shares."""

    family: Family
    description: RunDescription
    store: FeatureStore
    options: RunOptions
    callback: TrainingCallback
    starting: Network | None
    device: torch.device
    ranks: Ranks = ALONE

    def draw_page(self, folder: RunFolder) -> None:
        """Write the report of a concluded run, unless the options leave it out; plots are loaded here, on one rank."""
        if self.options.report:
            from lddu.pages.report import write_report

            write_report(folder)


def train_member(folder: RunFolder, description: RunDescription, setup: TrainingSetup) -> None:
    """Train one network and conclude its run; on Ctrl-C, conclude with what there is and pass it on."""
    resume_folder, ranks = folder.path / "resume", setup.ranks
    if ranks.first:
        resume_folder.mkdir(parents=True, exist_ok=True)
        folder.write_json("config.json", description.to_mapping())
    data = _data(description, setup.store)
    trainee = _trainee(description, data, setup)
    state = checkpoint.load(resume_folder, trainee)
    stopped = False
    try:
        output = TrainingOutput(folder.path, setup.callback, setup.options.checkpoint_seconds)
        train_epochs(trainee, data, description, output, state)
    except KeyboardInterrupt:
        if ranks.size > 1:  # the others are in the middle of a step: only checkpoints are left
            raise
        setup.callback.stopping()
        stopped = True
    weights = state.best_weights or trainee.validated.state_dict()
    trainee.model.load_state_dict(weights)
    if ranks.first:
        folder.write_model(weights)
        from lddu.training.conclude import Cost, Ending, conclude

        cost, ending = Cost.of(trainee.model, state, setup.device), Ending(stopped, setup.options.baselines)
        conclude(folder, description, setup.store, Networks([trainee.model], data.reader), cost, ending)
        setup.draw_page(folder)
    if stopped:
        raise KeyboardInterrupt
    if ranks.first:
        forget(resume_folder)


def fit(
    store: FeatureStore,
    folder: Path,
    config: Config,
    options: RunOptions = RunOptions(),
    callback: TrainingCallback | None = None,
    family: Family | None = None,
) -> TrainingState:
    """Train one network and say how it did on validation; the test split is not looked at and no run is made.

    Args:
        store: as for `train`.
        folder: gets `log.jsonl`.
        config: settings.
        options: seed and device.
        callback: called with the progress; what it raises ends the training.
        family: of the config, where it is not registered.

    Raises:
        StoreError: where the store cannot be trained on.
        RunError: where training diverges.
    """
    family = family_of(config.family) if family is None else family
    description = describe(store, config, options)
    device = device_of(options.device)
    setup = TrainingSetup(family, description, store, options, callback or NoCallback(), None, device)
    data, state = _data(description, store), TrainingState()
    output = TrainingOutput(folder, setup.callback, checkpoint_seconds=math.inf)
    train_epochs(_trainee(description, data, setup), data, description, output, state)
    return state


def forget(resume_folder: Path) -> None:
    """Remove the checkpoints of a finished run: out of sight in one step, so that a kill never leaves half of one."""
    unwanted = resume_folder.with_name(".resume.old")
    shutil.rmtree(unwanted, ignore_errors=True)
    resume_folder.rename(unwanted)
    shutil.rmtree(unwanted)


def weights_to_start_from(path: Path | None, description: RunDescription, family: Family) -> Network | None:
    """The network of another run, where training shall start from one.

    Raises:
        MismatchError: where it answers another question or has other sizes.
    """
    if path is None:
        return None
    other_run = RunFolder(path, family)
    other = other_run.description
    if other.task.emotions != description.task.emotions and set(other.task.emotions) == set(description.task.emotions):
        raise MismatchError(
            f"Expected a run on {', '.join(description.task.emotions)} in this order in {path}, but its network answers on "
            f"{', '.join(other.task.emotions)}; import the corpus with its columns in that order, or start without {parameter('init_from')}."
        )
    if other.task.emotions != description.task.emotions or other.task.dimensions != description.task.dimensions:
        raise MismatchError(
            f"Expected a run for {', '.join(description.task.emotions)} from {description.task.dimensions} in {path}, "
            f"but it is for {', '.join(other.task.emotions)} from {other.task.dimensions}; start without {parameter('init_from')}."
        )
    if (other.config.family, other.config.model) != (description.config.family, description.config.model):
        raise MismatchError(
            f"Expected the network of {path} to have the sizes of this one, but they differ; give the same model "
            f"settings, or start without {parameter('init_from')}."
        )
    return other_run.members()[0].load_model()


def _data(description: RunDescription, store: FeatureStore) -> TrainingData:
    modalities = tuple(description.task.dimensions)
    train_rows, valid_rows = training_rows(store, modalities)
    return TrainingData(reader_of(description, store), TrainingRows.of(store, train_rows, modalities), valid_rows)


def reader_of(description: RunDescription, store: FeatureStore) -> BatchReader:
    """Reads the store's clips as the network of this run takes them."""
    return BatchReader(store, description.task.dimensions, description.config.model.max_steps)


def _trainee(description: RunDescription, data: TrainingData, setup: TrainingSetup) -> Trainee:
    config = description.config
    with torch.random.fork_rng():
        torch.manual_seed(description.seed)
        model = Network(setup.family, description.task, config)
        tried = two_clips(data.reader, data.valid_rows)
        check_answers(model, description.task, data.reader, tried)
        objective = setup.family.objective(config, description.task, setup.ranks)
        if setup.ranks.size == 1:
            check_loss(model, objective, description.task, tried)
    model.load_state_dict(setup.ranks.from_first(lambda: _first_weights(model, description, data, setup)))
    model, objective = model.to(setup.device), objective.to(setup.device)
    average = AveragedModel(model) if config.training.weight_average else None  # `Trainee.update_average` averages
    return Trainee(model, objective, make_optimizer(model, config.training), average, setup.ranks)


def _first_weights(
    model: Network, description: RunDescription, data: TrainingData, setup: TrainingSetup
) -> dict[str, torch.Tensor]:
    """Those of the run that training starts from, or new ones with the features' scale fitted."""
    if setup.starting is not None:
        return setup.starting.state_dict()
    task, config = description.task, description.config
    rows = (scaling_rows(data.train, config.training, description.seed), data.valid_rows)
    train, valid = (
        ScalingClips(split_rows, presence_of(setup.store, split_rows, task.emotions, task.present_at))
        for split_rows in rows
    )
    relevance, averaged = config.model.feature_scaling == "relevance", config.model.averaged(task.dimensions)
    fit_scaling(model.scaling, data.reader, train, relevance, averaged)
    if config.objective.target == "shares":
        train, valid = (
            ScalingClips(clips.rows, shares_of(setup.store, clips.rows, task.emotions)) for clips in (train, valid)
        )
    fit_path(model, data.reader, train, valid, description.seed)
    return model.state_dict()
