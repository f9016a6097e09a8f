"""How well sell-outs are foreseen: alerts against what truly happened.

*An alert came true* if its item was sold out within the days that it said: their share is the
precision. It was *right* if what was wanted of the item within these days (sold or lost) was as
much as was truly on hand, no matter what was delivered meanwhile: an alert cannot know that a
delivery is on its way. Alerts whose days go on beyond the end of what is known are left out of
both.

*A sell-out was foreseen* ``ahead`` days ahead if an alert was raised for its item no later than
that before, and no earlier than the days that the alert said. Its lead is the time from the
first of these alerts. Sell-outs that began less than ``ahead`` days after the start are left
out. Intervals resample items with all their alerts and sell-outs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.replay import metrics
from workbench.replay.estimates import bootstrap
from workbench.replay.evaluation import Evaluation, Measure

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.cases.recommend.truth import Truth
    from workbench.replay.estimates import Floats, Weights


def measures(days: float, ahead: float) -> dict[str, Measure]:
    """Return how the metrics are called and written."""
    return {
        "precision": Measure(f"Precision: alerts whose item was sold out within {days:g} days"),
        "right": Measure("Alerts whose item would have been, but for a delivery"),
        "recall": Measure(f"Recall: sell-outs foreseen {ahead:g} days ahead"),
        "recall_at_all": Measure("Sell-outs foreseen at all"),
        "lead_days": Measure("Median lead (days)", ".1f", limit=None),
    }


def judge(
    alerts: pl.DataFrame,
    truth: Truth,
    *,
    days: float,
    ahead: float = 2.0,
    since: datetime | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> Evaluation:
    """Hold alerts against the truth.

    Parameters
    ----------
    alerts
        ``event_time`` and ``item`` of each, in order of time.
    truth
        What truly happened.
    days
        Within which the alerts say that an item will be sold out.
    ahead
        How many days before a sell-out an alert is early enough.
    since
        Alerts and sell-outs before it do not count; by default all do.
    replicates, seed
        Of the bootstrap over items.

    Returns
    -------
    Evaluation
        With the metrics of :func:`measures`.
    """
    alerts = alerts.select(pl.col("event_time").alias("time"), "item").sort("time")
    begin: Any = truth.stock["time"].min() if since is None else since
    end: Any = truth.stock["time"].max()
    told = _told(alerts.filter(pl.col("time") >= begin), truth, days).filter(
        pl.col("time") <= end - timedelta(days=days)
    )
    outages = truth.outages.select("item", pl.col("sold_out").alias("time")).sort("time")
    outages = outages.filter(pl.col("time") >= begin + timedelta(days=ahead))
    found = _foreseen(outages, alerts, days, ahead)

    names = pl.concat([told["item"], found["item"]]).unique().sort()
    place = pl.DataFrame({"item": names, "place": np.arange(len(names))})
    of_alert = told.join(place, on="item", how="left", maintain_order="left")["place"].to_numpy()
    by_lead = found.sort("lead", nulls_last=True)
    of_outage = by_lead.join(place, on="item", how="left", maintain_order="left")[
        "place"
    ].to_numpy()
    right, true = told["right"].to_numpy(), told["sold_out"].to_numpy()
    early, lead = by_lead["early"].to_numpy(), by_lead["lead"].to_numpy()
    known = ~np.isnan(lead)

    def statistic(weights: Weights) -> Floats:
        raised, sold = weights[of_alert].astype(np.int64), weights[of_outage].astype(np.int64)
        hits = [raised[true].sum(), raised[right].sum(), sold[early].sum(), sold[known].sum()]
        all_of = [raised.sum(), raised.sum(), sold.sum(), sold.sum()]
        middle = metrics.weighted_median(lead[known], weights[of_outage][known])
        return np.append(metrics.ratio(np.array(hits), np.array(all_of)), middle)

    called = measures(days, ahead)
    estimates = bootstrap(statistic, len(names), replicates=replicates, seed=seed)
    return Evaluation(
        dict(zip(called, estimates, strict=True)),
        called,
        n=told.height,
        positives=found.height,
        entities=len(names),
        settings={"days": days, "ahead": ahead, "replicates": replicates, "seed": seed},
        unit="alerts",
        positive="sell-outs",
        entity="item",
    )


def came_true(alerts: pl.DataFrame, outages: pl.DataFrame, days: float) -> pl.Series:
    """Return of each alert whether its item was sold out later on, within so many days.

    Parameters
    ----------
    alerts
        ``time`` and ``item``, in order of time.
    outages
        ``time`` and ``item``: when items were sold out, in any order.
    days
        How long an alert has to come true.
    """
    ends = outages.select("item", pl.col("time").alias("out")).sort("out")
    rows = alerts.join_asof(
        ends, left_on="time", right_on="out", by="item", strategy="forward",
        allow_exact_matches=False, check_sortedness=False,
    )  # fmt: skip
    soon = pl.col("out") <= pl.col("time") + timedelta(days=days)
    return rows.select(soon.fill_null(value=False))["out"]


def _told(alerts: pl.DataFrame, truth: Truth, days: float) -> pl.DataFrame:
    """Return of each alert whether it came true (``sold_out``) and was ``right``."""
    level = truth.stock.sort("time", maintain_order=True)
    rows = alerts.with_columns(
        (pl.col("time") + timedelta(days=days)).alias("until"),
        came_true(alerts, truth.outages.rename({"sold_out": "time"}), days).alias("sold_out"),
    ).join_asof(level, on="time", by="item", check_sortedness=False)
    wanted = truth.demand()
    for name, at in (("before", "time"), ("after", "until")):
        told = wanted.rename({"time": at, "wanted": name})
        rows = rows.join_asof(told, on=at, by="item", check_sortedness=False)
    pieces = pl.col("after").fill_null(0) - pl.col("before").fill_null(0)
    right = (pieces >= pl.col("on_hand")).fill_null(value=False)
    return rows.select("time", "item", "sold_out", right.alias("right"))


def _foreseen(
    outages: pl.DataFrame, alerts: pl.DataFrame, days: float, ahead: float
) -> pl.DataFrame:
    """Return of each sell-out whether an alert was ``early`` enough, and the ``lead`` in days."""
    told = alerts.with_columns(pl.col("time").alias("alert"))
    span = timedelta(days=days)
    rows = outages.with_columns(
        (pl.col("time") - span).alias("first"),
        (pl.col("time") - timedelta(days=ahead)).alias("last"),
    )
    # The latest alert that is early enough, and the first that counts at all.
    rows = rows.sort("last").join_asof(
        told, left_on="last", right_on="time", by="item", check_sortedness=False, suffix="_early"
    )
    rows = rows.rename({"alert": "early"}).sort("first").join_asof(
        told, left_on="first", right_on="time", by="item", strategy="forward",
        check_sortedness=False, suffix="_first",
    )  # fmt: skip
    lead = (
        (pl.col("time") - pl.col("alert")).dt.total_microseconds()
        / timedelta(days=1).total_seconds()
        / 1e6
    )
    return rows.select(
        "item",
        (pl.col("early") >= pl.col("first")).fill_null(value=False).alias("early"),
        pl.when(lead > 0).then(lead).fill_null(float("nan")).alias("lead"),
    )
