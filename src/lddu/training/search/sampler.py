"""What Optuna proposes, made a function of a search's seed and a trial's number."""

from collections.abc import Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState


class NumberedSampler(BaseSampler):
    """Draws each trial with a generator of its own, so that it does not matter who makes it, in which sitting.

    Args:
        seed: of the search.
        crowded: other trials run meanwhile, whose neighbourhood is avoided.
    """

    def __init__(self, seed: int, crowded: bool) -> None:
        self._seed, self._crowded = seed, crowded
        self._sampler = self._of(0)

    def _of(self, number: int) -> TPESampler:
        seed = (self._seed * 1_000_003 + number) % 2**32
        return TPESampler(seed=seed, multivariate=True, constant_liar=self._crowded)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Begin the trial's generator."""
        self._sampler = self._of(trial.number)
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """As TPE does."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As TPE does."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """As TPE does."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """As TPE does."""
        self._sampler.after_trial(study, trial, state, values)
