"""The protocol of the Fraud Detection Handbook: train a week, wait a week, test a week.

Figures that are published for the Handbook's transactions were measured on these rows and with
these metrics [1]_, so only figures from here may stand beside them.

References
----------
.. [1] Y.-A. Le Borgne et al., *Reproducible Machine Learning for Credit Card Fraud Detection*,
   2022, ch. 3 to 5: ``get_train_test_set`` and ``performance_assessment``.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from workbench.cases.fraud.sample import Cards
from workbench.errors import ParameterError
from workbench.replay import metrics
from workbench.replay.estimates import Estimate, bootstrap
from workbench.replay.ranking import Ranking

if TYPE_CHECKING:
    from workbench.replay.estimates import Floats, Weights

NAMES: Final = ("roc_auc", "average_precision", "card_precision_at_k")


def week_rows(
    frame: pl.DataFrame,
    first_test_day: date,
    delta_train: int = 7,
    delta_delay: int = 7,
    delta_test: int = 7,
) -> pl.DataFrame:
    """Return the transactions of a test week by the Handbook's ``get_train_test_set``.

    A card is known as defrauded if it had a fraud in the training week. On each later test day
    ``d`` (from 0), cards with a fraud on day ``start of training + delta_train + d - 1`` are
    known as well: what is known grows by one day of the delay week with each test day. The
    transactions of known cards are left out from that test day on.

    Parameters
    ----------
    frame
        ``event_time``, ``label`` and ``card`` from the start of training to the end of the test;
        rows outside it are not used. A row without a label is taken as not known to be fraud.
    first_test_day
        Calendar day (UTC); training starts ``delta_train + delta_delay`` days earlier.
    delta_train, delta_delay, delta_test
        Lengths in days.

    Returns
    -------
    polars.DataFrame
        The test rows, in the order and with the columns of ``frame``.

    Raises
    ------
    ParameterError
        If the frame does not cover these days, or a length is not positive.
    """
    if min(delta_train, delta_delay, delta_test) < 1:
        raise ParameterError.of(
            f"{delta_train} training, {delta_delay} delay and {delta_test} test days",
            allowed="one day or more each",
            hint="the Handbook takes 7, 7 and 7",
        )
    start = first_test_day - timedelta(days=delta_train + delta_delay)
    last = first_test_day + timedelta(days=delta_test - 1)
    days = frame["event_time"].dt.date().unique().sort().to_list()
    if not days or days[0] > start or days[-1] < last:
        covered = f"events from {days[0]} to {days[-1]}" if days else "no events"
        raise ParameterError.of(
            f"the test week from {first_test_day} on {covered}",
            allowed=f"a frame that covers {start} to {last}",
            hint="choose another first test day or replay a longer span",
        )
    day = (pl.col("event_time").dt.date() - pl.lit(start)).dt.total_days().alias("_day")
    # The test day from which a fraud's card is known: day 0 for the whole training week.
    known = (
        frame.select("card", "label", day)
        .filter((pl.col("label") == 1) & (pl.col("_day") >= 0))
        .group_by("card")
        .agg((pl.col("_day").min() - delta_train + 1).clip(lower_bound=0).alias("_known"))
    )
    test_day = pl.col("_day") - delta_train - delta_delay
    return (
        frame.with_columns(day)
        .filter(test_day.is_between(0, delta_test - 1))
        .join(known, on="card", how="left", maintain_order="left")
        .filter(pl.col("_known").is_null() | (test_day < pl.col("_known")))
        .drop("_day", "_known")
    )


def week_performance(
    frame: pl.DataFrame,
    first_test_day: date,
    *,
    k: int = 100,
    replicates: int = 200,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Measure a week as the Handbook's ``performance_assessment`` does, unrounded.

    Parameters
    ----------
    frame
        An evaluation frame with ``card`` that covers the training, delay and test week.
    first_test_day
        Calendar day (UTC).
    k
        Cards a day of Card Precision@k.
    replicates, seed
        Of the bootstrap over cards.

    Returns
    -------
    dict of str to Estimate
        ``roc_auc``, ``average_precision`` and ``card_precision_at_k``.

    Raises
    ------
    ParameterError
        If the frame does not cover these days or lacks a column.
    """
    rows, _ = metrics.evaluable(week_rows(frame, first_test_day), ("card",))
    score, label = rows["score"].to_numpy(), rows["label"].to_numpy()
    card, cards = metrics.codes(rows["card"])
    ranking, top = Ranking(score, label, card, parts=1), Cards(rows, k).top

    def statistic(weights: Weights) -> Floats:
        precision = (top(weights)[:, 1] / k).mean()
        return np.append(np.concatenate(ranking(weights)), precision)

    estimates = bootstrap(statistic, len(cards), replicates=replicates, seed=seed)
    defined = (metrics.roc_auc(label, score), metrics.average_precision(label, score))
    values = (*defined, estimates[2].value)
    return {
        name: Estimate(value, estimate.low, estimate.high)
        for name, value, estimate in zip(NAMES, values, estimates, strict=True)
    }
