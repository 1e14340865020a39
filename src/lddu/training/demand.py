"""What memory a training will need, roughly: to know how many may go side by side."""

from dataclasses import dataclass

from lddu.models.family import Family
from lddu.models.network import Network
from lddu.runs.run_folder import RunDescription
from lddu.store.store import FeatureStore
from lddu.training.path_fit import numbers_held
from lddu.training.plan import training_rows

PROCESS_GIB = 0.6
"""Python, PyTorch and scikit-learn, and what the end of a run takes."""

NUMBERS_PER_PARAMETER = 7
"""Weights, gradients, two moments, their average, the best so far, and one more copy while they are written."""

NUMBERS_PER_VALUE = 40
"""Kept for the way back, of each hidden value of a step and layer: a guess on the safe side, not measured."""


@dataclass(frozen=True)
class Demand:
    """GiB that each of several trainings needs, and that all share: the store's pages, mapped into memory."""

    each: float
    shared: float


def demand_of(description: RunDescription, store: FeatureStore, family: Family) -> Demand:
    """The demand of trainings of this description.

    Args:
        description: settings and modalities.
        store: that they read.
        family: of the network.
    """
    config, task = description.config, description.task
    rows, _ = training_rows(store, tuple(task.dimensions))
    network = Network(family, task, config)
    width, layers = (getattr(config.model, name, least) for name, least in (("hidden", 128), ("layers", 1)))
    averaged = config.model.averaged(task.dimensions)
    steps = sum(
        1 if name in averaged else min(config.model.max_steps, int(store.lengths(name)[rows].max()))
        for name in task.dimensions
    )
    values = config.training.batch_size * steps * width * (layers + 1)
    numbers = (
        NUMBERS_PER_PARAMETER * network.fitted_numbers + NUMBERS_PER_VALUE * values + numbers_held(network, len(rows))
    )
    features = sum(4 * dimension * int(store.lengths(name).sum()) for name, dimension in task.dimensions.items())
    return Demand(PROCESS_GIB + 4 * numbers / 2**30, min(features / 2**30, config.training.loader_gib))
