"""Alerts: an item will be sold out within so many days.

After each event of an item, :class:`~workbench.cases.recommend.demand.Demand` says how likely it
is that what is on hand will be wanted within ``days``, no matter what is delivered meanwhile.
Where that reaches the threshold, an alert is raised, once: the item is then silent until there
is more on hand than at the alert (a delivery came), until it is back after it was sold out, or
until the days have passed.

Severity says how long what is on hand will last: ``high`` for less than three days, ``medium`` for
less than six, else ``low``.

What is remembered of an item (and its id) is forgotten with the first event of a day before
which it had none for :data:`~workbench.cases.recommend.demand.FORGOTTEN`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from workbench.cases.recommend.foresight import came_true
from workbench.cases.recommend.watch import Alarms, Silent, Watch
from workbench.durations import DAY
from workbench.errors import ParameterError
from workbench.replay.alerting import Chosen
from workbench.streams.schema import EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import State
    from workbench.replay.along import Answers

DEFAULTS: Final = {"days": 10.0, "threshold": 0.85}
URGENT, SOON = 3.0, 6.0
PRECISION: Final = 0.65
THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
FEW: Final = 30
REASONS: Final = ("days left", "on hand", "demand a day")


class SellOut:
    """Chooses the events after which an item should be looked at, because it will be sold out.

    An :class:`~workbench.replay.alerting.AlertPolicy`.

    Parameters
    ----------
    settings
        ``days`` and ``threshold``, as :func:`alerts` fits them.

    Raises
    ------
    ParameterError
        If a setting is missing or impossible.

    Examples
    --------
    >>> SellOut({"days": 10, "threshold": 0.85}).threshold
    0.85
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.days = _setting(settings, "days", most=365.0)
        self.threshold = _setting(settings, "threshold", most=1.0)
        self._watch = Watch()
        self._alarms = Alarms(self.threshold, round(self.days * DAY))

    def choose(self, events: pl.DataFrame, answers: Answers | None = None) -> list[Chosen]:  # noqa: ARG002 - what is recommended does not matter
        """Return the alerts among the next events, in their order."""
        chosen: list[Chosen] = []
        for part in self._watch.follow(events):
            score, left = part.outlook.sold_out_within(self.days), part.outlook.days_left
            chosen += [
                Chosen(
                    part.first + row,
                    severity(left[row]),
                    float(score[row]),
                    _reasons(left[row], int(part.outlook.on_hand[row]), part.outlook.rate[row]),
                )
                for row in self._alarms.raised(part, score, len(self._watch)).tolist()
            ]
        return chosen

    def state(self) -> State:
        """Return what is known of the items, and which have been alerted."""
        silent = {name: table.copy() for name, table in self._alarms.silent._asdict().items()}
        return {"watch": self._watch.state(), "silent": silent}

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned; the future is then the same."""
        self._watch.restore(state["watch"])
        self._alarms.silent = Silent(*(state["silent"][n].copy() for n in Silent._fields))


policy = SellOut


def alerts(
    frame: pl.DataFrame, *, days: float = DEFAULTS["days"], precision: float = PRECISION
) -> dict[str, float]:
    """Return the settings of :class:`SellOut` for a shop like the one of a run.

    The threshold is the lowest with which that share of the alerts came true, as far as the
    stock levels told. The first third of the time is what forecasts learn from. Where the rest
    has less than :data:`FEW` alerts that can be judged, the settings are :data:`DEFAULTS`.

    Parameters
    ----------
    frame
        An evaluation frame with ``item``, ``kind``, ``quantity`` and ``on_hand``.
    days
        Within which items will be sold out.
    precision
        The share of alerts that should come true.
    """
    events = frame.sort(EVENT_TIME, "event_id")
    levels = events.filter(pl.col("kind") == "stock").select("item", "on_hand", time=EVENT_TIME)
    outages = levels.filter((pl.col("on_hand") == 0) & (pl.col("on_hand").shift().over("item") > 0))
    settings = {**DEFAULTS, "days": days}
    SellOut(settings)  # refuses days that no alert can be raised with
    if outages.is_empty():
        return settings
    first, last = events[EVENT_TIME].to_physical()[[0, -1]].to_list()
    span, watch = round(days * DAY), Watch()
    tried = {threshold: Alarms(threshold, span) for threshold in THRESHOLDS}
    rows: dict[float, list[npt.NDArray[np.intp]]] = {threshold: [] for threshold in tried}
    for part in watch.follow(events):
        score = part.outlook.sold_out_within(days)
        judged = (part.time >= first + (last - first) // 3) & (part.time <= last - span)
        for threshold, alarms in tried.items():
            raised = alarms.raised(part, score, len(watch))
            rows[threshold].append(part.first + raised[judged[raised]])
    for threshold, found in rows.items():
        told = events[np.concatenate(found)].select("item", time=EVENT_TIME)
        true = int(came_true(told, outages, days).sum())
        if told.height >= FEW and true >= precision * told.height:
            return {"days": days, "threshold": threshold}
    return settings


def severity(days_left: float) -> str:
    """Return how urgent it is.

    Examples
    --------
    >>> severity(2.0), severity(4.0), severity(10.0)
    ('high', 'medium', 'low')
    """
    return "high" if days_left < URGENT else "medium" if days_left < SOON else "low"


def raised(events: pl.DataFrame, settings: Mapping[str, Any]) -> pl.DataFrame:
    """Return the alerts that a stream's events would have raised.

    Parameters
    ----------
    events
        In their order, with ``event_id``, ``event_time``, ``item``, ``kind``, ``quantity`` and
        ``on_hand``.
    settings
        Of :class:`SellOut`.

    Returns
    -------
    polars.DataFrame
        ``event_id``, ``event_time``, ``item``, ``severity``, ``score``, ``days_left``,
        ``on_hand`` and ``demand`` (pieces a day).
    """
    chosen = SellOut(settings).choose(events)
    told = [{r["feature"]: r["value"] for r in alert.reasons or ()} for alert in chosen]
    columns = {
        "severity": pl.Series([alert.severity for alert in chosen], dtype=pl.String),
        "score": pl.Series([alert.score for alert in chosen], dtype=pl.Float64),
        **{
            name: pl.Series([row[reason] for row in told], dtype=pl.Float64)
            for name, reason in zip(("days_left", "on_hand", "demand"), REASONS, strict=True)
        },
    }
    rows = events[[alert.row for alert in chosen]].select("event_id", EVENT_TIME, "item")
    return rows.with_columns(**columns).with_columns(pl.col("on_hand").cast(pl.Int64))


def _reasons(days_left: float, on_hand: int, rate: float) -> list[dict[str, Any]]:
    values = zip(REASONS, (days_left, on_hand, rate), strict=True)
    return [
        {"feature": name, "value": float(value), "contribution": None} for name, value in values
    ]


def _setting(settings: Mapping[str, Any], name: str, most: float) -> float:
    value = settings.get(name)
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value <= most:
        raise ParameterError.of(
            f"{name} = {value!r} of the alerts",
            allowed=f"a number above 0, at most {most:g}",
            hint="export the run again, which fits it",
        )
    return float(value)
