"""How popular items are, with several half-lives, and lists of the most popular ones."""

from __future__ import annotations

from math import log2
from typing import NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import F64, I16, I32, U8, called, inlined

LISTED = 256
"""How long a list of the most popular items is."""
#: Halves all weights by so many powers of two at once when they have grown by as many: exact.
_HALVINGS = 40.0
_POWER = 2.0**_HALVINGS


class Popularity(NamedTuple):
    """Counts in which an interaction is worth half after so many further ones.

    Instead of making all older ones smaller, each is worth more than the one before. So the order
    of two items changes only when one of them is met, and a list of the first ones is kept in
    order by moving that item up.

    Attributes
    ----------
    growth
        What the worth of an interaction grows by, a column for each half-life, float64 (h,).
    worth, total
        What the latest interaction is worth, and all of them together, float64 (h,).
    halvings
        By how many powers of two all worths have been made smaller, float64 (h,).
    weight
        The worth of each item's interactions, float64 (items, h).
    top
        The most popular items, best first, int32 (h, 256).
    listed
        How many are in each list, int32 (h,).
    place
        1 + the place of each item in each list, int16 (items, h); 0 where it is in none.
    """

    growth: F64
    worth: F64
    total: F64
    halvings: F64
    weight: F64
    top: I32
    listed: I32
    place: I16


def empty_popularity(items: int, half_lives: tuple[float, ...]) -> Popularity:
    """Return counts of nothing; a half-life of 0 counts all interactions alike."""
    h = len(half_lives)
    return Popularity(
        growth=np.array([2.0 ** (1 / half_life) if half_life else 1.0 for half_life in half_lives]),
        worth=np.ones(h),
        total=np.zeros(h),
        halvings=np.zeros(h),
        weight=np.zeros((items, h)),
        top=np.zeros((h, LISTED), np.int32),
        listed=np.zeros(h, np.int32),
        place=np.zeros((items, h), np.int16),
    )


@called
def add_popularity(popularity: Popularity, item: int, items: int) -> None:
    """Count an interaction with an item; ``items`` are the slots in use."""
    for h in range(len(popularity.growth)):
        popularity.worth[h] *= popularity.growth[h]
        if popularity.worth[h] > _POWER:
            popularity.worth[h] /= _POWER
            popularity.total[h] /= _POWER
            popularity.halvings[h] += _HALVINGS
            for other in range(items):
                popularity.weight[other, h] /= _POWER
        popularity.total[h] += popularity.worth[h]
        popularity.weight[item, h] += popularity.worth[h]
        _move_up(popularity, item, h)


@inlined
def _move_up(popularity: Popularity, item: int, h: int) -> None:
    """Keep the list in order after an item's weight has grown; of equal ones the older first."""
    place = popularity.place[item, h] - 1
    weight = popularity.weight[item, h]
    if place < 0:
        place = popularity.listed[h]
        if place < LISTED:
            popularity.listed[h] += 1
        else:
            place -= 1
            last = popularity.top[h, place]
            if popularity.weight[last, h] >= weight:
                return
            popularity.place[last, h] = 0
    while place > 0:
        before = popularity.top[h, place - 1]
        if popularity.weight[before, h] >= weight:
            break
        popularity.top[h, place] = before
        popularity.place[before, h] = place + 1
        place -= 1
    popularity.top[h, place] = item
    popularity.place[item, h] = place + 1


@called
def forget_popularity(popularity: Popularity, gone: U8, items: int) -> None:
    """Take items that are gone out of counts and lists, and fill up the lists."""
    for h in range(len(popularity.growth)):
        for item in range(items):
            if gone[item]:
                popularity.total[h] -= popularity.weight[item, h]
                popularity.weight[item, h] = 0.0
        popularity.listed[h] = 0
        for item in range(items):
            popularity.place[item, h] = 0
        for item in range(items):
            if popularity.weight[item, h] > 0.0:
                _move_up(popularity, item, h)


@inlined
def logarithm(popularity: Popularity, weight: float, h: int) -> float:
    """Return the binary logarithm of a weight as if no worth had ever been made smaller."""
    value: float = log2(weight) + popularity.halvings[h]
    return value
