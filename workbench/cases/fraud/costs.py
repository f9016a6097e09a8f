"""What fraud costs, what alerts save, and how late they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from workbench.durations import DAY, HOUR
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from workbench.replay.ranking import Indices

Mask = npt.NDArray[np.bool_]

EPISODE_GAP: Final = 7 * DAY
NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class CostModel:
    """What an alert costs and what it saves.

    Each alert is reviewed at once and costs ``review_cost``, right or wrong. A fraud that is
    alerted gives back the share ``recovered`` of its amount, and its card is blocked: frauds
    that follow on this card are prevented, with their whole amount, until the label of the
    alerted one would have been known anyway (for ever, if it never would). A prevented fraud
    did not happen, so an alert on it saves nothing more; it is still reviewed.

    Parameters
    ----------
    review_cost
        Minor units an alert.
    recovered
        Share of an alerted fraud's amount that comes back, 0 to 1.

    Raises
    ------
    ParameterError
        If a value is impossible.
    """

    review_cost: int = 500
    recovered: float = 0.5

    def __post_init__(self) -> None:
        if self.review_cost < 0:
            raise ParameterError.of(
                f"a review cost of {self.review_cost}",
                allowed="zero or more minor units",
                hint="give what the review of one alert costs",
            )
        if not 0 <= self.recovered <= 1:
            raise ParameterError.of(
                f"a recovered share of {self.recovered}",
                allowed="a share from 0 to 1",
                hint="give the part of an alerted fraud's amount that comes back",
            )


def money(rows: pl.DataFrame, card: Indices, alerted: Mask, cost: CostModel) -> pl.DataFrame:
    """Return what each event lost, what was saved of it, and what its review cost.

    Parameters
    ----------
    rows
        Evaluated rows in event order: ``event_time``, ``known_at``, ``label``, ``amount``.
    card
        Codes of the cards, shape (n,).
    alerted
        Which events raised an alert, shape (n,).
    cost
        The cost model.

    Returns
    -------
    polars.DataFrame
        ``lost``, ``saved``, ``review_cost``, ``net`` (saved less review cost): Int64 minor
        units, one row for each event. ``lost + saved`` is the amount of a fraud.
    """
    fraud, order = _frauds_by_card(rows, card)
    time = _times(rows, "event_time")[order]
    known = _times(rows, "known_at")[order]
    caught, prevented = _follow(card[order], time, known, alerted[order])
    amount = rows["amount"].to_numpy()
    saved = np.zeros(len(rows), np.int64)
    whole = amount[order]
    part = np.rint(whole * cost.recovered).astype(np.int64)
    saved[order] = np.where(prevented, whole, np.where(caught, part, 0))
    review = np.where(alerted, cost.review_cost, 0).astype(np.int64)
    return pl.DataFrame(
        {
            "lost": np.where(fraud, amount, 0) - saved,
            "saved": saved,
            "review_cost": review,
            "net": saved - review,
        }
    )


def episodes(rows: pl.DataFrame, card: Indices, alerted: Mask) -> pl.DataFrame:
    """Return the episodes of fraud and how long after its start each was first alerted.

    An episode is a card's frauds without a gap of more than 7 days between them.

    Returns
    -------
    polars.DataFrame
        ``card`` (code), ``start`` (microseconds since the epoch), ``frauds`` and
        ``delay_hours`` from the first fraud to the first alerted one, null where none was.
    """
    _, order = _frauds_by_card(rows, card)
    time = pl.col("time")
    return (
        pl.DataFrame(
            {
                "card": card[order],
                "time": _times(rows, "event_time")[order],
                "alerted": alerted[order],
            }
        )
        .with_columns(
            ((pl.col("card").diff() != 0) | (time.diff() > EPISODE_GAP))
            .fill_null(value=True)
            .cum_sum()
            .alias("episode")
        )
        .group_by("episode", maintain_order=True)
        .agg(
            pl.col("card").first(),
            time.min().alias("start"),
            pl.len().cast(pl.Int64).alias("frauds"),
            ((time.filter("alerted").min() - time.min()) / HOUR).alias("delay_hours"),
        )
        .drop("episode")
    )


def _frauds_by_card(rows: pl.DataFrame, card: Indices) -> tuple[Mask, Indices]:
    """Return which rows are fraud, and those rows by card and then in event order."""
    fraud = rows["label"].to_numpy() == 1
    places = np.flatnonzero(fraud)
    return fraud, places[np.argsort(card[places], kind="stable")]


def _times(rows: pl.DataFrame, column: str) -> Indices:
    return rows[column].to_physical().fill_null(NEVER).to_numpy()


@njit(cache=True)
def _follow(card: Indices, time: Indices, known: Indices, alerted: Mask) -> tuple[Mask, Mask]:
    """Return which frauds were caught and which were prevented by one that was."""
    caught, prevented = np.zeros(len(card), np.bool_), np.zeros(len(card), np.bool_)
    blocked = np.int64(0)
    for i in range(len(card)):
        if i == 0 or card[i] != card[i - 1]:
            blocked = np.int64(np.iinfo(np.int64).min)
        if time[i] < blocked:
            prevented[i] = True
        elif alerted[i]:
            caught[i] = True
            blocked = known[i]
    return caught, prevented
