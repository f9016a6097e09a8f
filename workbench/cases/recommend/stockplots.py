"""What sells out: the stock of items over time with their alerts, and what to order now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.style import BLUE, TEXT, VERMILION, Chart, blank, figure_style, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.cases.recommend.truth import Truth

COLUMNS = 3


def plot_stock(
    events: pl.DataFrame,
    alerts: pl.DataFrame,
    titles: Mapping[str, str] | None = None,
    truth: Truth | None = None,
    *,
    items: int = 6,
    days: int = 21,
) -> Figure:
    """Plot the known stock of the items that were alerted last, with their alerts.

    Parameters
    ----------
    events
        Events in their order.
    alerts
        What :func:`workbench.cases.recommend.sellout.raised` returned.
    titles
        What items are called.
    truth
        Where it is known, the time in which an item was truly sold out is shaded.
    items
        The most panels.
    days
        How many days before the end are shown; alerts of the first two thirds of them are.
    """
    last: Any = events["event_time"].max()
    first = last - timedelta(days=days)
    early = pl.col("event_time").is_between(first, last - timedelta(days=days / 3))
    shown = alerts.filter(early)["item"].unique(maintain_order=True)[-items:].to_list()
    lines = -(-len(shown) // COLUMNS) or 1
    with figure_style():
        figure = Chart(11, 2.6 * lines + 0.4)
        axes = figure.subplots(lines, COLUMNS, squeeze=False, sharex=True).ravel()
        for panel in axes[max(len(shown), 1) :]:
            panel.set_axis_off()
        if not shown:
            blank(axes[0], "No alert in this time")
        for panel, item in zip(axes, shown, strict=False):
            text = _stock(panel, item, events, alerts, truth, first, last)
            title(panel, f"{(titles or {}).get(item, item)}: {text}", 34)
        figure.supylabel("Pieces known to be on hand", fontsize=9)
    return figure


def _stock(
    axes: Axes,
    item: str,
    events: pl.DataFrame,
    alerts: pl.DataFrame,
    truth: Truth | None,
    first: Any,
    last: Any,
) -> str:
    """Draw one item, and say how long before it was sold out it was alerted."""
    levels = events.filter(pl.col("kind") == "stock", pl.col("item") == item)
    # The level at the beginning is the last one before it.
    start = max(int((levels["event_time"] <= first).sum()) - 1, 0)
    levels = levels[start:]
    at, level = levels["event_time"].dt.replace_time_zone(None), levels["on_hand"]
    naive = [moment.replace(tzinfo=None) for moment in (first, last)]
    axes.step(
        np.append(at.to_numpy(), np.datetime64(naive[1], "us")),
        np.append(level.to_numpy(), level[-1:].to_numpy()), where="post", color=BLUE,
    )  # fmt: skip
    told = alerts.filter(pl.col("item") == item, pl.col("event_time") >= first)
    for moment, pieces in told.select("event_time", "on_hand").iter_rows():
        axes.plot([moment.replace(tzinfo=None)], [pieces], "o", color=VERMILION, ms=6, zorder=3)
    if truth is not None:
        for begin, end in (
            truth.outages.filter(pl.col("item") == item)
            .select("sold_out", pl.col("back").fill_null(last))
            .iter_rows()
        ):
            axes.axvspan(
                begin.replace(tzinfo=None), end.replace(tzinfo=None), color=TEXT, alpha=0.2, lw=0
            )
    axes.set(xlim=naive, ylim=(0, None))
    axes.tick_params(axis="x", rotation=30)
    alert = told["event_time"][0]
    gone = levels.filter(pl.col("on_hand") == 0, pl.col("event_time") > alert)["event_time"]
    if not len(gone):
        return "alerted, not sold out"
    return f"sold out {(gone[0] - alert) / timedelta(days=1):.1f} days after the alert"


def order_now(
    alerts: pl.DataFrame, events: pl.DataFrame, titles: Mapping[str, str] | None = None,
    *, days: int = 3, limit: int = 12,
) -> pl.DataFrame:  # fmt: skip
    """Return the alerts of the last days, those with the fewest days left first.

    Parameters
    ----------
    alerts
        What :func:`workbench.cases.recommend.sellout.raised` returned.
    events
        The events, for the time of the last one.
    titles
        What items are called.
    days
        How many days are looked back.
    limit
        The most rows.

    Returns
    -------
    polars.DataFrame
        ``item``, ``title``, ``severity``, ``days_left``, ``on_hand``, ``demand`` and ``score``.
    """
    last: Any = events["event_time"].max()
    called = titles or {}
    return (
        alerts.filter(pl.col("event_time") > last - timedelta(days=days))
        .with_columns(
            pl.col("item").replace_strict(called, default=pl.col("item")).alias("title")
            if called
            else pl.col("item").alias("title")
        )
        .sort("days_left", "item")
        .head(limit)
        .select("item", "title", "severity", "days_left", "on_hand", "demand", "score")
    )
