"""How the shop orders, and what is delivered when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workbench.cases.recommend.simulation.assortment import department_number
from workbench.cases.recommend.simulation.catalogue import CLEARANCE
from workbench.cases.recommend.simulation.draws import HOUR, Ints, Reals, generator
from workbench.cases.recommend.simulation.schedule import STRIKE, on_strike

if TYPE_CHECKING:
    from workbench.cases.recommend.simulation.catalogue import Catalogue

PART = 4
NEVER = np.iinfo(np.int64).max
_HALF_LIFE = 7.0
_FAST = 1.0
_LEAD, _LEAD_SPREAD = 7.0, 0.35
_COVER = 18.0
_LEAST = 5
_CARELESS, _LATE, _EARLY = 0.5, 1.0, 24.0
"""Share of families that are ordered late; days of expected sales at which one is ordered."""
_OPENS, _CLOSES = 7 * HOUR, 11 * HOUR


class Deliveries(NamedTuple):
    """What arrives on a day: seconds since midnight, articles, pieces."""

    time: Ints
    article: Ints
    pieces: Ints


class Supply:
    """A shop that orders by what it has sold, and is late when demand changes.

    An article is ordered when what is there falls below the expected sales until a delivery; the
    expectation is an exponentially weighted mean of the sales of the last days. So fashions and
    seasons run ahead of it, and what could not be sold is not expected.

    Parameters
    ----------
    shop
        The articles.
    seed, days
        Of the stream.
    expected
        Pieces that are likely to be sold a day, by article.
    """

    def __init__(self, shop: Catalogue, seed: int, days: int, expected: Reals) -> None:
        self._shop = shop
        self._seed = seed
        self._days = days
        self._expected = expected.copy()
        self._due = np.full(shop.articles, NEVER)
        self._coming = np.zeros(shop.articles, np.int64)
        careless = generator(seed, PART).random(shop.first.size) < _CARELESS
        late = careless[shop.family] & (expected > _FAST)
        self._margin = np.where(late, _LATE, _EARLY)
        self._least = np.where(late, 0, _LEAST)

    def initial(self) -> Ints:
        """Return the stock of each article on its first day."""
        rng = generator(self._seed, PART, 0)
        cover = self._margin - _LEAD + rng.uniform(0.0, _COVER, self._shop.articles)
        return self._lots(self._expected * np.maximum(cover, 1.0) + self._least)

    def day(self, day: int, stock: Ints) -> Deliveries:
        """Return what arrives on a day, and order.

        Parameters
        ----------
        day
            Number of the day; must be called for each in turn.
        stock
            Pieces of each article at midnight.
        """
        shop, rng = self._shop, generator(self._seed, PART, day + 1)
        held = shop.department == department_number(STRIKE[0])
        waits = held if on_strike(day, self._days) else np.zeros_like(held)
        arrived = np.flatnonzero((self._due <= day) & ~waits)
        arrived = arrived[day < shop.ends[arrived] + CLEARANCE]
        pieces = self._coming[arrived]
        done = np.append(arrived, np.flatnonzero(day >= shop.ends + CLEARANCE))
        self._due[done], self._coming[done] = NEVER, 0
        needed = self._expected * self._margin
        ordered = np.flatnonzero(
            (stock + self._coming <= np.maximum(needed, self._least))
            & (self._due == NEVER)
            & (shop.launched <= day)
            & (day < shop.ends)
        )
        # What arrives today was counted when it was ordered.
        ordered = np.setdiff1d(ordered, arrived)
        lead = np.rint(_LEAD * rng.lognormal(0.0, _LEAD_SPREAD, ordered.size)).astype(np.int64)
        self._due[ordered] = day + np.maximum(lead, 1)
        self._coming[ordered] = self._lots(self._expected[ordered] * _COVER + 1.0, ordered)
        time = np.sort(rng.integers(_OPENS, _CLOSES, arrived.size))
        return Deliveries(time, arrived, pieces)

    def learn(self, day: int, sold: Ints) -> None:
        """Take in what was sold on a day, by article."""
        kept = 0.5 ** (1.0 / _HALF_LIFE)
        mean = kept * self._expected + (1.0 - kept) * sold
        self._expected = np.where(self._shop.launched <= day, mean, self._expected)

    def _lots(self, pieces: Reals, articles: Ints | None = None) -> Ints:
        """Round up to whole lots."""
        lot = self._shop.lot if articles is None else self._shop.lot[articles]
        return np.ceil(pieces / lot).astype(np.int64) * lot
