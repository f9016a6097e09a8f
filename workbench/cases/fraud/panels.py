"""Panels of the fraud case's figures: each draws into axes and says what it found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.fraud.sample import UNNAMED
from workbench.replay import metrics
from workbench.replay.panels import WEEK, below, readable, span, trailing
from workbench.style import BLUE, GREEN, PALETTE, TEXT, VERMILION, blank, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import polars as pl
    from matplotlib.axes import Axes

    from workbench.replay.estimates import Floats
    from workbench.replay.evaluation import Evaluation

DASHES: Final = ("--", ":", "-.", (0, (1, 3)))
"""Of other runs' lines, in turn."""


def precision_recall(
    axes: Axes,
    rows: pl.DataFrame,
    evaluation: Evaluation,
    baselines: Mapping[str, pl.DataFrame],
) -> str:
    """Draw the precision-recall curve over those of baselines, with the alert budget marked."""
    axes.set(
        xlabel="Recall (share of fraud found)",
        ylabel="Precision (share of alerts that are fraud)",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    share = evaluation.positives / evaluation.n if evaluation.n else math.nan
    label, score = rows["label"].to_numpy(), rows["score"].to_numpy()
    recall, precision = metrics.precision_recall_curve(label, score)
    if not len(recall):
        blank(axes, "No fraud in this span")
        return "No fraud to find"
    for (name, other), dash, color in zip(
        baselines.items(), DASHES * 9, PALETTE[2:] * 9, strict=False
    ):
        y, s = other["label"].to_numpy(), other["score"].to_numpy()
        text = f"{name} (AP {metrics.average_precision(y, s):.3f})"
        axes.plot(*metrics.precision_recall_curve(y, s), ls=dash, color=color, lw=1.2, label=text)
    average = evaluation["average_precision"].value
    axes.plot(recall, precision, color=BLUE, label=f"this run (AP {average:.3f})")
    axes.axhline(share, color=TEXT, lw=1, ls=(0, (1, 2)), label=f"no skill ({percent(share)})")
    point = evaluation["recall_at_budget"].value, evaluation["precision_at_budget"].value
    budget = evaluation.settings["alerts_per_day"]
    axes.plot(*point, "o", color=VERMILION, ms=6, label=f"{budget:,} alerts a day", zorder=3)
    below(axes)
    half = precision[np.searchsorted(recall, 0.5)]
    return f"Half of all fraud is found at {percent(half)} precision"


def by_day(axes: Axes, evaluation: Evaluation, drift: Sequence[tuple[datetime, str]]) -> str:
    """Draw average precision and Card Precision by day, with the days of drift marked."""
    table = evaluation.by_day
    if table["positives"].sum() == 0:
        blank(axes, "No fraud in this span")
        return "No fraud to find"
    days = table["day"].to_numpy()
    frauds = table["positives"].to_numpy()
    budget = evaluation.settings["alerts_per_day"]
    for name, text, color, weights, hours in (
        ("average_precision", "average precision", BLUE, frauds, -2),
        ("card_precision_at_k", f"Card Precision@{budget}", GREEN, np.ones(len(days)), 2),
    ):
        value, low, high = (table[name + part].to_numpy() for part in ("", "_low", "_high"))
        beside = days.astype("datetime64[h]") + np.timedelta64(hours, "h")
        axes.vlines(beside, low, high, color=color, lw=0.9, alpha=0.45)
        axes.plot(beside, value, "o", color=color, ms=2.5)
        smooth = trailing(value, weights)
        axes.plot(days, smooth, color=color, lw=2, label=f"{text}, mean of {WEEK} days")
    axes.set(ylabel="By day, with 95 % intervals", ylim=(0, 1.03))
    axes.set_xlabel(span(days), loc="left")
    axes.set_xlim(days[0] - np.timedelta64(12, "h"), days[-1] + np.timedelta64(12, "h"))
    axes.legend(loc="upper right", bbox_to_anchor=(1, -0.09), ncols=2, borderaxespad=0)
    shown = [(at, what) for at, what in drift if days[0] < np.datetime64(at.date()) <= days[-1]]
    for number, (at, _) in enumerate(shown, 1):
        day = np.datetime64(at.date())
        axes.vlines([day], 0, 1.03, color=VERMILION, lw=1, ls=(0, (4, 2)))
        axes.annotate(
            f" {number}", (day, 0.99), xycoords=("data", "axes fraction"), va="top",
            fontsize=8, fontweight="bold", color=VERMILION,
        )  # fmt: skip
    lines = -(-len(shown) // 2)
    for number, (at, what) in enumerate(shown):
        axes.annotate(
            f"{number + 1}  {at:%d %b}: {readable(what)}",
            (0.5 * (number // lines), 0), (0, -34 - 12 * (number % lines)),
            xycoords="axes fraction", textcoords="offset points", va="top", fontsize=8,
        )  # fmt: skip
    return _change(table, shown)


def scores(axes: Axes, rows: pl.DataFrame, patterns: Sequence[str]) -> str:
    """Draw how scores are distributed among genuine transactions and frauds."""
    score, fraud = rows["score"].to_numpy(), rows["label"].to_numpy() == 1
    if not fraud.any() or fraud.all():
        blank(axes, "Only one class in this span")
        return "Scores of one class only"
    probabilities = bool(score.min() >= 0 and score.max() <= 1)
    place = _log_odds(score) if probabilities else score
    ends = np.array([np.quantile(place[mask], (0.001, 0.999)) for mask in (fraud, ~fraud)])
    grid = np.linspace(ends.min(), ends.max(), 241)

    def draw(mask: Any, text: str, color: str, *, fill: bool = False) -> None:
        held = np.sort(place[mask])
        higher = 1 - np.searchsorted(held, grid) / max(len(held), 1)
        if fill:
            axes.fill_between(grid, higher, color=color, alpha=0.3, lw=0)
        axes.plot(grid, higher, color=color, label=f"{text} ({len(held):,})")

    draw(~fraud, "genuine", TEXT, fill=True)
    if patterns:
        named = rows["pattern"].is_in(patterns).fill_null(value=False).to_numpy()
        for pattern, color in zip(patterns, PALETTE * 9, strict=False):
            own = (rows["pattern"] == pattern).fill_null(value=False).to_numpy()
            draw(fraud & (own if pattern != UNNAMED else ~named), readable(pattern), color)
    else:
        draw(fraud, "fraud", VERMILION)
    if probabilities:
        ticks = np.array([1e-6, 1e-4, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999])
        at = _log_odds(ticks)
        inside = (at >= grid[0]) & (at <= grid[-1])
        axes.set_xticks(at[inside], [f"{t:g}" for t in ticks[inside]])
    axes.set(
        xlabel=f"Score{' (log-odds scale)' if probabilities else ''}",
        ylabel="Share of the class that scores higher",
        ylim=(0, 1.02),
    )
    below(axes)
    above = np.searchsorted(np.sort(score[~fraud]), np.median(score[fraud])) / (~fraud).sum()
    return f"The median fraud scores higher than {percent(above)} of what is genuine"


def calibration(axes: Axes, evaluation: Evaluation) -> str:
    """Draw the share of fraud against the mean score by quantile bin."""
    if math.isnan(evaluation["brier"].value):
        blank(axes, "These scores are not probabilities, so there is nothing to calibrate")
        return "Scores are no probabilities"
    table = evaluation.calibration
    mean, observed = table["mean_score"].to_numpy(), table["observed"].to_numpy()
    low, high = table["observed_low"].to_numpy(), table["observed_high"].to_numpy()
    floor = max(min(mean[mean > 0].min(initial=1.0), observed[observed > 0].min(initial=1.0)), 1e-6)
    floor = 10 ** math.floor(math.log10(floor))
    axes.set(
        xscale="log", yscale="log", xlim=(floor, 1.3), ylim=(floor, 1.3),
        xlabel="Mean score of a quantile bin", ylabel="Share of fraud in it, 95 % interval",
    )  # fmt: skip
    axes.plot((floor, 1), (floor, 1), color=TEXT, lw=1, ls=(0, (1, 2)), label="as foreseen")
    x = np.clip(mean, floor, None)
    axes.vlines(x, np.clip(low, floor, None), np.clip(high, floor, None), color=BLUE, lw=1.4)
    seen = observed > 0
    axes.plot(x[seen], observed[seen], "o", color=BLUE, ms=4.5, label="observed")
    below(axes)
    return foreseen(evaluation)


def foreseen(evaluation: Evaluation) -> str:
    """Say how many frauds the scores foresee and how many there were."""
    table = evaluation.calibration
    expected = float((table["mean_score"] * table["events"]).sum())
    if not evaluation.positives:
        return f"Scores foresee {expected:,.0f} frauds, and there were none"
    off = expected / evaluation.positives - 1
    by = f"{percent(abs(off))} {'too many' if off > 0 else 'too few'}"
    return f"Scores foresee {expected:,.0f} frauds where {evaluation.positives:,} happened: {by}"


def _log_odds(score: Floats) -> Floats:
    clipped = np.clip(score, 1e-7, 1 - 1e-7)
    return np.log(clipped / (1 - clipped))


def _change(table: pl.DataFrame, drift: Sequence[tuple[datetime, str]]) -> str:
    """Say what happened to average precision: the largest fall at a known drift, or its range."""
    days = table["day"].to_numpy()
    value = table["average_precision"].to_numpy()
    defined = ~np.isnan(value)
    if not defined.any():
        return "No day has frauds and genuine transactions"
    frauds = table["positives"].to_numpy()
    falls = []
    for at, what in drift:
        since = (days - np.datetime64(at.date())).astype(int)
        spans = (defined & (since >= -WEEK) & (since < 0), defined & (since >= 0) & (since < WEEK))
        if all(span.sum() > 1 for span in spans):
            (was, error), (became, other) = (_mean(value[s], frauds[s]) for s in spans)
            if was - became > max(0.03, 1.96 * math.hypot(error, other)):
                falls.append((was - became, was, became, what))
    if falls:
        _, was, became, what = max(falls)
        return (
            f"Average precision falls from {was:.2f} to {became:.2f} in the week after "
            f"“{readable(what)}”"
        )
    smooth = trailing(value, frauds)
    low, high = np.nanmin(smooth), np.nanmax(smooth)
    held = "In spite of the marked changes, average precision" if drift else "Average precision"
    return f"{held} over {WEEK} days stays between {low:.2f} and {high:.2f}"


def _mean(values: Floats, weights: Floats) -> tuple[float, float]:
    """Return the weighted mean and its standard error."""
    mean = np.average(values, weights=weights)
    error = math.sqrt((weights**2 * (values - mean) ** 2).sum()) / weights.sum()
    return float(mean), error
