"""Who comes to the shop: tastes that move, and visits hour by hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.cases.recommend.simulation.assortment import STYLES
from workbench.cases.recommend.simulation.draws import (
    HOUR,
    NONE,
    Flags,
    Ints,
    Reals,
    generator,
    weighted,
)

PART = 2
VISITORS = 5_000
"""Visitors at scale 1."""
FAVOURITES = 3
MEMORY = 8
"""Articles that a visitor remembers to have bought."""

_WORKDAY = [
    8,
    4,
    2,
    1,
    1,
    3,
    10,
    22,
    34,
    40,
    44,
    48,
    60,
    50,
    42,
    40,
    42,
    50,
    58,
    66,
    78,
    76,
    50,
    22,
]
_WEEKEND = [
    12,
    7,
    4,
    2,
    1,
    2,
    6,
    14,
    28,
    44,
    58,
    64,
    62,
    60,
    58,
    58,
    56,
    54,
    56,
    62,
    66,
    60,
    44,
    24,
]
_WEEK = (1.04, 1.0, 0.98, 0.98, 0.92, 0.95, 1.13)
"""Visits by day of the week, Monday first, relative to the mean."""
_NEWCOMERS, _NEWCOMING_DAYS = 0.3, 120
_MEMBERS = 0.5
_LOGIN = (0.1, 0.95)
_MOVES, _STYLE_MOVES = 1 / 30, 1 / 90
_BUYING = 0.35
_MEAN_LENGTH, _SPREAD, _LONGEST = 1.15, 0.85, 60


@dataclass(frozen=True, slots=True)
class Visits:
    """The visits of one day in the order in which they begin.

    Parameters
    ----------
    begin
        Seconds since midnight.
    visitor
        Positions.
    known
        Whether the shop knows who it is.
    length
        How many articles the visitor means to look at, 1 to 60.
    buying
        Whether the visitor came to buy something.
    """

    begin: Ints
    visitor: Ints
    known: Flags
    length: Ints
    buying: Flags

    def __len__(self) -> int:
        return self.begin.size


class Visitors:
    """Visitors and what they like, which moves from day to day.

    Parameters
    ----------
    seed
        Of the stream.
    scale
        Multiplies the visitors.
    departments
        Popularity of each department on the first day.

    Attributes
    ----------
    favourites
        Departments by visitor, the dearest first, shape (visitors, 3).
    style
        The style that a visitor likes.
    purse
        Log of what a visitor likes to spend on a piece, relative to a department's median.
    bought, purchases
        What a visitor bought last, shape (visitors, 8), a ring; and how often ever.
    last
        The article that a visitor looked at last.

    Examples
    --------
    >>> people = Visitors(seed=0, scale=0.1, departments=np.ones(16))
    >>> visits = people.day(0, weekday=0, departments=np.ones(16))
    >>> people.count, 60 < len(visits) < 110
    (500, True)
    """

    def __init__(self, seed: int, scale: float, departments: Reals) -> None:
        rng = generator(seed, PART)
        self._seed = seed
        self.count = count = max(50, round(VISITORS * scale))
        self._rate = 0.02 + rng.gamma(0.6, 0.36, count)
        self._joined = np.where(
            rng.random(count) < _NEWCOMERS, rng.integers(1, _NEWCOMING_DAYS, count), 0
        )
        self._login = np.where(rng.random(count) < _MEMBERS, _LOGIN[1], _LOGIN[0])
        self.favourites = weighted(departments, (count, FAVOURITES), rng)
        self.style = rng.integers(len(STYLES), size=count)
        self.purse = rng.normal(0.0, 0.4, count)
        self.bought = np.full((count, MEMORY), NONE)
        self.purchases = np.zeros(count, np.int64)
        self.last = np.full(count, NONE)

    def day(self, day: int, weekday: int, departments: Reals) -> Visits:
        """Let tastes move, and return the day's visits; must be called for each day in turn.

        Parameters
        ----------
        day
            Number of the day, from 0.
        weekday
            0 for Monday.
        departments
            Popularity of each department on this day; where tastes move to.
        """
        rng = generator(self._seed, PART, day + 1)
        self._move(departments, rng)
        counts = rng.poisson(self._rate * _WEEK[weekday] * (self._joined <= day))
        visitor = np.repeat(np.arange(self.count), counts)
        begin = _times(visitor.size, weekday >= 5, rng)
        order = np.argsort(begin, kind="stable")
        visitor = visitor[order]
        length = rng.lognormal(_MEAN_LENGTH, _SPREAD, visitor.size).astype(np.int64)
        return Visits(
            begin=begin[order],
            visitor=visitor,
            known=rng.random(visitor.size) < self._login[visitor],
            length=np.clip(1 + length, 1, _LONGEST),
            buying=rng.random(visitor.size) < _BUYING,
        )

    def remember(self, visitor: Ints, article: Ints) -> None:
        """Take in who bought what, in order of time."""
        order = np.argsort(visitor, kind="stable")
        who, what = visitor[order], article[order]
        begins = np.flatnonzero(np.diff(who, prepend=NONE))
        before = np.arange(who.size) - np.repeat(begins, np.diff(begins, append=who.size))
        # Of what falls on one place of the ring, the last stays.
        self.bought[who, (self.purchases[who] + before) % MEMORY] = what
        np.add.at(self.purchases, who, 1)

    def _move(self, departments: Reals, rng: np.random.Generator) -> None:
        """Give some visitors a new dearest department, and some another style."""
        moved = np.flatnonzero(rng.random(self.count) < _MOVES)
        self.favourites[moved, 1:] = self.favourites[moved, :-1]
        self.favourites[moved, 0] = weighted(departments, moved.size, rng)
        restyled = np.flatnonzero(rng.random(self.count) < _STYLE_MOVES)
        self.style[restyled] = rng.integers(len(STYLES), size=restyled.size)


def _times(size: int, weekend: bool, rng: np.random.Generator) -> Ints:
    """Draw seconds of the day from the daily rhythm."""
    weights = np.cumsum([0, *(_WEEKEND if weekend else _WORKDAY)])
    hours = np.interp(rng.random(size) * weights[-1], weights, np.arange(25.0))
    return np.asarray(hours * HOUR, dtype=np.int64)
