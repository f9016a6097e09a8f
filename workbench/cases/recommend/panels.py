"""Panels of the recommend case's figures: each draws into axes and says what it found."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.ticker import PercentFormatter

from workbench.cases.recommend.metrics import gini
from workbench.cases.recommend.sample import SLOTS
from workbench.moments import moment
from workbench.replay.panels import WEEK, below, span, trailing
from workbench.style import BLUE, GREEN, OCHRE, PALETTE, TEXT, VERMILION, blank, percent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from matplotlib.axes import Axes

    from workbench.cases.recommend.sample import Lists
    from workbench.replay.evaluation import Evaluation
    from workbench.replay.ranking import Indices

DASHES: Final = ("--", ":", "-.", (0, (1, 3)))
"""Of other runs' lines, in turn."""
NOTHING: Final = "Nothing was scored in this span"
SPELLS: Final = (
    ("seasons", "season of {department}", GREEN),
    ("fashions", "fashion of {style}", BLUE),
    ("strikes", "strike: {department}", VERMILION),
    ("outages", "no stock feed", OCHRE),
)
"""Kinds of spells in the ground truth, how one is called, and its colour."""


def by_place(axes: Axes, lists: Lists, others: Mapping[str, Lists]) -> str:
    """Draw which share of what is chosen next stands among the first k, over other runs'."""
    axes.set(
        xlabel="Length of the list",
        ylabel="Share of chosen items in it (hit rate)",
        xlim=(0.5, SLOTS + 0.5),
    )
    if not lists.scored.any():
        blank(axes, NOTHING)
        return NOTHING
    places = np.arange(1, SLOTS + 1)
    for (name, other), dash, color in zip(
        others.items(), DASHES * 9, PALETTE[2:] * 9, strict=False
    ):
        axes.plot(places, _hits(other), ls=dash, color=color, lw=1.2, label=name)
    found = _hits(lists)
    axes.plot(places, found, "o-", ms=3, color=BLUE, label="this run")
    axes.set(ylim=(0, None))
    axes.set_xticks([1, 5, 10, 15, 20])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    below(axes)
    return (
        f"{percent(found[-1])} of what is chosen next stands among the first {SLOTS}, "
        f"{percent(found[0])} at the very top"
    )


def by_group(axes: Axes, evaluation: Evaluation) -> str:
    """Draw the hit rate of each group of events with its interval."""
    table = evaluation.by_pattern
    if table.is_empty():
        blank(axes, NOTHING)
        return NOTHING
    rows = table.reverse().to_dicts()
    places = np.arange(len(rows))
    value, low, high = (
        np.array([row[f"hit_rate{part}"] for row in rows]) for part in ("", "_low", "_high")
    )
    axes.hlines(places, low, high, color=BLUE, lw=2.4, alpha=0.6)
    axes.plot(value, places, "o", color=BLUE, ms=4)
    axes.axvline(evaluation["hit_rate"].value, color=TEXT, lw=1, ls=(0, (4, 2)))
    axes.set_yticks(places, [fill(row["pattern"], 18) for row in rows], fontsize=7)
    axes.set(xlabel="HitRate@20, 95 % interval (dashed: all)", xlim=(0, None))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=False, axis="y")
    worst = min(rows, key=lambda row: row["hit_rate"])
    return f"Hardest are {worst['pattern']}: {percent(worst['hit_rate'])} are found"


def concentration(axes: Axes, lists: Lists) -> str:
    """Draw how unequally slots, and what is chosen, fall on the items of the catalogue."""
    axes.set(
        xlabel="Share of the items, most frequent first", ylabel="Share of all", xlim=(0, 1),
        ylim=(0, 1.02),
    )  # fmt: skip
    shown = lists.shown()
    if not shown.sum():
        blank(axes, NOTHING)
        return NOTHING
    chosen = np.bincount(lists.chosen[lists.scored], minlength=len(shown))
    for counts, color, text in ((chosen, GREEN, "chosen"), (shown, BLUE, "recommended")):
        share = np.cumsum(np.sort(counts)[::-1]) / counts.sum()
        axes.plot(
            np.arange(1, len(share) + 1) / len(share), share, color=color,
            label=f"{text} (Gini {gini(counts):.2f})",
        )  # fmt: skip
    axes.plot((0, 1), (0, 1), color=TEXT, lw=1, ls=(0, (1, 2)), label="all items alike")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    below(axes)
    return (
        f"Half of all slots go to {percent(_half(shown))} of the items; half of what is chosen "
        f"is {percent(_half(chosen))}"
    )


