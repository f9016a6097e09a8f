"""What visitors mean to look at: one article leads to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from workbench.cases.recommend.simulation.catalogue import complement_ranks
from workbench.cases.recommend.simulation.draws import NONE, Ints, Reals, generator

if TYPE_CHECKING:
    from workbench.cases.recommend.simulation.catalogue import Catalogue
    from workbench.cases.recommend.simulation.visitors import Visitors, Visits

PART = 3
_DRAWS = 6
_FAVOURITE = (0.6, 0.88)
"""Running shares of a visitor's first and second department."""
_FIRST_LAST, _FIRST_BOUGHT, _FIRST_TASTE = 0.12, 0.27, 0.75
"""Running shares of a visit's beginning: where the last one ended, something bought before,
the visitor's taste; the rest is what is popular."""
_BACK, _VARIANT, _COMPLEMENT, _DEPARTMENT, _TASTE = 0.10, 0.32, 0.58, 0.78, 0.92
"""Running shares of what comes next: back to something in this visit, a variant, something
that goes with it, the same department, the visitor's taste; the rest is what is popular."""
_CURRENT = 0.7
"""How often the article at hand leads on, and not an earlier one of the visit."""
_STYLE_BONUS = 0.8


class Shelf(NamedTuple):
    """A day's popularity of articles, and where each lies.

    Attributes
    ----------
    running
        Running sum of the articles' weights, 0 first, shape (articles + 1,).
    begins
        First article of each department, and the number of articles.
    first, last
        First article of each family, and the one after its last.
    family, department, style, dearness
        Of each article.
    beside
        Families that go with a family.
    """

    running: Reals
    begins: Ints
    first: Ints
    last: Ints
    family: Ints
    department: Ints
    style: Ints
    dearness: Reals
    beside: Ints


class Minds(NamedTuple):
    """What the visitors like and remember; see ``visitors.Visitors``."""

    favourites: Ints
    style: Ints
    purse: Reals
    bought: Ints
    purchases: Ints
    last: Ints


def shelf(shop: Catalogue, weights: Reals) -> Shelf:
    """Lay out the articles for a day's popularity."""
    return Shelf(
        np.concatenate([[0.0], np.cumsum(weights)]),
        shop.begins,
        shop.first,
        shop.last,
        shop.family,
        shop.department,
        shop.style,
        shop.dearness,
        shop.beside,
    )


def walk(shelf: Shelf, people: Visitors, visits: Visits, seed: int, day: int) -> Ints:
    """Return the articles of all visits one after the other; remember where each visit ended.

    A visit goes on to a variant of the article at hand, to something that goes with it (which
    has a direction), to its department, to the visitor's own taste, to what is popular, or
    back. Within a department, of two articles the one nearer to the visitor's style and purse
    is taken.

    Parameters
    ----------
    shelf
        The articles on that day.
    people, visits
        Who comes, and when.
    seed, day
        Of the stream.

    Returns
    -------
    ndarray
        Positions of articles, int64, shape (total length of the visits,).
    """
    total = int(visits.length.sum())
    draws = generator(seed, PART, day).random((total, _DRAWS))
    ranks = complement_ranks(draws[:, 4])
    minds = Minds(
        people.favourites, people.style, people.purse, people.bought, people.purchases, people.last
    )
    articles = np.empty(total, np.int64)
    _walk(shelf, minds, visits.visitor, visits.length, draws, ranks, articles)
    return articles


@njit(cache=True)
def _between(shelf: Shelf, first: int, end: int, draw: float) -> int:
    """Draw one article of a range by popularity; any that is popular where none of it is."""
    running = shelf.running
    low, high = running[first], running[end]
    if high <= low:
        low, high = 0.0, running[-1]
        first, end = 0, len(running) - 1
    at = np.searchsorted(running[: end + 1], low + draw * (high - low), side="right") - 1
    return int(min(max(at, first), end - 1))


@njit(cache=True)
def _liked(shelf: Shelf, minds: Minds, who: int, department: int, one: float, two: float) -> int:
    """Draw two articles of a department and take the one that the visitor likes better."""
    first, end = shelf.begins[department], shelf.begins[department + 1]
    a, b = _between(shelf, first, end, one), _between(shelf, first, end, two)
    return b if _pull(shelf, minds, who, b) > _pull(shelf, minds, who, a) else a


@njit(cache=True)
def _pull(shelf: Shelf, minds: Minds, who: int, article: int) -> float:
    bonus = _STYLE_BONUS if shelf.style[article] == minds.style[who] else 0.0
    return float(bonus - abs(shelf.dearness[article] - minds.purse[who]))


@njit(cache=True)
def _taste(shelf: Shelf, minds: Minds, who: int, which: float, one: float, two: float) -> int:
    place = 0 if which < _FAVOURITE[0] else 1 if which < _FAVOURITE[1] else 2
    return _liked(shelf, minds, who, minds.favourites[who, place], one, two)


@njit(cache=True)
def _begin(shelf: Shelf, minds: Minds, who: int, draw: Reals) -> int:
    held = min(minds.purchases[who], minds.bought.shape[1])
    if draw[0] < _FIRST_LAST and minds.last[who] != NONE:
        return int(minds.last[who])
    if draw[0] < _FIRST_BOUGHT and held:
        return int(minds.bought[who, int(draw[1] * held)])
    if draw[0] < _FIRST_TASTE:
        return _taste(shelf, minds, who, draw[1], draw[2], draw[3])
    return _between(shelf, 0, len(shelf.running) - 1, draw[1])


@njit(cache=True)
def _next(shelf: Shelf, minds: Minds, who: int, seen: Ints, draw: Reals, rank: int) -> int:
    here = len(seen) - 1
    if draw[5] >= _CURRENT:
        here = int((draw[5] - _CURRENT) / (1.0 - _CURRENT) * len(seen))
    base = seen[here]
    family = shelf.family[base]
    if draw[0] < _BACK:
        return int(seen[int(draw[1] * len(seen))])
    if draw[0] < _VARIANT and shelf.last[family] - shelf.first[family] > 1:
        return _between(shelf, shelf.first[family], shelf.last[family], draw[1])
    if draw[0] < _COMPLEMENT:
        other = shelf.beside[family, rank]
        return _between(shelf, shelf.first[other], shelf.last[other], draw[1])
    if draw[0] < _DEPARTMENT:
        return _liked(shelf, minds, who, shelf.department[base], draw[1], draw[2])
    if draw[0] < _TASTE:
        return _taste(shelf, minds, who, draw[1], draw[2], draw[3])
    return _between(shelf, 0, len(shelf.running) - 1, draw[1])


@njit(cache=True)
def _walk(
    shelf: Shelf,
    minds: Minds,
    visitor: Ints,
    length: Ints,
    draws: Reals,
    ranks: Ints,
    articles: Ints,
) -> None:
    at = 0
    for visit in range(len(visitor)):
        who, first = visitor[visit], at
        articles[at] = _begin(shelf, minds, who, draws[at])
        for at in range(first + 1, first + length[visit]):
            found = _next(shelf, minds, who, articles[first:at], draws[at], ranks[at])
            if found == articles[at - 1]:
                # Nobody looks twice in a row at the same article.
                found = _liked(
                    shelf, minds, who, shelf.department[found], draws[at, 2], draws[at, 3]
                )
            articles[at] = found
        at = first + length[visit]
        minds.last[who] = articles[at - 1]
