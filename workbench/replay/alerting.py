"""Which scores become alerts: policies, and the settings of the one that most cases need.

A policy sees the scores in event order, in batches of any size. The cut into batches changes
none of its alerts, so what a replay would have raised is what a live worker raises.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from workbench.durations import DAY
from workbench.errors import ParameterError
from workbench.streams.schema import EVENT_TIME, TIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from workbench.detectors.protocol import State, Vector
    from workbench.replay.along import Answers

#: How urgent an alert is, least first: there is a queue for each.
SEVERITIES = ("low", "medium", "high")


class Chosen(NamedTuple):
    """An event that becomes an alert.

    Attributes
    ----------
    row
        Its row in the batch.
    severity
        One of :data:`SEVERITIES`.
    score
        The alert's score where it is not the event's.
    reasons
        What drove it, as in :func:`workbench.replay.reasons.reasons`, where the policy knows
        better than the detector.
    """

    row: int
    severity: str
    score: float | None = None
    reasons: Sequence[Mapping[str, Any]] | None = None


@runtime_checkable
class AlertPolicy(Protocol):
    """Which of the scored events a person should look at.

    Made by a case's ``policy`` from the settings that its ``alerts`` fitted; see
    :class:`workbench.case.Case`.

    Attributes
    ----------
    threshold
        Scores at or above it are candidates; below it nothing becomes an alert.
    """

    threshold: float

    def choose(self, events: pl.DataFrame, answers: Answers) -> list[Chosen]:
        """Return the alerts among the next events, in their order.

        Parameters
        ----------
        events
            The events after all earlier ones, with the columns of the case's schema.
        answers
            What the path answered for them, in length n.
        """

    def state(self) -> State:
        """Return all that later alerts depend on (an entity's last alarm), as plain data."""

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned; the future is then the same."""


class Threshold:
    """Every score at or above a level is an alert, of the highest level that it reaches.

    Parameters
    ----------
    settings
        The lowest score of each severity: ``{"low": 0.4, "medium": 0.6, "high": 0.8}``.
        A severity may be left out.

    Raises
    ------
    ParameterError
        If there is no level, one is no finite number, or a severity is unknown.

    Examples
    --------
    >>> import polars as pl
    >>> policy = Threshold({"low": 0.4, "high": 0.8})
    >>> chosen = policy.choose(pl.DataFrame({"event_id": list("abc")}), np.array([0.9, 0.1, 0.4]))
    >>> [(alert.row, alert.severity) for alert in chosen]
    [(0, 'high'), (2, 'low')]
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        if not settings or not all(map(_is_level, settings.items())):
            raise ParameterError.of(
                f"the levels {dict(settings)!r} of alerts",
                allowed=f"a finite score for some of {', '.join(SEVERITIES)}",
                hint="export the run again, which fits them",
            )
        levels = sorted((float(settings[s]), SEVERITIES.index(s)) for s in settings)
        self._levels = np.array([level for level, _ in levels])
        self._names = [SEVERITIES[place] for _, place in levels]
        self.threshold: float = levels[0][0]

    def choose(self, events: pl.DataFrame, answers: Answers) -> list[Chosen]:  # noqa: ARG002 - other policies look at the events
        """Return the scores that reach a level."""
        scores = np.asarray(answers)
        rows = np.flatnonzero(scores >= self.threshold)
        reached = np.searchsorted(self._levels, scores[rows], side="right") - 1
        return [
            Chosen(row, self._names[k])
            for row, k in zip(rows.tolist(), reached.tolist(), strict=True)
        ]

    def state(self) -> State:
        """Return nothing: each score is judged alone."""
        return {}

    def restore(self, state: State) -> None:
        """Take over nothing."""


def _is_level(setting: tuple[str, Any]) -> bool:
    name, level = setting
    return name in SEVERITIES and isinstance(level, int | float) and math.isfinite(level)


def levels(frame: pl.DataFrame, per_day: float) -> dict[str, float]:
    """Return the levels at which so many alerts a day would have been raised.

    A third of the alerts are of each severity. Where equal scores would make them more than
    ``per_day``, the level lies above these scores, unless nothing does.

    Parameters
    ----------
    frame
        ``event_time`` and ``score`` of events that were scored, in any order.
    per_day
        Alerts a day, on the mean over the span from the first event to the last one.

    Returns
    -------
    dict
        Settings of :class:`Threshold`; empty without events.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> times = [datetime(2018, 4, day, tzinfo=UTC) for day in (1, 1, 1, 1, 2)]
    >>> frame = pl.DataFrame({"event_time": times, "score": [0.1, 0.2, 0.3, 0.4, 0.5]})
    >>> levels(frame, per_day=3)
    {'low': 0.3, 'medium': 0.4, 'high': 0.5}
    """
    if frame.is_empty():
        return {}
    times = frame[EVENT_TIME].cast(TIME).to_physical().to_numpy()
    days = float(times.max() - times.min()) / DAY
    alerts = max(1, round(per_day * days))
    falling = -np.sort(-frame["score"].to_numpy())
    shares = zip(SEVERITIES, (1, 2 / 3, 1 / 3), strict=True)
    return {name: _exceeded(falling, max(1, round(alerts * share))) for name, share in shares}


def _exceeded(falling: Vector, count: int) -> float:
    """Return the lowest score that at most ``count`` reach; the highest where all are equal."""
    if count >= len(falling):
        return float(falling[-1])
    above = falling[:count][falling[:count] > falling[count]]
    return float(above[-1] if len(above) else falling[0])
