"""Which parameters a trial gets: a function of the seed, its place, and the trials before it.

Optuna's own samplers draw from one random state as long as their process lives. Here each trial
has a state of its own, so that a study which was killed and resumed makes the same choices as
one that was not.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import TrialState

from workbench.tuning.spaces import DETECTOR
from workbench.tuning.trial import CHECKPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


#: Trials after which a detector must have come near the leader, and how near.
FAIR_TRIALS = 2
NEAR = 0.5


class Sampler(BaseSampler):
    """Each detector's defaults first, then a tree-structured Parzen estimator [1]_.

    A detector that is far behind after its first trials is not tried again: see :func:`racing`.

    Parameters
    ----------
    first
        The parameters of the first trials, one for each detector.
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
        self._random = np.random.default_rng()
        self._tpe = TPESampler()

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Start the trial's own random state."""
        del study
        place = self._place(trial.number)
        self._fixed = self._first[place] if place < len(self._first) else None
        self._random = np.random.default_rng((self._seed, place))
        seed = int(self._random.integers(2**32))
        with warnings.catch_warnings():
            # Grouping is what lets the estimator see that detectors have parameters of their own.
            warnings.simplefilter("ignore", ExperimentalWarning)
            self._tpe = TPESampler(seed=seed, group=True)

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
        if not search_space:
            return {}
        drawn = self._tpe.sample_relative(study, trial, search_space)
        if DETECTOR in drawn:
            drawn[DETECTOR] = self._in_race(study, drawn[DETECTOR])
        return drawn

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
        drawn = self._tpe.sample_independent(study, trial, param_name, param_distribution)
        return self._in_race(study, drawn) if param_name == DETECTOR else drawn

    def _in_race(self, study: optuna.Study, drawn: str) -> str:
        names = [parameters[DETECTOR] for parameters in self._first]
        race = racing(names, study.get_trials(deepcopy=False))
        return drawn if drawn in race else race[int(self._random.integers(len(race)))]


def racing(detectors: Sequence[str], trials: Iterable[FrozenTrial]) -> list[str]:
    """Return the detectors that are still worth a trial, as in a race [1]_.

    A detector drops out that had two trials and came nowhere near the leader: each of its
    trials, as it stood when it ended, had less than half of what the best trial had by then.

    References
    ----------
    .. [1] O. Maron, A. Moore, *Hoeffding Races*, NeurIPS 1993.
    """
    ended = [t for t in trials if t.state in _ENDED and t.intermediate_values]
    whole = [t for t in ended if t.state == TrialState.COMPLETE]
    if not whole:
        return list(detectors)
    leader = max(whole, key=lambda trial: (trial.value, -trial.number)).intermediate_values

    def near(trial: FrozenTrial) -> bool:
        step = max(trial.intermediate_values)
        led = leader.get(step, -math.inf)
        return trial.intermediate_values[step] >= led - NEAR * abs(led)

    race = []
    for detector in detectors:
        own = [trial for trial in ended if trial.params.get(DETECTOR) == detector]
        if len(own) < FAIR_TRIALS or any(map(near, own)):
            race.append(detector)
    return race


_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


def pruner() -> SuccessiveHalvingPruner:
    """Return what stops trials early: asynchronous successive halving [1]_.

    A quarter and a half of the way along, a trial goes on if it is in the better half of all
    that came so far. Hardly any label is known before.

    References
    ----------
    .. [1] L. Li et al., *A System for Massively Parallel Hyperparameter Tuning*, MLSys 2020.
    """
    return SuccessiveHalvingPruner(min_resource=CHECKPOINTS // 4, reduction_factor=2)
