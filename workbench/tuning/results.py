"""What a study's trials were, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import optuna
import orjson
import polars as pl
from optuna.trial import TrialState

from workbench.tuning.spaces import DETECTOR
from workbench.tuning.work import MESSAGE, PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.trial import FrozenTrial

STATES: Final = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
SCHEMA: Final = {
    "number": pl.Int64(),
    "detector": pl.String(),
    "parameters": pl.String(),
    "state": pl.String(),
    "objective": pl.Float64(),
    "seconds": pl.Float64(),
    "message": pl.String(),
}
#: Trials of a detector below which nothing can be said about its parameters.
FEWEST: Final = 4


def trials_table(trials: Mapping[int, FrozenTrial]) -> pl.DataFrame:
    """Return the finished trials, one row each, in the order of their places.

    Returns
    -------
    polars.DataFrame
        ``number`` (the place, from 0), ``detector``, ``parameters`` (JSON), ``state`` (complete,
        pruned or failed), ``objective`` (of a pruned trial: as it stood), ``seconds`` and
        ``message`` (why it failed).
    """
    rows = [_row(number, trial) for number, trial in trials.items() if trial.state in STATES]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _row(number: int, trial: FrozenTrial) -> dict[str, Any]:
    seconds = trial.duration.total_seconds() if trial.duration else None
    return {
        "number": number,
        "detector": trial.params.get(DETECTOR),
        "parameters": orjson.dumps(trial.user_attrs.get(PARAMETERS, {})).decode(),
        "state": STATES[trial.state],
        "objective": trial.value,
        "seconds": seconds,
        "message": trial.user_attrs.get(MESSAGE),
    }


def importance_table(trials: Mapping[int, FrozenTrial], detector: str) -> pl.DataFrame:
    """Return how much of the objective's variance each parameter of a detector explains.

    By functional ANOVA over the trials that came to their end [1]_; the shares sum to 1. Empty
    where there are fewer than four such trials.

    Returns
    -------
    polars.DataFrame
        ``parameter`` and ``importance``, most important first.

    References
    ----------
    .. [1] F. Hutter et al., *An Efficient Approach for Assessing Hyperparameter Importance*,
       ICML 2014.
    """
    whole = [
        trial
        for trial in trials.values()
        if trial.state == TrialState.COMPLETE and trial.params[DETECTOR] == detector
    ]
    shares: dict[str, float] = {}
    if len(whole) >= FEWEST:
        # Slow to import (scikit-learn), and not needed by workers.
        from optuna.importance import FanovaImportanceEvaluator, get_param_importances

        study = optuna.create_study(direction="maximize")
        for trial in whole:
            study.add_trial(_own(trial))
        shares = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return pl.DataFrame(
        {
            "parameter": [name.removeprefix(f"{detector}.") for name in shares],
            "importance": list(shares.values()),
        },
        schema={"parameter": pl.String(), "importance": pl.Float64()},
    )


def _own(trial: FrozenTrial) -> FrozenTrial:
    """Return a trial with the detector's own parameters only."""
    return optuna.trial.create_trial(
        value=trial.value,
        params={k: v for k, v in trial.params.items() if k != DETECTOR},
        distributions={k: v for k, v in trial.distributions.items() if k != DETECTOR},
    )
