"""Which parameters a trial gets: a function of the seed, its place, and the trials before it.

Optuna's own samplers draw from one random state as long as their process lives. Here each trial
has a state of its own, so that a study which was killed and resumed makes the same choices as
one that was not.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler, TPESampler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


class Sampler(BaseSampler):
    """Each detector's defaults first, then a tree-structured Parzen estimator [1]_.

    Parameters
    ----------
    first
        The parameters of the first trials.
    seed
        Of the random numbers.
    place
        Returns a trial's place in the study from its number.

    References
    ----------
    .. [1] J. Bergstra et al., *Algorithms for Hyper-Parameter Optimization*, NeurIPS 2011.
    """

    def __init__(
        self, first: Sequence[Mapping[str, Any]], seed: int, place: Callable[[int], int]
    ) -> None:
        self._first = first
        self._seed = seed
        self._place = place
        self._fixed: Mapping[str, Any] | None = None
        self._tpe = TPESampler()

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Start the trial's own random state."""
        del study
        place = self._place(trial.number)
        self._fixed = self._first[place] if place < len(self._first) else None
        seed = np.random.SeedSequence((self._seed, place)).generate_state(1)
        with warnings.catch_warnings():
            # Grouping is what lets the estimator see that detectors have parameters of their own.
            warnings.simplefilter("ignore", ExperimentalWarning)
            self._tpe = TPESampler(seed=int(seed[0]), group=True)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return what the estimator draws at once."""
        if self._fixed is not None:
            return {}
        return self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw what the estimator draws at once."""
        return self._tpe.sample_relative(study, trial, search_space) if search_space else {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw one parameter, or return the one that is given."""
        if self._fixed is not None:
            return self._fixed[param_name]
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)


def pruner() -> MedianPruner:
    """Return what stops a trial that does worse than the median of those that ended, so far.

    The first quarter is no test: hardly any label is known by then.
    """
    return MedianPruner(n_startup_trials=3, n_warmup_steps=2)
