"""How many pieces of each item will be wanted a day, and how long what is on hand will last.

Of each item three exponentially weighted counts are kept: its views, the pieces put into carts
and the pieces bought. Views are many where purchases are few: they say much sooner that demand
changes. Each count is turned into pieces a day by what the whole shop sells for a view, or for a
piece in a cart. A Poisson regression (River's linear model with the Poisson loss) learns from
every day that has passed, item by item, how much each of the three says::

    pieces a day = m · exp(w0 + Σ w_k · log((rate_k / m + c) / (1 + c)))

with ``m`` the pieces a day of a mean item and ``c`` a floor. Only the part of a day counts for
which an item was known to be in stock: what was wanted when it was sold out is not known. Counts
are decayed to the event at hand, ``m`` and the weights change at midnight (UTC), so a forecast
depends on no cut into batches.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from workbench.cases.recommend.signals import (
    F64,
    HALF_LIVES,
    SIGNALS,
    Items,
    Today,
    days,
    end_day,
    look_at_all,
    no_items,
    take_in,
)
from workbench.detectors.recommender import NONE
from workbench.durations import DAY

if TYPE_CHECKING:
    from workbench.detectors.protocol import State
    from workbench.detectors.recommender import I8, I32, I64

FORGOTTEN: Final = 60 * DAY
"""An item without events for so long is forgotten."""
SPREAD: Final = 0.37
"""Standard deviation of what comes over what was foreseen, beside chance: fashions, seasons."""
_START: Final = (0.5, 0.0, 0.5, 0.0)
"""Weights before anything is learned."""
_RATE, _STEEPEST = 0.0006, 5.0
"""Learning rate (a shop has thousands of items and days), and the steepest gradient."""
_MEMORY: Final = 0.999
"""What is left of the mean dispersion for each item and day that is added."""


class Outlook(NamedTuple):
    """What is foreseen for the item of each event, right after it; shape (n,) each.

    Attributes
    ----------
    on_hand
        Pieces; -1 where the stock level is unknown.
    rate
        Pieces that will be wanted a day; NaN before there is a day to learn from.
    dispersion
        Variance of a day's demand over its mean.
    """

    on_hand: I64
    rate: F64
    dispersion: F64

    @property
    def days_left(self) -> F64:
        """Days until the item is sold out; -1 where that cannot be said."""
        known = (self.on_hand >= 0) & (self.rate > 0)
        return np.where(known, self.on_hand / np.where(known, self.rate, 1.0), -1.0)

    def sold_out_within(self, days: float) -> F64:
        """Return how likely it is that what is on hand is wanted within so many days, shape (n,).

        The demand has a negative binomial distribution around what is foreseen, with the
        variance ``dispersion · mean + (SPREAD · mean)²``. 0 where nothing is on hand or known.

        Examples
        --------
        >>> one = np.ones(3)
        >>> Outlook(np.array([1, 10, 100]), one, 2 * one).sold_out_within(10).round(2).tolist()
        [0.99, 0.47, 0.0]
        """
        from scipy.special import betainc  # type: ignore[import-untyped] # ships no types

        known = (self.on_hand > 0) & (self.rate > 0)
        mean = np.where(known, self.rate * days, 1.0)
        size = mean / (np.maximum(self.dispersion - 1.0, 1e-3) + SPREAD**2 * mean)
        tail: F64 = betainc(np.where(known, self.on_hand, 1), size, mean / (size + mean))
        return np.where(known, tail, 0.0)


class Demand:
    """Follows events, and forecasts the demand for each item.

    Attributes
    ----------
    items
        What is known of each item, by the codes that the caller gives.
    dispersion
        Variance of a day's demand over its mean, as it was met; at least 1.

    Examples
    --------
    Of one item four pieces are bought a day, of another one; nothing is learned yet:

    >>> day, item = np.divmod(np.arange(80), 2)
    >>> outlook = Demand().follow(
    ...     time=(day * DAY + item * DAY // 2).astype(np.int64), item=item.astype(np.int32),
    ...     kind=np.full(80, 2, np.int8), quantity=np.where(item, 1, 4),
    ...     on_hand=np.full(80, -1))
    >>> outlook.rate[-2:].round(1).tolist()
    [3.0, 1.8]
    """

    def __init__(self) -> None:
        from river import linear_model, optim

        self.items = no_items()
        self.dispersion = 1.0
        self._sums = np.zeros(len(SIGNALS))
        self._first = self._day = -1
        self._today = Today(0.0, np.zeros(len(SIGNALS)), np.array(_START))
        self._model: Any = linear_model.LinearRegression(
            optimizer=optim.SGD(_RATE),
            loss=optim.losses.Poisson(),
            intercept_lr=_RATE,
            clip_gradient=_STEEPEST,
        )
        self._go_on_from(np.array(_START))

    def follow(self, time: I64, item: I32, kind: I8, quantity: I64, on_hand: I64) -> Outlook:
        """Take in events in their order, and forecast right after each.

        Parameters
        ----------
        time
            Event times in µs, shape (n,).
        item
            Codes of the items from 0.
        kind, quantity, on_hand
            As in :class:`workbench.detectors.recommender.Interactions`.
        """
        self.items = self.items.longer(int(item.max(initial=NONE)) + 1)
        n = len(time)
        outlook = Outlook(np.full(n, -1, np.int64), np.full(n, np.nan), np.ones(n))
        for part in days(time):
            self.pass_midnight(int(time[part.start]))
            outlook.dispersion[part] = self.dispersion
            take_in(
                self.items, self._sums, self._today,
                time[part], item[part], kind[part], quantity[part], on_hand[part],
                outlook.on_hand[part], outlook.rate[part],
            )  # fmt: skip
        return outlook

    def pass_midnight(self, time: int) -> I32:
        """Learn the day that ended before a time (µs), if one did.

        Returns
        -------
        ndarray
            Codes of items that are forgotten, for they had no event for :data:`FORGOTTEN`.
        """
        day = time // DAY
        if day <= self._day:
            return np.zeros(0, np.int32)
        items = self.items
        gone = np.flatnonzero((items.last >= 0) & (items.last < day * DAY - FORGOTTEN))
        items.forget(gone)
        if self._day < 0:
            self._first = self._day = day
        else:
            self._learn_day()
        self._sums *= 0.5 ** ((day - self._day) / np.array(HALF_LIVES))
        self._day = day
        self._begin_day()
        return gone.astype(np.int32)

    def _learn_day(self) -> None:
        items, mean = self.items, self._today.mean
        end_day(items, (self._day + 1) * DAY)
        if mean > 0:
            for code in np.flatnonzero(items.stocked).tolist():
                share = float(items.stocked[code]) / DAY
                self._learn(items.foreseen[code], float(items.bought[code]) / mean / share, share)
        items.stocked[:] = 0
        items.bought[:] = 0

    def _learn(self, x: F64, y: float, share: float) -> None:
        row = dict(zip(SIGNALS, x.tolist(), strict=True))
        expected = self._model.predict_one(row)
        met = (y - expected) ** 2 * share / max(expected, 1e-9) * self._today.mean
        self.dispersion = max(1.0, _MEMORY * self.dispersion + (1 - _MEMORY) * met)
        self._model.learn_one(row, y, share)

    def _begin_day(self) -> None:
        """Find what a mean item sells a day, and what one of each signal is worth of that."""
        known = int((self.items.last >= 0).sum())
        half = np.array(HALF_LIVES)
        share = 1.0 - 0.5 ** (max(self._day - self._first, 1) / half)
        worth = self._sums * math.log(2) / half / share
        mean = float(worth[-1]) / known if known else 0.0
        scale = np.zeros(len(SIGNALS))
        if mean > 0:
            scale[worth > 0] = worth[-1] / worth[worth > 0] / mean
            look_at_all(self.items, scale, self._day * DAY)
        told = self._model.weights
        weights = np.array([*(told[name] for name in SIGNALS), self._model.intercept])
        self._today = Today(mean, scale, weights)

    def _go_on_from(self, weights: F64) -> None:
        from river.utils import VectorDict

        *each, constant = weights.tolist()
        self._model._weights = VectorDict(dict(zip(SIGNALS, each, strict=True)))
        self._model.intercept = constant

    def state(self) -> State:
        """Return all that later forecasts depend on."""
        return {
            "items": {name: table.copy() for name, table in self.items._asdict().items()},
            "sums": self._sums.copy(),
            "days": [self._first, self._day],
            "mean": self._today.mean,
            "scale": self._today.scale.copy(),
            "weights": self._today.weights.copy(),
            "dispersion": self.dispersion,
        }

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned; the future is then the same bit for bit."""
        self.items = Items(*(state["items"][name].copy() for name in Items._fields))
        self._sums = state["sums"].copy()
        self._first, self._day = map(int, state["days"])
        self._today = Today(float(state["mean"]), state["scale"].copy(), state["weights"].copy())
        self.dispersion = float(state["dispersion"])
        self._go_on_from(self._today.weights)
