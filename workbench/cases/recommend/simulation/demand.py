"""How popular each article is on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.recommend.simulation.assortment import DEPARTMENTS, STYLES, department_number
from workbench.cases.recommend.simulation.catalogue import styles_in_fashion
from workbench.cases.recommend.simulation.draws import Reals, generator
from workbench.cases.recommend.simulation.schedule import (
    FASHIONS,
    SEASONS,
    fashion_factor,
    season_factor,
)

if TYPE_CHECKING:
    from workbench.cases.recommend.simulation.catalogue import Catalogue

PART = 1
_KEPT, _STEP = 0.97, 0.10
"""What is left of yesterday's drift, and the new one's standard deviation (log popularity)."""
_NOVELTY, _NOVELTY_HALF_LIFE = 1.2, 7.0
_CLEARANCE = 1.5


class Demand:
    """Popularity day by day; remembers where it has drifted to.

    Parameters
    ----------
    shop
        The articles.
    seed, days
        Of the stream.

    Examples
    --------
    >>> from workbench.cases.recommend.simulation.catalogue import stock_up
    >>> shop = stock_up(seed=0, scale=0.1, days=60, weekday=0)
    >>> weights = Demand(shop, seed=0, days=60).day(0)
    >>> weights.shape == (shop.articles,), bool((weights[shop.launched > 0] == 0).all())
    (True, True)
    """

    def __init__(self, shop: Catalogue, seed: int, days: int) -> None:
        self._shop = shop
        self._seed = seed
        self._days = days
        self._styles = styles_in_fashion(seed, len(FASHIONS))
        self._drift = generator(seed, PART).normal(
            0.0, _STEP / np.sqrt(1 - _KEPT**2), shop.articles
        )

    def day(self, day: int) -> Reals:
        """Return the weight of each article; must be called for each day in turn."""
        shop, rng = self._shop, generator(self._seed, PART, day + 1)
        self._drift = _KEPT * self._drift + rng.normal(0.0, _STEP, shop.articles)
        department, style = np.ones(len(DEPARTMENTS)), np.ones(len(STYLES))
        for season in SEASONS:
            department[department_number(season.department)] = season_factor(
                season, day, self._days
            )
        for fashion in FASHIONS:
            style[self._styles[fashion.place]] *= fashion_factor(fashion, day, self._days)
        age = np.where(shop.launched > 0, day - shop.launched, np.inf)
        novelty = _NOVELTY * 0.5 ** (np.maximum(age, 0.0) / _NOVELTY_HALF_LIFE)
        weights = np.exp(shop.appeal + self._drift + novelty)
        weights *= department[shop.department] * style[shop.style]
        weights *= np.where(day >= shop.ends, _CLEARANCE, 1.0)
        return np.where(shop.offered(day), weights, 0.0)
