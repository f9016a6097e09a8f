"""Metrics of scores against labels that any case can use.

An *evaluation frame* has one row for each scored event: ``event_id``, ``event_time``, ``score``
(Float64), ``label`` (Int8), ``known_at`` and what the case needs beside them. Where
scikit-learn has a metric, it is the definition; :class:`~workbench.replay.ranking.Ranking` is
its compiled twin for bootstrap intervals.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from workbench.durations import DAY
from workbench.errors import ParameterError
from workbench.replay.ranking import descending

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workbench.replay.estimates import Floats, Weights
    from workbench.replay.ranking import Indices, Integers

COLUMNS: Final = ("event_id", "event_time", "score", "label", "known_at")
LABELLED: Final = "scores joined with its stream's labels"

# Alerts are made in the upper tail, so that is where calibration is looked at most closely.
LEVELS: Final = (*(i / 10 for i in range(1, 10)), 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)


def check_columns(frame: pl.DataFrame, columns: Sequence[str], given: str = LABELLED) -> None:
    """Refuse an evaluation frame that lacks one of the columns.

    Raises
    ------
    ParameterError
        If a column is missing.

    Examples
    --------
    >>> check_columns(pl.DataFrame({"score": [0.5]}), ("score", "label"))
    Traceback (most recent call last):
    ...
    workbench.errors.ParameterError: an evaluation frame without the column 'label' cannot be used:
    allowed is a frame with the columns score, label; take a run's scores joined with its stream's
    labels.
    """
    for name in columns:
        if name not in frame.columns:
            raise ParameterError.of(
                f"an evaluation frame without the column {name!r}",
                allowed=f"a frame with the columns {', '.join(columns)}",
                hint=f"take a run's {given}",
            )


def evaluable(
    frame: pl.DataFrame, columns: Iterable[str] = ()
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the rows that may be evaluated, in event order, and how many are left out and why.

    A score counts only if it was made before its label was known. A label that is never known
    (no ``known_at``) cannot have been learned, so its event counts.

    Parameters
    ----------
    frame
        An evaluation frame.
    columns
        Further columns that must be there.

    Returns
    -------
    rows : polars.DataFrame
        Sorted by ``event_time`` and ``event_id``.
    excluded : dict of str to int
        Rows ``without score`` (missing or not finite), ``without label`` and ``label already
        known``; a row is counted under the first that applies.

    Raises
    ------
    ParameterError
        If a column is missing.
    """
    check_columns(frame, (*COLUMNS, *columns))
    reason = (
        pl.when(~pl.col("score").is_finite().fill_null(value=False))
        .then(pl.lit("without score"))
        .when(pl.col("label").is_null())
        .then(pl.lit("without label"))
        .when(pl.col("known_at") <= pl.col("event_time"))
        .then(pl.lit("label already known"))
    )
    reasons = frame.select(reason.alias("reason"))["reason"]
    counts = {
        name: int((reasons == name).sum())
        for name in ("without score", "without label", "label already known")
    }
    rows = frame.filter(reasons.is_null()) if reasons.null_count() < len(frame) else frame
    return rows.sort("event_time", "event_id"), counts


def codes(column: pl.Series) -> tuple[Indices, list[str]]:
    """Return the place of each value among the sorted distinct values, and those values.

    Examples
    --------
    >>> codes(pl.Series(["b", "a", "b"]))
    (array([1, 0, 1]), ['a', 'b'])
    """
    values = column.drop_nulls().unique().sort().to_list()
    return column.cast(pl.Enum(values)).to_physical().to_numpy().astype(np.int64), values


def day_codes(event_time: pl.Series) -> tuple[Indices, pl.Series]:
    """Return each event's place among the calendar days (UTC) that have events, and the days."""
    number = event_time.dt.timestamp("us").to_numpy() // DAY
    days, place = np.unique(number, return_inverse=True)
    return place.astype(np.int64), pl.Series("day", days.astype(np.int32)).cast(pl.Date)


