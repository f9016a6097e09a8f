"""How well fraud is detected: over the whole, by day and by pattern.

Alerts are the day's highest scores (``budget`` a day, equal scores in event order), so precision
and recall are those that a team of that capacity would see. Intervals resample cards with all
their transactions. The alerts of a resampled stream are drawn anew for precision, recall and
Card Precision; money and delay are those of the alerts as they were raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.cases.fraud.costs import CostModel
from workbench.cases.fraud.sample import BY_PATTERN, DAILY, OVERALL, Cards, Sample, check_budget
from workbench.errors import ParameterError
from workbench.replay import metrics
from workbench.replay.alerting import levels
from workbench.replay.estimates import Estimate, bootstrap, columns, difference
from workbench.replay.evaluation import Comparison, Evaluation, Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CostModel",
    "alerts",
    "average_precision",
    "card_precision_top_k",
    "compare",
    "evaluate",
    "measures",
]


def measures(budget: int) -> dict[str, Measure]:
    """Return how the fraud case's metrics are called and written.

    Examples
    --------
    >>> measures(100)["card_precision_at_k"].title
    'Card Precision@100'
    """
    return {
        "roc_auc": Measure("ROC AUC"),
        "average_precision": Measure("Average precision"),
        "card_precision_at_k": Measure(f"Card Precision@{budget}"),
        "precision_at_budget": Measure(f"Precision at {budget:,} alerts a day"),
        "recall_at_budget": Measure(f"Recall at {budget:,} alerts a day"),
        "episodes_caught": Measure("Episodes of fraud caught"),
        "detection_delay_hours": Measure(
            "Median delay of detection (hours)", ".1f", limit=None, higher_is_better=False
        ),
        "money_lost": Measure("Lost (minor units)", ",.0f", limit=None, higher_is_better=False),
        "money_saved": Measure("Saved (minor units)", ",.0f", limit=None),
        "money_net": Measure("Saved less review (minor units)", ",.0f", limit=None),
        "brier": Measure("Brier score", ".5f", limit=None, higher_is_better=False),
        "calibration_error": Measure(
            "Expected calibration error", ".5f", limit=None, higher_is_better=False
        ),
    }


def card_precision_top_k(
    frame: pl.DataFrame, k: int = 100, *, remove_detected_compromised_cards: bool = True
) -> tuple[float, pl.DataFrame]:
    """Card Precision@k as the Fraud Detection Handbook defines it.

    By day: a card has its highest score and is compromised if one of its transactions is fraud;
    the k cards with the highest scores are taken; the precision is the number of compromised
    cards among them, divided by k (also on a day with fewer cards than k). Cards so detected are
    left out on later days. The metric is the mean over the days that have transactions.

    The Handbook's sort is not stable and so leaves open which of the cards with equal scores
    come first; here it is the one whose identifier comes first in text order.

    Parameters
    ----------
    frame
        ``event_time``, ``score``, ``label`` and ``card``; every row counts.
    k
        Cards a day.
    remove_detected_compromised_cards
        Whether cards that were detected are left out on later days.

    Returns
    -------
    mean : float
        Card Precision@k; ``NaN`` without rows.
    by_day : polars.DataFrame
        ``day``, ``compromised_cards`` (without those removed), ``detected_cards`` and
        ``card_precision``.

    References
    ----------
    .. [1] Y.-A. Le Borgne et al., *Reproducible Machine Learning for Credit Card Fraud
       Detection*, 2022, ch. 4, "Precision top-k metrics": ``card_precision_top_k``.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> frame = pl.DataFrame({"event_time": [datetime(2018, 4, 1, tzinfo=UTC)] * 3,
    ...     "score": [0.9, 0.8, 0.1], "label": [1, 0, 1], "card": ["a", "b", "c"]})
    >>> card_precision_top_k(frame, k=2)[0]
    0.5
    """
    cards = Cards(frame, k, once=remove_detected_compromised_cards)
    detected = cards.detected
    compromised = cards.rows.filter(pl.col("label") == 1)
    if remove_detected_compromised_cards:
        removed = detected.select("code", pl.col("day").alias("removed"))
        compromised = compromised.join(removed, on="code", how="left").filter(
            pl.col("removed").is_null() | (pl.col("day") <= pl.col("removed"))
        )
    counts = [
        np.bincount(rows["day"].to_numpy(), minlength=len(cards.days)).astype(np.int64)
        for rows in (compromised, detected)
    ]
    by_day = pl.DataFrame(
        {"day": cards.days, "compromised_cards": counts[0], "detected_cards": counts[1]}
    ).with_columns((pl.col("detected_cards") / k).alias("card_precision"))
    return float((counts[1] / k).mean()) if len(cards.days) else float("nan"), by_day


def average_precision(rows: pl.DataFrame) -> float:
    """Return the average precision of rows that may be evaluated: what tuning raises.

    scikit-learn's, but for rounding, with one sort only: tuning asks for it hundreds of times.
    ``NaN`` where there is one class only.

    Examples
    --------
    >>> average_precision(pl.DataFrame({"label": [0, 1, 1], "score": [0.1, 0.2, 0.9]}))
    1.0
    """
    score = np.sort(rows["score"].to_numpy())
    found = np.sort(rows.filter(pl.col("label") == 1)["score"].to_numpy())
    if not 0 < len(found) < len(score):
        return float("nan")
    thresholds, caught = np.unique(found, return_counts=True)
    alerts = len(score) - np.searchsorted(score, thresholds)
    precision = (len(found) - np.searchsorted(found, thresholds)) / alerts
    return float((precision * caught).sum() / len(found))


def alerts(frame: pl.DataFrame, *, budget: int = 100) -> dict[str, float]:
    """Return the levels of scores at which a team of that capacity has its alerts a day.

    Parameters
    ----------
    frame
        An evaluation frame.
    budget
        Alerts a day; a third of them are of each severity.

    Raises
    ------
    ParameterError
        If the budget is below 1.
    """
    check_budget(budget)
    return levels(metrics.evaluable(frame)[0], budget)


def evaluate(
    frame: pl.DataFrame,
    *,
    budget: int = 100,
    cost: CostModel | None = None,
    replicates: int = 200,
    seed: int = 0,
    patterns: Sequence[str] | None = None,
) -> Evaluation:
    """Evaluate scores of transactions against their labels.

    Parameters
    ----------
    frame
        An evaluation frame with ``card`` and ``amount``, and ``pattern`` where it is known.
    budget
        Alerts a day, and k of Card Precision@k.
    cost
        What alerts cost and save; by default ``CostModel()``.
    replicates, seed
        Of the bootstrap over cards; without replicates there are no intervals.
    patterns
        Patterns of fraud to tell apart, in this order; by default all, most frequent first.

    Returns
    -------
    Evaluation
        With the metrics of :func:`measures`. ``by_day`` has some of them with limits, beside
        ``day``, ``events``, ``positives``, ``alerts``, ``money_lost``, ``money_saved`` and
        ``review_cost``. ``by_pattern`` has ``pattern``, ``events``, ``recall_at_budget`` and the
        ``average_precision`` of the pattern's frauds against all that is genuine.

    Raises
    ------
    ParameterError
        If a column is missing or the budget is not positive.
    """
    cost = cost or CostModel()
    rows, excluded = metrics.evaluable(frame, ("card", "amount"))
    sample = Sample(rows, budget, cost, patterns)
    estimates = bootstrap(
        lambda w: np.concatenate((sample.overall(w), sample.daily(w), sample.by_pattern(w))),
        sample.cards,
        replicates=replicates,
        seed=seed,
    )
    score, label = rows["score"].to_numpy(), rows["label"].to_numpy()
    overall = dict(zip(OVERALL, estimates, strict=False))
    for name, definition in (
        ("roc_auc", metrics.roc_auc),
        ("average_precision", metrics.average_precision),
    ):
        overall[name] = Estimate(definition(label, score), overall[name].low, overall[name].high)

    days = len(OVERALL) + len(DAILY) * len(sample.days)
    return Evaluation(
        overall,
        measures(budget),
        n=len(rows),
        positives=int((label == 1).sum()),
        entities=sample.cards,
        excluded=excluded,
        by_day=sample.days_table().with_columns(columns(DAILY, estimates[len(OVERALL) : days])),
        by_pattern=sample.patterns_table().with_columns(columns(BY_PATTERN, estimates[days:])),
        calibration=metrics.reliability(label, score),
        settings={
            "alerts_per_day": budget,
            "review_cost": cost.review_cost,
            "recovered": cost.recovered,
            "replicates": replicates,
            "seed": seed,
        },
        entity="card",
        positive="fraud",
    )


def compare(
    frame: pl.DataFrame,
    other: pl.DataFrame,
    *,
    budget: int = 100,
    cost: CostModel | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> Comparison:
    """Estimate how much better ``frame``'s scores are than ``other``'s on the same events.

    Both are measured on the events that may be evaluated in both, with the same resampled cards.

    Raises
    ------
    ParameterError
        If the two share no event, a column is missing or the budget is not positive.
    """
    rows, others = (metrics.evaluable(f, ("card", "amount"))[0] for f in (frame, other))
    shared, same = rows, others
    if not rows["event_id"].equals(others["event_id"]):
        shared = rows.join(others, on="event_id", how="semi", maintain_order="left")
        same = others.join(rows, on="event_id", how="semi", maintain_order="left")
    if not len(shared):
        raise ParameterError.of(
            "a comparison of two runs that share no evaluated event",
            allowed="two runs over the same stream and overlapping spans",
            hint="replay both over the same span",
        )
    first, second = (Sample(r, budget, cost or CostModel(), ()) for r in (shared, same))
    estimates = difference(
        first.overall, second.overall, first.cards, replicates=replicates, seed=seed
    )
    return Comparison(
        dict(zip(OVERALL, estimates, strict=True)),
        measures(budget),
        n=len(shared),
        unshared=len(rows) + len(others) - 2 * len(shared),
    )
