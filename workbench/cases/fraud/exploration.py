"""Looking at a fraud stream before any detector: what happens when, and what separates fraud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from matplotlib.ticker import FuncFormatter, PercentFormatter

from workbench.durations import DAY
from workbench.replay.panels import (
    below,
    changes,
    list_changes,
    mark_changes,
    readable,
    span,
    trailing,
)
from workbench.style import (
    BLUE,
    PALETTE,
    TEXT,
    VERMILION,
    Chart,
    figure_style,
    percent,
    title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_KIND: Final = "pattern"


def named(rows: pl.DataFrame) -> pl.DataFrame:
    """Return labelled events with ``pattern`` filled: of frauds without one, ``fraud``.

    Parameters
    ----------
    rows
        Events with ``label``, and ``pattern`` where the stream has ground truth.
    """
    kind = pl.col(_KIND) if _KIND in rows.columns else pl.lit(None, pl.String)
    fraud = pl.col("label") == 1
    return rows.with_columns(pl.when(fraud).then(kind.fill_null("fraud")).alias(_KIND))


def patterns(rows: pl.DataFrame) -> list[str]:
    """Return the patterns of fraud, the most frequent first."""
    counts = rows[_KIND].drop_nulls().value_counts(name="n")
    return counts.sort(["n", _KIND], descending=[True, False])[_KIND].to_list()


def plot_days(rows: pl.DataFrame, truth: Mapping[str, Any] | None = None) -> Figure:
    """Plot transactions, the rate of fraud, and frauds by pattern, by day with drift marked.

    Parameters
    ----------
    rows
        Labelled events, see :func:`workbench.replay.table.labelled`.
    truth
        The stream's ground truth, where it has one.

    Returns
    -------
    matplotlib.figure.Figure
        11 by 8 inches.
    """
    rows = named(rows).with_columns(pl.col("event_time").dt.date().alias("day"))
    days = rows.group_by("day").agg(pl.len(), pl.col("label").sum()).sort("day")
    number = days["day"].to_numpy()
    rate = (days["label"] / days["len"]).to_numpy()
    with figure_style():
        figure = Chart(11, 8)
        top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(2, 2, 3))
        weekend = days["day"].dt.weekday().to_numpy() > 5
        top.bar(number[~weekend], days["len"].to_numpy()[~weekend], color=BLUE, alpha=0.65)
        top.bar(number[weekend], days["len"].to_numpy()[weekend], color=BLUE, alpha=0.35)
        top.set(ylabel="Transactions a day")
        middle.plot(number, rate, "o", color=VERMILION, ms=2.5)
        middle.plot(number, trailing(rate, days["len"].to_numpy()), color=VERMILION, lw=2)
        middle.set(ylabel="Share of fraud", ylim=(0, None))
        middle.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=2))
        _stacks(bottom, rows, number)
        bottom.set(ylabel="Frauds a day")
        bottom.set_xlabel(span(number), loc="left")
        shown = changes(truth, days["day"][0], days["day"][-1])
        for axes in (top, middle, bottom):
            mark_changes(axes, shown)
        list_changes(bottom, shown)
        title(top, _activity(days, weekend), 110)
        title(middle, _rates(rate, days["label"].to_numpy()), 110)
        title(bottom, _leading(rows), 110)
    return figure


def plot_shapes(rows: pl.DataFrame) -> Figure:
    """Plot how late labels are, the amounts, and the hours of genuine and fraudulent use.

    Parameters
    ----------
    rows
        Labelled events with ``amount``.
    """
    rows = named(rows)
    kinds = patterns(rows)
    delay = (rows["known_at"] - rows["event_time"]).dt.total_microseconds() / DAY
    amount, hour = rows["amount"].to_numpy() / 100, rows["event_time"].dt.hour()
    with figure_style():
        figure = Chart(11, 4.2)
        late, money, clock = figure.subplots(1, 3)
        money.set(xscale="log", xlabel="Amount (major units)", ylabel="Share below", ylim=(0, 1.02))
        late.set(xlabel="Days from event to label", ylabel="Share known", ylim=(0, 1.02))
        clock.set(xlabel="Hour of the day (UTC)", ylabel="Share of the kind", xlim=(0, 24))
        for kind, color in zip([None, *kinds], [TEXT, *PALETTE * 9], strict=False):
            mask = (rows["label"] == 0 if kind is None else rows[_KIND] == kind).fill_null(
                value=False
            )
            text = "genuine" if kind is None else readable(kind)
            style: dict[str, Any] = {"color": color, "label": text, "lw": 1.6}
            _shares(late, np.sort(delay.filter(mask).drop_nulls().to_numpy()), style)
            _shares(money, np.sort(amount[mask.to_numpy()]), style)
            counts = np.bincount(hour.filter(mask).to_numpy(), minlength=24)
            clock.stairs(counts / max(counts.sum(), 1), np.arange(25), **style)
        for axes in (late, money, clock):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            below(axes)
        money.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
        clock.set_xticks(range(0, 25, 6))
        title(late, _lateness(rows, delay), 34)
        title(money, _sizes(rows, kinds), 34)
        title(clock, _nights(rows, kinds, hour), 34)
    return figure


def _stacks(axes: Axes, rows: pl.DataFrame, days: Any) -> None:
    base = np.zeros(len(days))
    for kind, color in zip(patterns(rows), PALETTE * 9, strict=False):
        counts = dict(rows.filter(pl.col(_KIND) == kind)["day"].value_counts().iter_rows())
        height = np.array([counts.get(day, 0) for day in days.tolist()])
        axes.bar(days, height, bottom=base, color=color, alpha=0.8, label=readable(kind))
        base += height
    if not base.any():
        return
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=6, fontsize=7.5,
        borderaxespad=0.2, columnspacing=1, handlelength=1,
    )  # fmt: skip


def _shares(axes: Axes, values: Any, style: dict[str, Any]) -> None:
    """Draw the share of sorted values at or below each, at no more than 400 points."""
    if len(values):
        at = np.unique(np.linspace(0, len(values) - 1, 400).astype(int))
        axes.step(values[at], (at + 1) / len(values), where="post", **style)


def _activity(days: pl.DataFrame, weekend: Any) -> str:
    counts = days["len"].to_numpy()
    text = f"{counts.mean():,.0f} transactions a day"
    if not weekend.any() or weekend.all():
        return text
    ratio = counts[weekend].mean() / counts[~weekend].mean() - 1
    return f"{text}; on weekends (paler) {percent(abs(ratio))} {'more' if ratio > 0 else 'fewer'}"


def _rates(rate: Any, frauds: Any) -> str:
    third = max(len(rate) // 3, 1)
    first, last = (np.average(part) for part in (rate[:third], rate[-third:]))
    return (
        f"Fraud goes from {percent(first)} in the first third of the days to {percent(last)} "
        f"in the last; a day has {frauds.min()} to {frauds.max()} frauds"
    )


def _leading(rows: pl.DataFrame) -> str:
    counts = rows[_KIND].drop_nulls().value_counts(name="n").sort("n", descending=True)
    if counts.height == 0:
        return "No fraud in this span"
    if counts.height < 2:
        return f"{counts['n'].sum():,} frauds, of which no patterns are named"
    share = counts["n"][0] / counts["n"].sum()
    return f"{percent(share)} of frauds are “{readable(counts[_KIND][0])}”"


def _lateness(rows: pl.DataFrame, delay: pl.Series) -> str:
    if not delay.drop_nulls().len():
        return "Labels carry no time of their own"
    middle = [delay.filter((rows["label"] == y).fill_null(value=False)).median() for y in (1, 0)]
    fraud, genuine = (float(m) if isinstance(m, (int, float)) else float("nan") for m in middle)
    return (
        f"Half of all frauds are known after {fraud:.1f} days, what is genuine after {genuine:.1f}"
    )


def _sizes(rows: pl.DataFrame, kinds: Sequence[str]) -> str:
    middle = {k: rows.filter(pl.col(_KIND) == k)["amount"].median() for k in kinds}
    known = {k: float(m) / 100 for k, m in middle.items() if isinstance(m, (int, float))}
    if not known:
        return "No fraud"
    low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    if low == high:
        return f"The median fraud is {known[low]:,.0f}"
    return (
        f"Median amounts reach from {known[low]:,.0f} ({readable(low)}) to "
        f"{known[high]:,.0f} ({readable(high)})"
    )


def _nights(rows: pl.DataFrame, kinds: Sequence[str], hour: pl.Series) -> str:
    night = {k: (hour.filter((rows[_KIND] == k).fill_null(value=False)) < 7).mean() for k in kinds}
    shares = {k: float(s) for k, s in night.items() if isinstance(s, (int, float))}
    if not shares:
        return "No fraud"
    top = max(shares, key=shares.__getitem__)
    usual = (hour.filter((rows["label"] == 0).fill_null(value=False)) < 7).mean()
    return (
        f"{percent(shares[top])} of “{readable(top)}” is between midnight and seven, "
        f"of genuine use {percent(float(usual) if isinstance(usual, (int, float)) else 0.0)}"
    )