def by_day(axes: Axes, evaluation: Evaluation, truth: Mapping[str, Any] | None) -> str:
    """Draw hit rate and MRR by day with their intervals, and when items were launched."""
    table = evaluation.by_day
    if table.is_empty():
        blank(axes, NOTHING)
        return NOTHING
    days, weights = table["day"].to_numpy(), table["events"].to_numpy()
    for name, text, color in (("hit_rate", "HitRate@20", BLUE), ("mrr", "MRR@20", GREEN)):
        value, low, high = (table[name + part].to_numpy() for part in ("", "_low", "_high"))
        axes.vlines(days, low, high, color=color, lw=0.9, alpha=0.45)
        axes.plot(days, value, "o", color=color, ms=2.5)
        smooth = trailing(value, weights)
        axes.plot(days, smooth, color=color, lw=2, label=f"{text}, mean of {WEEK} days")
    axes.set(ylabel="By day, with 95 % intervals", ylim=(0, None))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlim(days[0] - np.timedelta64(12, "h"), days[-1] + np.timedelta64(12, "h"))
    axes.set_xlabel(span(days), loc="left")
    _launches(axes, truth)
    axes.legend(loc="lower right", ncols=3, borderaxespad=0.2)
    smooth = trailing(table["hit_rate"].to_numpy(), weights)
    least, most = float(np.nanmin(smooth)), float(np.nanmax(smooth))
    return f"The hit rate over {WEEK} days stays between {percent(least)} and {percent(most)}"


def spells(axes: Axes, truth: Mapping[str, Any] | None) -> int:
    """Draw seasons, fashions, strikes and failures of the stock feed as bars over an axis of days.

    Returns
    -------
    int
        How many lines they take.
    """
    first, last = axes.get_xlim()
    ends: list[float] = []
    for kind, called, color in SPELLS:
        for one in (truth or {}).get(kind, ()):
            begin, end = _numbers([moment(one["from"]), moment(one["until"])])
            begin, end = max(begin, first), min(end, last)
            if begin >= end:
                continue
            text = called.format(**one)
            # A short bar needs the room that its text takes.
            room = max(end, begin + 0.0085 * len(text) * (last - first))
            free = (line for line, until in enumerate(ends) if until <= begin)
            line = next(free, len(ends))
            ends[line : line + 1] = [room]
            axes.barh(line, end - begin, left=begin, height=0.8, color=color, alpha=0.35, lw=0)
            axes.annotate(f" {text}", (begin, line), va="center", fontsize=7, annotation_clip=True)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set(ylim=(len(ends) - 0.4, -0.6))
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    return len(ends)


def _launches(axes: Axes, truth: Mapping[str, Any] | None) -> None:
    first, last = axes.get_xlim()
    days = [moment(one["time"]) for one in (truth or {}).get("launches", ())]
    shown = [day for day in _numbers(days) if first <= day <= last]
    if shown:
        axes.plot(
            shown, np.full(len(shown), 0.97), "v", color=TEXT, ms=4,
            transform=axes.get_xaxis_transform(), label="items are launched",
        )  # fmt: skip


def _numbers(moments: list[datetime | None]) -> list[float]:
    from matplotlib.dates import date2num

    there = [at for at in moments if at is not None]
    return [float(date2num(at)) for at in there]  # type: ignore[no-untyped-call] # annotated in parts only


def _hits(lists: Lists) -> Any:
    place = lists.places()[lists.scored]
    counts = np.bincount(place, minlength=SLOTS + 1)[:SLOTS]
    return np.cumsum(counts) / max(len(place), 1)


def _half(counts: Indices) -> float:
    """Return the share of the items that hold half of the counts."""
    running = np.cumsum(np.sort(counts)[::-1])
    return float(np.searchsorted(running, running[-1] / 2) + 1) / len(counts)
