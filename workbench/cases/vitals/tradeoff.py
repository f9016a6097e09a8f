"""What more alarms find: sensitivity against alarms per patient-day, at every threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.cases.vitals import utility as worth
from workbench.cases.vitals.stays import NONE, Hours, Stays
from workbench.cases.vitals.threshold import freeze, made

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from workbench.replay.estimates import Floats

NAMES = ("alarms_per_patient_day", "sensitivity", "ppv", "utility")


def tradeoff(
    frame: pl.DataFrame,
    thresholds: Iterable[float] | None = None,
    *,
    points: int = 40,
    frozen_at: datetime | None = None,
    rule: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Return what alarms find and cost at several thresholds, on the stays that are judged.

    Parameters
    ----------
    frame
        An evaluation frame.
    thresholds
        Scores at or above them raise alarms; by default ``points`` of them, closer together where
        scores are high.
    points
        How many thresholds, where they are not given; fewer where scores are.
    frozen_at
        As for :func:`workbench.cases.vitals.metrics.evaluate`: stays that began later are judged.
    rule
        Settings of the alarms beside the threshold.

    Returns
    -------
    polars.DataFrame
        By threshold, ascending: ``threshold``, ``alarms_per_patient_day``, ``sensitivity``,
        ``ppv`` and ``utility``; empty where no stay is judged.
    """
    stays = Stays(frame)
    judged = freeze(stays, None, frozen_at).judged[stays.stay]
    if thresholds is None:
        thresholds = _spread(stays.score[judged], points)
    hours = Hours(stays, judged)
    known = hours.labelled
    score, gain = hours.score[known], worth.gain(hours.since[known])
    most = worth.attainable(hours.since[known]).sum()
    told, true, in_time = (
        judged & (stays.label != NONE),
        judged & stays.true,
        judged & stays.in_time,
    )
    true &= told
    episodes = len(np.unique(stays.stay[in_time]))
    rows = []
    for threshold in sorted(thresholds):
        alarm = stays.alarms(made(threshold, rule))
        caught = len(np.unique(stays.stay[alarm & in_time]))
        sums = [
            (24 * (alarm & judged).sum(), len(hours)),
            (caught, episodes),
            ((alarm & true).sum(), (alarm & told).sum()),
            (gain[score >= threshold].sum(), most),
        ]
        rows.append([threshold, *(n / of if of else np.nan for n, of in sums)])
    schema = dict.fromkeys(("threshold", *NAMES), pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def at_most(curve: pl.DataFrame, alarms: float) -> float:
    """Return the highest sensitivity that keeps to so many alarms per patient-day.

    Examples
    --------
    >>> curve = pl.DataFrame({"alarms_per_patient_day": [2.0, 0.9, 0.2],
    ...                       "sensitivity": [0.9, 0.7, 0.3]})
    >>> at_most(curve, 1.0)
    0.7
    """
    kept = curve.filter(pl.col("alarms_per_patient_day") <= alarms)["sensitivity"].drop_nans()
    return float(kept.max()) if len(kept) else 0.0  # type: ignore[arg-type]  # a number


def _spread(score: Floats, points: int) -> list[float]:
    if not len(score):
        return []
    shares = 1 - np.geomspace(1 / len(score), 1, points)
    found: list[float] = np.unique(np.quantile(score, shares, method="nearest")).tolist()
    return found
