"""Looking at a shop's stream before any recommender: what happens when, what rises, what is out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from matplotlib.ticker import FuncFormatter, NullFormatter, PercentFormatter

from workbench.cases.recommend.panels import spells
from workbench.replay.panels import WEEK, span
from workbench.style import BLUE, GREEN, TEXT, VERMILION, Chart, blank, figure_style, percent, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.streams.recorded import Stream

KINDS: Final = (("view", "views", BLUE), ("cart", "cart additions", GREEN),
                ("purchase", "purchases", VERMILION))  # fmt: skip


def events_of(stream: Stream) -> pl.DataFrame:
    """Return all events of a stream, with all columns of the schema that it has."""
    return pl.concat(stream.batches(), how="vertical")


def titles(events: pl.DataFrame) -> dict[str, str]:
    """Return what each item is called: its last title; items without one are left out.

    Examples
    --------
    >>> titles(pl.DataFrame({"item": ["1", "1", "2"], "title": ["mug", "jug", None]}))
    {'1': 'jug'}
    """
    if "title" not in events.columns:
        return {}
    named = events.drop_nulls("title").group_by("item", maintain_order=True).last()
    return dict(named.select("item", "title").iter_rows())


def plot_days(events: pl.DataFrame, truth: Mapping[str, Any] | None = None) -> Figure:
    """Plot what visitors do by day, how many items are sold out, and what is known to happen.

    Parameters
    ----------
    events
        Events in their order.
    truth
        The stream's ground truth, where it has one.

    Returns
    -------
    matplotlib.figure.Figure
        11 by 8 inches.
    """
    daily = events.with_columns(pl.col("event_time").dt.date().alias("day"))
    days = daily.select("day").unique().sort("day")
    with figure_style():
        figure = Chart(11, 8)
        top, middle, strip = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.2))
        title(top, _activity(top, daily, days), 110)
        title(middle, _sold_out(middle, events, days), 110)
        numbers = days["day"].to_numpy()
        half = np.timedelta64(12, "h")
        top.set_xlim(numbers[0] - half, numbers[-1] + half)
        if not spells(strip, truth):
            strip.set_visible(False)
        strip.set_xlabel(span(numbers), loc="left")
    return figure


def _activity(axes: Axes, daily: pl.DataFrame, days: pl.DataFrame) -> str:
    axes.set(yscale="log", ylabel="Events a day")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    counts = {}
    for kind, text, color in KINDS:
        found = daily.filter(pl.col("kind") == kind).group_by("day").len()
        each = days.join(found, on="day", how="left", maintain_order="left")["len"].fill_null(0)
        counts[kind] = int(each.sum())
        if counts[kind]:
            axes.plot(days["day"].to_numpy(), each.to_numpy(), "o-", ms=2.5, lw=1, color=color,
                      label=text)  # fmt: skip
    axes.legend(loc="center right", ncols=3, borderaxespad=0.2)
    total = sum(counts.values())
    if counts["view"] and counts["purchase"]:
        return (
            f"{total / len(days):,.0f} interactions a day; for one purchase there are "
            f"{counts['view'] / counts['purchase']:.0f} views"
        )
    return f"{total / len(days):,.0f} interactions a day"


def out_of_stock(events: pl.DataFrame) -> pl.DataFrame:
    """Return how many items are known to be sold out at the end of each day.

    Returns
    -------
    polars.DataFrame
        ``day``, ``out`` and ``known``: items whose last stock level is 0, and items with one.
    """
    levels = events.filter(pl.col("kind") == "stock").select(
        pl.col("event_time").dt.date().alias("day"), "item", (pl.col("on_hand") == 0).alias("out")
    )
    # Each level adds to the count what it changes of its own item.
    changed = levels.with_columns(
        pl.col("out").cast(pl.Int64).diff().over("item").fill_null(pl.col("out").cast(pl.Int64)),
        pl.col("item").is_first_distinct().cast(pl.Int64).alias("known"),
    )
    return (
        changed.group_by("day")
        .agg(pl.col("out").sum(), pl.col("known").sum())
        .sort("day")
        .with_columns(pl.col("out").cum_sum(), pl.col("known").cum_sum())
    )


def _sold_out(axes: Axes, events: pl.DataFrame, days: pl.DataFrame) -> str:
    table = out_of_stock(events)
    if table.is_empty():
        blank(axes, "This stream tells no stock levels")
        return ""
    table = days.join(table, on="day", how="left", maintain_order="left").with_columns(
        pl.col("out", "known").forward_fill()
    )
    share = (table["out"] / table["known"]).fill_null(0).to_numpy()
    axes.bar(table["day"].to_numpy(), share, color=VERMILION, alpha=0.65)
    axes.set(ylabel="Items known to be sold out", ylim=(0, None))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    worst = int(share.argmax())
    return (
        f"{percent(float(share.mean()))} of the items are sold out on a mean day, "
        f"{percent(float(share[worst]))} on {table['day'][worst]:%d %b}"
    )


def rising(events: pl.DataFrame, days: int = WEEK, limit: int = 12) -> pl.DataFrame:
    """Return the items whose share of the interactions rose most in the last days.

    Against the same number of days before. Items are ordered by how many standard errors lie
    between the two shares, so that a rare item needs more than chance to be among them.

    Parameters
    ----------
    events
        Events in their order.
    days
        How many days are compared with as many before.
    limit
        The most rows.

    Returns
    -------
    polars.DataFrame
        ``item``, ``before`` and ``now`` (interactions a day), ``times`` (the ratio of the
        shares) and ``z``.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> at = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(240)]
    >>> items = ["a", "b"] * 60 + ["a", "b", "b", "b"] * 30
    >>> frame = pl.DataFrame({"event_time": at, "item": items, "kind": "view"})
    >>> rising(frame, days=5)["item"].to_list()
    ['b']
    """
    last: Any = events["event_time"].max()
    span_of = timedelta(days=days)
    rows = events.filter(pl.col("kind") != "stock").select(
        "item",
        (pl.col("event_time") > last - span_of).alias("now"),
        (pl.col("event_time") > last - 2 * span_of).alias("there"),
    )
    counts = (
        rows.filter("there")
        .group_by("item")
        .agg(pl.col("now").sum().cast(pl.Float64), pl.len().cast(pl.Float64).alias("both"))
        .with_columns((pl.col("both") - pl.col("now")).alias("before"))
    )
    total = counts.select("now", "before").sum()
    expected = pl.col("both") * total["now"][0] / (total["now"][0] + total["before"][0])
    share = total["now"][0] / (total["now"][0] + total["before"][0])
    return (
        counts.with_columns(
            ((pl.col("now") - expected) / (expected * (1 - share)).sqrt()).alias("z"),
            ((pl.col("now") / total["now"][0]) / (pl.col("before") / total["before"][0])).alias(
                "times"
            ),
        )
        .filter(pl.col("z") > 2)
        .sort(["z", "item"], descending=[True, False])
        .head(limit)
        .select("item", pl.col("before") / days, pl.col("now") / days, "times", "z")
    )


def plot_rising(events: pl.DataFrame, days: int = WEEK, limit: int = 12) -> Figure:
    """Plot what rises: how often items are chosen a day, now and before; see :func:`rising`."""
    table, called = rising(events, days, limit).reverse(), titles(events)
    with figure_style():
        figure = Chart(8, 1.6 + 0.3 * max(len(table), 3))
        axes = figure.add_subplot()
        if table.is_empty():
            blank(axes, f"Nothing rose in the last {days} days by more than chance")
            return figure
        places = np.arange(len(table))
        before, now = table["before"].to_numpy(), table["now"].to_numpy()
        axes.hlines(places, before, now, color=TEXT, lw=1)
        axes.plot(before, places, "o", color=TEXT, ms=5, label=f"the {days} days before")
        axes.plot(now, places, "o", color=BLUE, ms=6, label=f"the last {days} days")
        axes.set_yticks(places, [called.get(item, item) for item in table["item"]])
        axes.set(xlabel="Interactions a day", xlim=(0, None))
        axes.grid(visible=False, axis="y")
        axes.legend(loc="lower right")
        top = table.row(-1, named=True)
        name = called.get(top["item"], top["item"])
        times = top["times"]
        by = f"{times:.1f} times as often as before" if np.isfinite(times) else "after none before"
        title(axes, f"“{name}” rises most: chosen {top['now']:.0f} times a day, {by}", 80)
    return figure


def plot_habits(events: pl.DataFrame) -> Figure:
    """Plot how long sessions are, how unequally items are chosen, and the hours of the day.

    Parameters
    ----------
    events
        Events in their order.

    Returns
    -------
    matplotlib.figure.Figure
        11 by 4 inches.
    """
    there = events.filter(pl.col("kind") != "stock")
    lengths = np.sort(there.group_by("session").len()["len"].to_numpy())
    counts = np.sort(there.group_by("item").len()["len"].to_numpy())[::-1]
    hours = np.bincount(there["event_time"].dt.hour().to_numpy(), minlength=24) / max(len(there), 1)
    with figure_style():
        figure = Chart(11, 4)
        left, middle, right = figure.subplots(1, 3)
        each, first = np.unique(lengths, return_index=True)
        left.plot(each, 1 - first / len(lengths), "o-", ms=3, color=BLUE)
        left.set(xscale="log", xlabel="Interactions of a session", ylabel="Share at least as long",
                 ylim=(0, 1.02))  # fmt: skip
        running = np.cumsum(counts) / counts.sum()
        middle.plot(np.arange(1, len(counts) + 1) / len(counts), running, color=BLUE)
        middle.set(xlabel="Share of the items, most frequent first",
                   ylabel="Share of the interactions", xlim=(0, 1), ylim=(0, 1.02))  # fmt: skip
        right.stairs(hours, np.arange(25), color=BLUE)
        right.set(xlabel="Hour of the day (UTC)", ylabel="Share of the interactions",
                  xlim=(0, 24), ylim=(0, None))  # fmt: skip
        for axes in (left, middle, right):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        single = float((lengths == 1).mean())
        half = np.searchsorted(running, 0.5) + 1
        title(left, f"{percent(single)} of sessions have one interaction, the median "
                    f"{np.median(lengths):.0f}", 34)  # fmt: skip
        title(middle, f"{half:,} of {len(counts):,} items get half of all interactions", 34)
        title(right, f"Most happens between {hours.argmax()} and {hours.argmax() + 1} o'clock", 34)
    return figure
