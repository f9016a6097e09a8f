"""The threshold of the alarms: chosen on an earlier span of time, and frozen.

Chosen is the threshold at which the alarms gain most of the challenge's utility, of those that
keep to the alarm budget; both are measured on what was known when it is frozen, and nothing of it
is evaluated. The budget is measured on the later half of that span: a detector that learns has
other scores there than at its beginning. Without any label known by then, and where any alarm
loses, the budget alone decides. Who knows the threshold gives it, and nothing is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.vitals import utility
from workbench.cases.vitals.alarms import Rule
from workbench.cases.vitals.stays import Hours
from workbench.errors import ParameterError
from workbench.moments import moment, ticks
from workbench.streams.manifest import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.cases.vitals.stays import Flags, Stays
    from workbench.replay.estimates import Floats

SHARE: Final = 0.4
"""Part of the span of time after which the threshold is frozen."""
BUDGET: Final = 0.75
"""Alarms per patient-day in that half. Alarms become a quarter more frequent afterwards, while the
detector goes on learning, and stay below one a day."""
THRESHOLD: Final = "threshold"
SETTINGS: Final = tuple(Rule.__dataclass_fields__)
"""Settings of alarms."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A rule of alarms, and what may be evaluated with it.

    Parameters
    ----------
    rule
        When alarms are raised; ``None`` where there was nothing to choose a threshold on.
    until
        When it was frozen, in µs.
    judged
        By stay, whether it began later and has labels, shape (stays,).
    """

    rule: Rule | None
    until: int
    judged: Flags

    @property
    def threshold(self) -> float:
        """Scores at or above it raise alarms; infinity without a rule."""
        return self.rule.threshold if self.rule else float("inf")

    @property
    def at(self) -> str:
        """When it was frozen (RFC 3339)."""
        return rfc3339(_EPOCH + timedelta(microseconds=self.until))


def freeze(
    stays: Stays,
    budget: float | None = BUDGET,
    frozen_at: datetime | None = None,
    rule: Mapping[str, Any] | None = None,
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
    rule
        Settings of :class:`workbench.cases.vitals.alarms.Rule`; with a threshold among them, that
        one is taken.

    Raises
    ------
    ParameterError
        If the budget is not above 0, or a setting of the rule is impossible.
    """
    if budget is not None and not budget > 0:
        raise ParameterError.of(
            f"a budget of {budget:g} alarms per patient-day",
            allowed="a number above 0, or None for as many as are worth it",
            hint=f"leave it out for {BUDGET:g}",
        )
    if not len(stays):
        return Frozen(None, 0, np.zeros(len(stays.begin), np.bool_))
    begin, end = int(stays.time[0]), int(stays.time[-1])
    until = ticks(frozen_at) if frozen_at else begin + int(SHARE * (end - begin))
    judged = (stays.begin >= until) & stays.labelled
    if rule and THRESHOLD in rule:
        return Frozen(made(rule[THRESHOLD], rule), until, judged)
    early = stays.time < until
    late = early & (stays.time >= begin + (until - begin) // 2)
    rows = late if late.any() else early
    floor = -np.inf if budget is None else _floor(stays, rows, budget, rule or {})
    known = stays.labelled & (stays.known <= until)
    hours = Hours(stays, known[stays.stay] & (stays.score >= floor))
    best = utility.best_threshold(hours.score, hours.since)
    threshold = best if np.isfinite(best) else floor
    return Frozen(made(threshold, rule) if np.isfinite(threshold) else None, until, judged)


def made(threshold: float, settings: Mapping[str, Any] | None = None) -> Rule:
    """Make a rule of this threshold and the other settings.

    Raises
    ------
    ParameterError
        If a setting is unknown or impossible.
    """
    for name in settings or {}:
        if name not in SETTINGS:
            raise ParameterError.of(
                f"the setting {name!r} of alarms",
                allowed=", ".join(SETTINGS),
                hint="leave it out",
            )
    return Rule(**{**(settings or {}), THRESHOLD: threshold})


def asked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what freezes a threshold as an evaluation with these settings did.

    Parameters
    ----------
    settings
        Those of an :class:`~workbench.replay.evaluation.Evaluation`.

    Returns
    -------
    dict
        Arguments of :func:`freeze`. With the threshold that the evaluation chose or was given;
        without it another frame's own is chosen.
    """
    return {
        "budget": settings["alarms_per_patient_day"],
        "frozen_at": moment(settings["frozen_at"]),
        "rule": {n: settings[n] for n in SETTINGS if settings.get(n) is not None},
    }


def _floor(stays: Stays, rows: Flags, budget: float, rule: Mapping[str, Any]) -> float:
    """Return the lowest threshold whose alarms keep to the budget; infinity if none does."""
    hours = Hours(stays, rows)
    allowed = budget * len(hours) / 24
    levels: Floats = np.unique(hours.score)
    low, high = 0, len(levels)
    # More alarms at a lower threshold holds but for a few: halving finds where it ends.
    while low < high:
        middle = (low + high) // 2
        if stays.alarms(made(float(levels[middle]), rule))[rows].sum() <= allowed:
            high = middle
        else:
            low = middle + 1
    return float(levels[low]) if low < len(levels) else np.inf
