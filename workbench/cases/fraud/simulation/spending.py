"""Genuine use of cards: rhythm, places, amounts, journeys, shopping trips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.fraud.simulation.labels import GENUINE_DELAY
from workbench.cases.fraud.simulation.table import (
    DAY,
    HOUR,
    MINUTE,
    Ints,
    Reals,
    Transactions,
    elapsed,
    generator,
)

if TYPE_CHECKING:
    from workbench.cases.fraud.simulation.population import Population

STREAM = 1
SMALLEST, LARGEST = 50, 20_000_00
"""Limits of an amount in minor units."""

_WORKDAY = [2, 1, 1, 1, 1, 3, 12, 32, 40, 38, 42, 50, 70, 58, 42, 40, 50, 72, 80, 62, 42, 28, 14, 6]
_WEEKEND = [8, 5, 3, 2, 1, 1, 4, 10, 24, 48, 66, 72, 70, 64, 60, 58, 54, 50, 48, 46, 42, 36, 28, 16]
_WEEK = (0.93, 0.94, 0.97, 1.02, 1.15, 1.21, 0.78)
"""Transactions by day of the week, Monday first, relative to the mean."""
_FAVOURITE = 0.75
_JOURNEYS, _JOURNEY_DAYS = 1 / 70, 4.0
_LARGE, _LARGE_FACTOR = 0.01, 6.0
_TRIPS, _TRIP_SIZE, _TRIP_GAP = 0.005, 5.0, 7 * MINUTE
_SALE_RATE, _SALE_AMOUNT = 1.3, 1.15


def hours(size: int, weekend: bool, rng: np.random.Generator) -> Reals:
    """Draw times of day in hours from the daily rhythm, shape (size,).

    Examples
    --------
    >>> drawn = hours(1_000, weekend=False, rng=np.random.default_rng(0))
    >>> bool(((drawn > 1) & (drawn < 5)).mean() < 0.02)
    True
    """
    weights = np.cumsum([0, *(_WEEKEND if weekend else _WORKDAY)])
    return np.asarray(np.interp(rng.random(size) * weights[-1], weights, np.arange(25.0)))


class Spending:
    """Genuine transactions day by day; remembers who is on a journey.

    What makes genuine use look like fraud at times is here: large purchases (one in a hundred,
    about six times the habit), journeys of some days to places far from home, shopping trips
    of several purchases in an hour, new cards, and a sale.

    Parameters
    ----------
    people
        Cards and terminals.
    seed
        Seed of the stream.
    """

    def __init__(self, people: Population, seed: int) -> None:
        self.people = people
        self.seed = seed
        self._place = people.home.copy()
        self._back = np.zeros(people.cards, dtype=np.int64)

    def day(self, day: int, midnight: int, weekday: int, sale: bool) -> Transactions:
        """Return one day's genuine transactions, in no particular order.

        Parameters
        ----------
        day
            Number of the day, from 0; must be called for each in turn.
        midnight
            Its beginning, seconds since the epoch.
        weekday
            0 for Monday.
        sale
            Whether the sale is on.
        """
        people, rng = self.people, generator(self.seed, STREAM, day)
        self._travel(day, rng)
        busy = _WEEK[weekday] * (_SALE_RATE if sale else 1.0)
        counts = rng.poisson(people.rate * busy * (people.issued <= day))
        card = np.repeat(np.arange(people.cards), counts)
        terminal = self._terminals(card, rng)
        hour = (hours(card.size, weekday >= 5, rng) + people.chronotype[card]) % 24
        noise = rng.standard_normal(card.size)
        amount = people.level[card] + people.price[terminal] + people.spread[card] * noise
        large = rng.random(card.size) < _LARGE
        amount += large * rng.normal(np.log(_LARGE_FACTOR), 0.5, card.size)
        amount += np.log(_SALE_AMOUNT) if sale else 0.0
        table = _genuine(midnight + hour * HOUR, card, terminal, np.exp(amount))
        trips = self._trips(table, rng)
        return Transactions.join([table, trips.take(trips.time < midnight + DAY)])

    def _travel(self, day: int, rng: np.random.Generator) -> None:
        """Bring travellers home and send others off, to where many terminals are."""
        people = self.people
        home = self._back <= day
        self._place[home] = people.home[home]
        leaves = np.flatnonzero(home & (rng.random(people.cards) < _JOURNEYS))
        self._place[leaves] = people.area[people.anywhere(leaves.size, rng)]
        self._back[leaves] = day + 2 + rng.poisson(_JOURNEY_DAYS, leaves.size)

    def _terminals(self, card: Ints, rng: np.random.Generator) -> Ints:
        people, place = self.people, self._place[card]
        # The square favours the first ranks: the shop next door before the one across town.
        rank = (people.favourites.shape[1] * rng.random(card.size) ** 2).astype(np.int64)
        usual = (place == people.home[card]) & (rng.random(card.size) < _FAVOURITE)
        return np.where(usual, people.favourites[card, rank], people.near(place, rng))

    def _trips(self, table: Transactions, rng: np.random.Generator) -> Transactions:
        """Let some purchases be followed by several smaller ones near by within the hour."""
        first = np.flatnonzero(rng.random(len(table)) < _TRIPS)
        sizes = 1 + rng.poisson(_TRIP_SIZE, first.size)
        head = table.take(np.repeat(first, sizes))
        gaps = rng.exponential(_TRIP_GAP, len(head))
        later = elapsed(gaps, sizes) + 2 * MINUTE
        terminal = self.people.near(self.people.area[head.terminal], rng)
        factor = rng.lognormal(-0.8, 0.6, len(head))
        return _genuine(head.time + later, head.card, terminal, head.amount * factor)


def _genuine(time: Reals, card: Ints, terminal: Ints, amount: Reals) -> Transactions:
    return Transactions(
        time=time.astype(np.int64),
        card=card,
        terminal=terminal,
        amount=in_limits(amount),
        pattern=np.zeros(card.size, dtype=np.int64),
        delay=np.full(card.size, GENUINE_DELAY, dtype=np.int64),
    )


def in_limits(amount: Reals) -> Ints:
    """Round amounts to whole minor units within what terminals accept."""
    return np.clip(np.rint(amount), SMALLEST, LARGEST).astype(np.int64)