def roc_auc(label: Integers, score: Floats) -> float:
    """Area under the ROC curve, by scikit-learn; ``NaN`` where there is one class only."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(label, score)) if _two_classes(label) else math.nan


def average_precision(label: Integers, score: Floats) -> float:
    """Average precision, by scikit-learn; ``NaN`` where there is one class only.

    Examples
    --------
    >>> average_precision(np.array([0, 1, 1]), np.array([0.1, 0.2, 0.9]))
    1.0
    """
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(label, score)) if _two_classes(label) else math.nan


def precision_recall_curve(
    label: Integers, score: Floats, points: int = 2000
) -> tuple[Floats, Floats]:
    """Return recall and precision at no more than ``points`` thresholds, recall ascending.

    The thresholds are spread evenly over recall, so a curve of a million events can be drawn.
    """
    order = descending(score)
    found = np.cumsum(label[order] == 1)
    distinct = np.append(np.diff(score[order]) != 0, True) if len(score) else np.empty(0, bool)
    ends = np.flatnonzero(distinct)
    if not len(ends) or not found[-1]:
        return np.empty(0), np.empty(0)
    recall, precision = found[ends] / found[-1], found[ends] / (ends + 1)
    if len(ends) > points:
        wanted = np.searchsorted(recall, np.linspace(0, 1, points))
        kept = np.unique(np.minimum(wanted, len(ends) - 1))
        recall, precision = recall[kept], precision[kept]
    return recall, precision


def daily_rank(rows: pl.DataFrame) -> Indices:
    """Return the place of each score among its day's, 0 for the highest, shape (n,).

    Equal scores keep the order of the rows. An alert budget of ``b`` a day is ``rank < b``.
    """
    day, _ = day_codes(rows["event_time"])
    order = descending(rows["score"].to_numpy(), day)
    rank = np.empty(len(rows), np.int64)
    rank[order] = np.arange(len(rows)) - np.searchsorted(day[order], day[order])
    return rank


def budget_curve(rows: pl.DataFrame, budgets: Sequence[int]) -> pl.DataFrame:
    """Return precision and recall at several alert budgets.

    Parameters
    ----------
    rows
        What :func:`evaluable` returned.
    budgets
        Alerts a day.

    Returns
    -------
    polars.DataFrame
        ``budget``, ``alerts`` (over all days), ``caught`` (positives among them), ``precision``
        and ``recall``.
    """
    limits = np.asarray(budgets, np.int64)
    rank, positive = daily_rank(rows), rows["label"].to_numpy() == 1
    alerts = np.searchsorted(np.sort(rank), limits)
    caught = np.searchsorted(np.sort(rank[positive]), limits)
    return pl.DataFrame(
        {
            "budget": limits,
            "alerts": alerts,
            "caught": caught,
            "precision": ratio(caught, alerts),
            "recall": ratio(caught, np.full(len(limits), positive.sum())),
        }
    )


def reliability(label: Integers, score: Floats, levels: Sequence[float] = LEVELS) -> pl.DataFrame:
    """Return how often events with about the same score were positive, by quantile bins.

    Parameters
    ----------
    label, score
        Shape (n,); scores that are meant as probabilities.
    levels
        Quantile levels of the scores between which the bins lie. Equal edges become one.

    Returns
    -------
    polars.DataFrame
        By bin: ``low`` and ``high`` score, ``events``, ``positives``, ``mean_score``,
        ``observed`` (share of positives) and its 95 % Wilson score interval ``observed_low``,
        ``observed_high`` [1]_.

    References
    ----------
    .. [1] E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    place = score_bins(score, levels)
    frame = (
        pl.DataFrame({"bin": place, "score": score, "label": label})
        .group_by("bin")
        .agg(
            pl.col("score").min().alias("low"),
            pl.col("score").max().alias("high"),
            pl.len().cast(pl.Int64).alias("events"),
            pl.col("label").cast(pl.Int64).sum().alias("positives"),
            pl.col("score").mean().alias("mean_score"),
        )
    )
    z = 1.959963984540054
    n, share = pl.col("events"), pl.col("positives") / pl.col("events")
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).sqrt()
    return (
        frame.sort("bin")
        .drop("bin")
        .with_columns(
            share.alias("observed"),
            (middle - reach).clip(0, 1).alias("observed_low"),
            (middle + reach).clip(0, 1).alias("observed_high"),
        )
    )


def score_bins(score: Floats, levels: Sequence[float] = LEVELS) -> Indices:
    """Return the quantile bin of each score, from 0, shape (n,); a bin may be empty."""
    if not len(score):
        return np.empty(0, np.int64)
    return np.searchsorted(np.unique(np.quantile(score, levels)), score).astype(np.int64)


class Calibration:
    """Brier score and expected calibration error for any weights of the entities.

    The Brier score [1]_ is the mean squared distance of score and label. The expected
    calibration error [2]_ is the mean distance of mean score and share of positives over the
    quantile bins of :func:`reliability`, weighted by their events. Both are ``NaN`` where a score
    lies outside 0 to 1, for it then is no probability.

    References
    ----------
    .. [1] G. W. Brier, Monthly Weather Review 78 (1950) 1-3.
    .. [2] M. P. Naeini et al., AAAI 2015.

    Examples
    --------
    >>> Calibration(np.array([0.0, 1.0]), np.array([0, 1]), np.array([0, 0]), 1)(
    ...     np.ones(1, np.uint8))
    array([0., 0.])
    """

    def __init__(self, score: Floats, label: Integers, entity: Integers, entities: int) -> None:
        self._probabilities = bool(((score >= 0) & (score <= 1)).all())
        place = score_bins(score)
        self._bins = int(place.max(initial=-1)) + 1
        cell = place * entities + entity
        cells = self._bins * entities
        shape = (self._bins, entities)
        self._events = np.bincount(entity, minlength=entities).astype(np.float64)
        self._squares = np.bincount(entity, (score - label) ** 2, entities)
        self._excess = np.bincount(cell, score - label, cells).reshape(shape)

    def __call__(self, weights: Weights) -> Floats:
        """Return Brier score and expected calibration error, shape (2,)."""
        events = float((self._events * weights).sum())
        if not self._probabilities or not events:
            return np.full(2, np.nan)
        # |mean score - share of positives| of a bin times its events is |sum of score - label|.
        error = np.abs((self._excess * weights).sum(axis=1)).sum()
        return np.array([(self._squares * weights).sum() / events, error / events])


def ratio(numerator: npt.NDArray[np.number], denominator: npt.NDArray[np.number]) -> Floats:
    """Divide; ``NaN`` where the denominator is zero."""
    result = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def weighted_median(ascending: Floats, weights: Weights) -> float:
    """Return the median of ascending values, each repeated as often as its weight says.

    Examples
    --------
    >>> weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1, 1, 2], np.uint8))
    5.5
    """
    ends = np.cumsum(weights, dtype=np.int64)
    if not len(ends) or not ends[-1]:
        return math.nan
    middle = np.searchsorted(ends, [(ends[-1] - 1) // 2, ends[-1] // 2], side="right")
    return float(ascending[middle].mean())


def _two_classes(label: Integers) -> bool:
    return bool(len(label)) and bool(label.min() != label.max())
