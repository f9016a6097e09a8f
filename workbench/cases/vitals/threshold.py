"""The threshold of the alarms: chosen on an earlier span of time, and frozen.

Chosen is the threshold at which the alarms gain most of the challenge's utility, of those that
keep to the alarm budget; both are measured on what was known when it is frozen, and nothing of it
is evaluated. Without any label known by then, and where any alarm loses, the budget alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from workbench.cases.vitals import utility
from workbench.cases.vitals.stays import Hours
from workbench.durations import HOUR
from workbench.errors import ParameterError
from workbench.moments import ticks
from workbench.streams.manifest import rfc3339

if TYPE_CHECKING:
    from workbench.cases.vitals.stays import Flags, Stays
    from workbench.replay.estimates import Floats
    from workbench.replay.ranking import Indices

SHARE: Final = 0.4
"""Part of the span of time after which the threshold is frozen."""
BUDGET: Final = 1.0
"""Alarms per patient-day."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A threshold, and what may be evaluated with it.

    Parameters
    ----------
    threshold
        Scores at or above it raise alarms; infinity where there was nothing to choose it on.
    until
        When it was frozen, in µs.
    judged
        By stay, whether it began later and has labels, shape (stays,).
    """

    threshold: float
    until: int
    judged: Flags

    @property
    def at(self) -> str:
        """When it was frozen (RFC 3339)."""
        return rfc3339(_EPOCH + timedelta(microseconds=self.until))


def freeze(
    stays: Stays, budget: float | None = BUDGET, frozen_at: datetime | None = None
) -> Frozen:
    """Choose the threshold on the first part of the time.

    Parameters
    ----------
    stays
        Observations.
    budget
        Alarms per patient-day at most; ``None`` for as many as gain utility.
    frozen_at
        When the threshold is frozen; by default after :data:`SHARE` of the observations' time.

    Raises
    ------
    ParameterError
        If the budget is not above 0.
    """
    if budget is not None and not budget > 0:
        raise ParameterError.of(
            f"a budget of {budget:g} alarms per patient-day",
            allowed="a number above 0, or None for as many as are worth it",
            hint="leave it out for one alarm per patient-day",
        )
    if not len(stays):
        return Frozen(np.inf, 0, np.zeros(len(stays.begin), np.bool_))
    begin, end = int(stays.time[0]), int(stays.time[-1])
    until = ticks(frozen_at) if frozen_at else begin + int(SHARE * (end - begin))
    judged = (stays.begin >= until) & stays.labelled
    floor = _floor(stays, stays.time < until, budget) if budget is not None else -np.inf
    known = stays.labelled & (stays.known <= until)
    hours = Hours(stays, known[stays.stay] & (stays.score >= floor))
    best = utility.best_threshold(hours.score, hours.since)
    if np.isfinite(best):
        return Frozen(best, until, judged)
    return Frozen(floor if np.isfinite(floor) else np.inf, until, judged)


def _floor(stays: Stays, rows: Flags, budget: float) -> float:
    """Return the lowest threshold whose alarms keep to the budget; infinity if none does."""
    hours = Hours(stays, rows)
    allowed = budget * len(hours) / 24
    levels: Floats = np.unique(hours.score)
    stay, time, score = stays.stay[rows], stays.time[rows], stays.score[rows]
    low, high = 0, len(levels)
    # More alarms at a lower threshold holds but for a few: halving finds the end of the rule.
    while low < high:
        middle = (low + high) // 2
        if _raised(stay, time, score, levels[middle]).sum() <= allowed:
            high = middle
        else:
            low = middle + 1
    return float(levels[low]) if low < len(levels) else np.inf


def raised(stays: Stays, threshold: float) -> Flags:
    """Return which observations raise an alarm, shape (n,)."""
    flags: Flags = _raised(stays.stay, stays.time, stays.score, threshold)
    return flags


@njit(cache=True)
def _raised(stay: Indices, time: Indices, score: Floats, threshold: float) -> Flags:
    last = np.full(stay.max() + 1 if len(stay) else 0, -(2**62), np.int64)
    alarm = np.zeros(len(stay), np.bool_)
    for i in range(len(stay)):
        if score[i] >= threshold and time[i] - last[stay[i]] >= 6 * HOUR:
            alarm[i] = True
            last[stay[i]] = time[i]
    return alarm
