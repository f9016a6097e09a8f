"""What a fraud report says in sentences and small tables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from workbench.replay import metrics
from workbench.replay.panels import readable
from workbench.style import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.replay.effects import Effects
    from workbench.replay.evaluation import Comparison, Evaluation


def money(minor_units: float) -> str:
    """Write an amount of minor units in major units.

    Examples
    --------
    >>> money(123_456_78)
    '123,457'
    """
    return f"{minor_units / 100:,.0f}"


def headline(evaluation: Evaluation) -> str:
    """Say what the alerts of a span catch and save."""
    budget = evaluation.settings["alerts_per_day"]
    recall, precision = evaluation["recall_at_budget"], evaluation["precision_at_budget"]
    saved, lost = (evaluation[name].value for name in ("money_saved", "money_lost"))
    days = evaluation.by_day["day"]
    return (
        f"From {days[0]:%d %B %Y} to {days[-1]:%d %B %Y}, {budget:,} alerts a day catch "
        f"{percent(recall.value)} of {evaluation.positives:,} frauds "
        f"(95 % interval {percent(recall.low)} to {percent(recall.high)}); "
        f"{percent(precision.value)} of the alerts are fraud. They save {money(saved)} of "
        f"{money(saved + lost)} that would have been lost."
    )


def against(name: str, comparison: Comparison, budget: int) -> str:
    """Say how much better a run is than a baseline, and whether that is certain."""
    gain, recall = comparison["average_precision"], comparison["recall_at_budget"]
    certain = {
        "better": "certainly better",
        "worse": "certainly worse",
        "not certain": "not certainly different",
    }[comparison.verdict("average_precision")]
    return (
        f"Against the {name}: {certain}. Average precision {gain:+.3f}; with {budget:,} alerts a "
        f"day the share of frauds caught changes by {100 * recall.value:+.1f} points "
        f"[{100 * recall.low:+.1f}, {100 * recall.high:+.1f}]."
    )


def weak_points(evaluation: Evaluation) -> str:
    """Say which patterns of fraud are caught least and best."""
    table = evaluation.by_pattern
    if table.is_empty():
        return "The stream does not name patterns of fraud, so there is nothing to tell apart."
    table = table.drop_nans("recall_at_budget").sort("recall_at_budget", "pattern")
    worst, best = table.row(0, named=True), table.row(-1, named=True)
    missed = table.with_columns(((1 - pl.col("recall_at_budget")) * pl.col("events")).alias("n"))
    most = missed.sort("n", descending=True).row(0, named=True)
    return (
        f"Least is caught of “{readable(worst['pattern'])}” "
        f"({percent(worst['recall_at_budget'])} of {worst['events']:,}), most of "
        f"“{readable(best['pattern'])}” ({percent(best['recall_at_budget'])} of "
        f"{best['events']:,}). “{readable(most['pattern'])}” accounts for "
        f"{percent(most['n'] / missed['n'].sum()) if missed['n'].sum() else '0 %'} of all that "
        "is missed."
    )


def costliest_missed(
    frame: pl.DataFrame, evaluation: Evaluation, days: int = 14, limit: int = 10
) -> pl.DataFrame:
    """Return the frauds of the largest amounts of the last days that raised no alert.

    Parameters
    ----------
    frame
        An evaluation frame with ``card``, ``terminal`` and ``amount``.
    evaluation
        What was found on it: its alert budget counts.
    days
        How many days are looked at, the last ones.
    limit
        The most rows.

    Returns
    -------
    polars.DataFrame
        ``event_time``, ``card``, ``terminal``, ``amount``, ``pattern`` where there is one,
        ``score`` and ``place`` (of the score among its day's, from 1).
    """
    rows, _ = metrics.evaluable(frame, ("card", "terminal", "amount"))
    place = pl.Series("place", metrics.daily_rank(rows) + 1)
    since = pl.col("event_time").dt.date() > pl.col("event_time").dt.date().max() - timedelta(days)
    missed = rows.with_columns(place).filter(
        since & (pl.col("label") == 1) & (pl.col("place") > evaluation.settings["alerts_per_day"])
    )
    columns = ["event_time", "card", "terminal", "amount", "pattern", "score", "place"]
    return (
        missed.sort(["amount", "event_id"], descending=[True, False])
        .head(limit)
        .select(name for name in columns if name in missed.columns)
    )


def worth(evaluation: Evaluation) -> str:
    """Say what the cost model takes for granted, and what comes of it."""
    settings = evaluation.settings
    saved, net = evaluation["money_saved"].value, evaluation["money_net"]
    review = settings["review_cost"] / 100
    reviews = money(saved - net.value)
    return (
        f"Here {percent(settings['recovered'])} of an alerted fraud's amount comes back, and the "
        f"review of an alert costs {review:,.2f}: {money(saved)} saved less {reviews} for reviews "
        f"is {money(net.value)} (95 % interval {money(net.low)} to {money(net.high)})."
    )


def by_budget(
    frame: pl.DataFrame, evaluation: Evaluation, budgets: tuple[int, ...] = (10, 20, 50, 100, 200)
) -> pl.DataFrame:
    """Return what different numbers of alerts a day would catch.

    Returns
    -------
    polars.DataFrame
        ``budget``, ``caught``, ``recall``, ``precision`` and ``alerts_per_fraud``.
    """
    rows, _ = metrics.evaluable(frame)
    wanted = sorted({*budgets, int(evaluation.settings["alerts_per_day"])})
    curve = metrics.budget_curve(rows, wanted)
    return curve.select(
        "budget",
        "caught",
        "recall",
        "precision",
        (1 / pl.col("precision")).alias("alerts_per_fraud"),
    )


def driving(effects: Effects | None) -> str:
    """Say which terms speak most for fraud."""
    if effects is None:
        return "This detector does not say what drives its scores."
    top = effects.table.drop_nulls("gain").head(3).to_dicts()
    named = ", ".join(f"“{readable(row['term'])}” ({row['gain']:+.2f})" for row in top)
    return f"What raises frauds most above genuine transactions, in log-odds: {named}."


def sides(evaluations: Mapping[str, Evaluation]) -> str:
    """Say which of several detectors ranks frauds best."""
    order = sorted(
        evaluations.items(), key=lambda pair: pair[1]["average_precision"].value, reverse=True
    )
    (best, first), (second, other) = order[:2]
    return (
        f"{best} ranks frauds best: average precision {first['average_precision']}, "
        f"before {second} with {other['average_precision']}."
    )
