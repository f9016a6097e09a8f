"""Figures of the fraud case. Each has titles that state what was found."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter

from workbench.cases.fraud import panels
from workbench.cases.fraud.costs import CostModel, money
from workbench.replay import metrics
from workbench.replay.panels import below, readable, span
from workbench.style import (
    BLUE,
    GREEN,
    TEXT,
    VERMILION,
    Chart,
    blank,
    figure_style,
    percent,
    title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.replay.estimates import Floats
    from workbench.replay.evaluation import Evaluation

BUDGETS: Final = (1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000)
THOUSAND: Final = 1000 * 100  # minor units


def plot(
    frame: pl.DataFrame,
    evaluation: Evaluation,
    truth: Mapping[str, Any] | None = None,
    baseline: Mapping[str, pl.DataFrame] | None = None,
) -> Figure:
    """Plot a run at a glance.

    Precision against recall, the scores of frauds and of what is genuine, calibration, and the
    metrics by day with known drift marked.

    Parameters
    ----------
    frame
        The evaluation frame.
    evaluation
        What was found on it.
    truth
        The stream's ground truth, where it has one: ``drift`` is a list of ``time`` (RFC 3339)
        and ``what``.
    baseline
        Evaluation frames of other runs by name, for their precision-recall curves.

    Returns
    -------
    matplotlib.figure.Figure
        11 by 8 inches.
    """
    rows, _ = metrics.evaluable(frame)
    baselines = {n: metrics.evaluable(other)[0] for n, other in (baseline or {}).items()}
    with figure_style():
        figure = Chart(11, 8)
        grid = figure.add_gridspec(2, 3)
        top = [figure.add_subplot(grid[0, i]) for i in range(3)]
        bottom = figure.add_subplot(grid[1, :])
        title(top[0], panels.precision_recall(top[0], rows, evaluation, baselines), 36)
        title(top[1], panels.scores(top[1], rows, _patterns(evaluation)), 36)
        title(top[2], panels.calibration(top[2], evaluation), 36)
        title(bottom, panels.by_day(bottom, evaluation, _drift(truth)), 110)
    return figure


def plot_calibration(evaluation: Evaluation) -> Figure:
    """Plot how often events with about the same score were fraud."""
    with figure_style():
        figure = Chart(5.5, 4.5)
        axes = figure.add_subplot()
        title(axes, panels.calibration(axes, evaluation), 55)
    return figure


def plot_by_pattern(evaluation: Evaluation) -> Figure:
    """Plot what is caught of each pattern of fraud at the alert budget: where it fails."""
    table = evaluation.by_pattern
    with figure_style():
        figure = Chart(8, 1.6 + 0.42 * max(len(table), 2))
        axes = figure.subplots(1, 2, sharey=True)
        if table.is_empty():
            axes[1].set_axis_off()
            blank(axes[0], "This stream names no patterns of fraud")
            return figure
        table = table.sort("recall_at_budget", descending=True, nulls_last=False)
        places = np.arange(len(table))
        for panel, name, label in (
            (axes[0], "recall_at_budget", "Recall at the alert budget"),
            (axes[1], "average_precision", "Average precision"),
        ):
            value, low, high = (table[name + part].to_numpy() for part in ("", "_low", "_high"))
            panel.barh(places, np.nan_to_num(value), color=BLUE, alpha=0.65, height=0.62)
            panel.hlines(places, low, high, color=TEXT, lw=2)
            panel.set(xlim=(0, 1), xlabel=f"{label}, 95 % interval")
            panel.grid(visible=False, axis="y")
        axes[0].set_yticks(
            places,
            [f"{readable(row['pattern'])} ({row['events']:,})" for row in table.to_dicts()],
        )
        worst = table.drop_nans("recall_at_budget").tail(1).to_dicts()
        if worst:
            budget = evaluation.settings["alerts_per_day"]
            text = (
                f"Most is missed of “{readable(worst[0]['pattern'])}”: {budget:,} alerts a "
                f"day catch {percent(worst[0]['recall_at_budget'])} of it"
            )
            figure.suptitle(text, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure


def plot_budget(frame: pl.DataFrame, evaluation: Evaluation) -> Figure:
    """Plot precision and recall against the number of alerts a day."""
    rows, _ = metrics.evaluable(frame)
    budget = int(evaluation.settings["alerts_per_day"])
    curve = metrics.budget_curve(rows, sorted({*BUDGETS, budget, 2 * budget}))
    with figure_style():
        figure = Chart(6.5, 4.2)
        axes = figure.add_subplot()
        for name, color, text in (
            ("recall", BLUE, "recall: share of fraud caught"),
            ("precision", GREEN, "precision: share of alerts that are fraud"),
        ):
            axes.plot(curve["budget"], curve[name], "o-", ms=3.5, color=color, label=text)
        axes.axvline(budget, color=VERMILION, lw=1, ls=(0, (4, 2)), label=f"budget: {budget:,}")
        axes.set(xscale="log", xlabel="Alerts a day", ylabel="Share", ylim=(0, 1.02))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        below(axes)
        at = {row["budget"]: row["recall"] for row in curve.to_dicts()}
        text = (
            f"{budget:,} alerts a day catch {percent(at[budget])} of fraud, "
            f"{2 * budget:,} would catch {percent(at[2 * budget])}"
        )
        title(axes, text, 70)
    return figure


def plot_money(frame: pl.DataFrame, evaluation: Evaluation) -> Figure:
    """Plot what fraud costs and what alerts save, by day and by the alert budget."""
    rows, _ = metrics.evaluable(frame, ("card", "amount"))
    settings, table = evaluation.settings, evaluation.by_day
    cost = CostModel(settings["review_cost"], settings["recovered"])
    with figure_style():
        figure = Chart(10, 4)
        left, right = figure.subplots(1, 2)
        saved, lost, review = (
            table[name].cum_sum().to_numpy() / THOUSAND
            for name in ("money_saved", "money_lost", "review_cost")
        )
        days = table["day"].to_numpy()
        left.fill_between(days, 0, saved, color=GREEN, alpha=0.55, lw=0, label="saved")
        left.fill_between(
            days, saved, saved + lost, color=VERMILION, alpha=0.45, lw=0, label="lost"
        )
        left.plot(days, review, color=TEXT, label="cost of review")
        left.set(xlabel=span(days), ylabel="Thousand (minor units / 100,000), cumulated")
        below(left)
        share = saved[-1] / (saved[-1] + lost[-1]) if len(saved) and saved[-1] + lost[-1] else 0.0
        title(left, f"{percent(share)} of the amount of fraud is saved", 60)
        _net_by_budget(right, rows, cost, int(settings["alerts_per_day"]))
    return figure


def plot_effects(
    names: Sequence[str], bins: Sequence[Floats], weights: Sequence[Floats], limit: int = 12
) -> Figure:
    """Plot what the features of an additive detector add to the log-odds.

    Parameters
    ----------
    names
        Names of the terms.
    bins
        The edges of each term, shape (m,).
    weights
        The weight of each bin, shape (m + 1,), or (m + 2,) with that of a missing value last.
    limit
        How many terms are shown: those with the largest spread of weights.

    Returns
    -------
    matplotlib.figure.Figure
        Up to four panels a row; bins are drawn equally wide.
    """
    spreads = [float(np.ptp(w)) if len(w) else 0.0 for w in weights]
    order = sorted(range(len(names)), key=lambda i: (-spreads[i], i))[:limit]
    columns = min(4, max(len(order), 1))
    lines = -(-len(order) // columns) or 1
    with figure_style():
        figure = Chart(2.75 * columns, 2.1 * lines + 0.6)
        axes = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
        for panel, i in zip(axes, order, strict=False):
            _effect(panel, np.asarray(bins[i]), np.asarray(weights[i]))
            panel.set_title(readable(names[i]), fontsize=9)
        for panel in axes[len(order) :]:
            panel.set_axis_off()
        figure.supylabel("Added to the log-odds of fraud", fontsize=9)
        figure.supxlabel("Upper edges of bins; the dot stands for a missing value", fontsize=8)
        if order:
            text = (
                f"“{readable(names[order[0]])}” moves the score most: its bins differ by up "
                f"to {spreads[order[0]]:.1f} in log-odds"
            )
            figure.suptitle(text, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure


def _effect(axes: Axes, edges: Floats, weights: Floats) -> None:
    count = len(edges) + 1
    axes.axhline(0, color=TEXT, lw=0.8)
    axes.stairs(weights[:count], np.arange(count + 1), color=BLUE, lw=1.6, baseline=None)
    if len(weights) > count:
        axes.plot([count + 0.08 * count], weights[count:], "o", color=VERMILION, ms=4)
    wanted = np.unique(np.linspace(0, max(len(edges) - 1, 0), 4).round().astype(int))
    wanted = wanted[: len(edges)]
    axes.set_xticks(wanted + 1, [f"{edges[i]:.3g}" for i in wanted])


def _net_by_budget(axes: Axes, rows: pl.DataFrame, cost: CostModel, budget: int) -> None:
    rank = metrics.daily_rank(rows)
    card, _ = metrics.codes(rows["card"])
    budgets = sorted({*(b for b in BUDGETS if b <= 10 * budget), budget})
    net = np.array([money(rows, card, rank < b, cost)["net"].sum() for b in budgets]) / THOUSAND
    axes.plot(budgets, net, "o-", ms=3.5, color=BLUE)
    axes.axvline(budget, color=VERMILION, lw=1, ls=(0, (4, 2)), label=f"budget: {budget:,}")
    axes.set(xscale="log", xlabel="Alerts a day", ylabel="Saved less review, thousand")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    below(axes)
    best = int(np.argmax(net))
    title(axes, f"Alerts pay most at {budgets[best]:,} a day: {net[best]:,.0f} thousand net", 60)


def _patterns(evaluation: Evaluation) -> list[str]:
    table = evaluation.by_pattern
    return [] if table.is_empty() else table["pattern"].to_list()


def _drift(truth: Mapping[str, Any] | None) -> list[tuple[datetime, str]]:
    found = (truth or {}).get("drift", [])
    return [(datetime.fromisoformat(one["time"]), one["what"]) for one in found]
