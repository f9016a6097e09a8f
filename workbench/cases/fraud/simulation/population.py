"""Who and where: cards with homes and habits, terminals in areas of a small country."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.cases.fraud.simulation.table import Flags, Ints, Reals, generator

STREAM = 0
CARDS, TERMINALS = 2_900, 2_500
"""Cards and terminals at scale 1."""
SIDE = 10
"""The country is a square of ``SIDE`` x ``SIDE`` areas, each ``AREA_KM`` wide."""
AREA_KM = 10.0
FAR_KM = 40.0
"""From this distance on a place is far from home."""
_TOWNS, _TOWN_KM, _IN_TOWN = 6, 7.0, 0.75
_REACH_KM = 8.0
_FAVOURITES = 24


@dataclass(frozen=True, slots=True)
class Population:
    """Cards and terminals, fixed for the whole stream.

    Areas are numbered row by row, so ``A17`` lies in row 1, column 7. Terminals are sorted by
    area.

    Parameters
    ----------
    home, rate, level, spread, chronotype, issued
        By card: area of home; transactions a day; mean and standard deviation of the log
        amount (minor units); hours by which its day is shifted; first day of use.
    favourites
        Terminals that a card knows, shape (cards, 24), most used first.
    area, price
        By terminal: its area; what its prices add to the log amount.
    popularity
        Running sum of the terminals' attractiveness, 0 first, shape (terminals + 1,).
    first
        Each area's first terminal, shape (areas + 1,).
    nearby, distant
        Running sums by row, shape (areas, areas): the area of a purchase near, or far from,
        the area of the row; row ``k`` runs from ``k`` to ``k + 1``.
    """

    home: Ints
    rate: Reals
    level: Reals
    spread: Reals
    chronotype: Reals
    issued: Ints
    favourites: Ints
    area: Ints
    price: Reals
    popularity: Reals
    first: Ints
    nearby: Reals
    distant: Reals

    @property
    def cards(self) -> int:
        """Number of cards."""
        return self.home.size

    @property
    def habit(self) -> Reals:
        """Mean amount of each card's usual purchases in minor units."""
        return np.exp(self.level + self.spread**2 / 2)

    def near(self, areas: Ints, rng: np.random.Generator) -> Ints:
        """Draw a terminal near each area, by attractiveness and distance (a gravity model)."""
        area = _areas(self.nearby, areas, rng)
        return self._between(self.first[area], self.first[area + 1], rng)

    def far(self, areas: Ints, rng: np.random.Generator) -> Ints:
        """Draw a terminal at least ``FAR_KM`` away from each area, by attractiveness."""
        area = _areas(self.distant, areas, rng)
        return self._between(self.first[area], self.first[area + 1], rng)

    def anywhere(self, size: int, rng: np.random.Generator) -> Ints:
        """Draw terminals in the whole country by attractiveness."""
        return self._between(
            np.zeros(size, dtype=np.int64), np.full(size, self.area.size, dtype=np.int64), rng
        )

    def _between(self, first: Ints, end: Ints, rng: np.random.Generator) -> Ints:
        """Draw one terminal from each range by attractiveness."""
        low, high = self.popularity[first], self.popularity[end]
        at = np.searchsorted(self.popularity, low + rng.random(first.size) * (high - low), "right")
        # Rounding may lead to the range's end.
        return np.minimum(at, end) - 1


def _areas(table: Reals, areas: Ints, rng: np.random.Generator) -> Ints:
    """Draw from the row of each area: one search in all rows laid end to end."""
    # Rounding may not lead into the next row.
    sought = np.minimum(areas + rng.random(areas.size), np.nextafter(areas + 1.0, 0.0))
    found = np.searchsorted(table.ravel(), sought, side="right")
    return np.asarray(found - areas * len(table), dtype=np.int64)


def _running(weights: Reals) -> Reals:
    total = np.cumsum(weights, axis=1)
    return np.asarray(total / total[:, -1:] + np.arange(len(total))[:, None])


def distances() -> Reals:
    """Return the kilometres between the centres of all areas, shape (areas, areas).

    Examples
    --------
    >>> float(distances()[0, 3])
    30.0
    """
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    return np.asarray(
        AREA_KM * np.hypot(row[:, None] - row[None, :], column[:, None] - column[None, :])
    )


def _settle(size: int, towns: Reals, rng: np.random.Generator) -> Ints:
    """Draw areas: three in four live in or near a town, the others anywhere."""
    width = SIDE * AREA_KM
    point = towns[rng.integers(len(towns), size=size)] + rng.normal(0.0, _TOWN_KM, (size, 2))
    point = np.where(rng.random((size, 1)) < _IN_TOWN, point, rng.random((size, 2)) * width)
    row, column = np.clip(point // AREA_KM, 0, SIDE - 1).astype(np.int64).T
    return np.asarray(row * SIDE + column)


def populate(seed: int, scale: float) -> Population:
    """Draw the cards and terminals of a stream.

    Habits are log-normal: most cards spend 10 to 60 in major units at a time, some ten times
    that, so an amount means little without the card that paid it. One card in eight is issued
    after the stream's beginning: detectors meet cards without a past throughout.

    Examples
    --------
    >>> people = populate(seed=0, scale=0.1)
    >>> people.cards, people.area.size
    (290, 250)
    """
    rng = generator(seed, STREAM)
    cards, terminals = (max(50, round(n * scale)) for n in (CARDS, TERMINALS))
    towns = rng.uniform(0.15, 0.85, (_TOWNS, 2)) * SIDE * AREA_KM
    area = np.sort(_settle(terminals, towns, rng))
    attraction = rng.lognormal(0.0, 1.0, terminals)
    pull = np.bincount(area, attraction, minlength=SIDE * SIDE).astype(np.float64)
    away = distances()
    distant: Flags = away >= FAR_KM
    home = _settle(cards, towns, rng)
    people = Population(
        home=home,
        rate=0.1 + rng.gamma(1.5, 0.9, cards),
        level=rng.normal(np.log(25_00), 0.6, cards),
        spread=rng.uniform(0.3, 0.7, cards),
        chronotype=rng.normal(0.0, 1.2, cards),
        issued=np.where(rng.random(cards) < 1 / 8, rng.integers(1, 90, cards), 0),
        favourites=np.empty((cards, _FAVOURITES), dtype=np.int64),
        area=area,
        price=rng.normal(0.0, 0.35, terminals),
        popularity=np.concatenate([[0.0], np.cumsum(attraction)]),
        first=np.searchsorted(area, np.arange(SIDE * SIDE + 1)),
        nearby=_running(pull * np.exp(-away / _REACH_KM)),
        # In a tiny country nothing may be far; then the nearest comes through.
        distant=_running(pull * np.where(distant, 1.0, 1e-9)),
    )
    for rank in range(_FAVOURITES):
        people.favourites[:, rank] = people.near(home, rng)
    return people
