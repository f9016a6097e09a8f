"""A sparse matrix between items whose rows have a bounded length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import (
    F32,
    F64,
    I16,
    I32,
    U8,
    U32,
    called,
    entry,
    inlined,
)


class Rows(NamedTuple):
    """Rows of (item, weight), each in the order in which its items came.

    A row that is full forgets its weaker half, of equal weights the older ones.

    Attributes
    ----------
    item
        Slots of items, uint32 of shape (items, width); a row's first ``filled`` are in use.
    weight
        Their weights, float32, of the same shape.
    filled
        How long each row is, int32 (items,).
    places
        A hash table for each row, int16 (items, 2 * width): 1 + the place of an item, 0 is empty.
    total
        All weight that was ever added to each row, float64 (items,).
    """

    item: U32
    weight: F32
    filled: I32
    places: I16
    total: F64


def empty_rows(items: int, width: int) -> Rows:
    """Return rows without anything in them.

    ``width`` is a power of two up to 8,192. The memory is zeros that the operating system gives
    only when they are written to, so rows that are not used cost nothing.
    """
    return Rows(
        item=np.zeros((items, width), np.uint32),
        weight=np.zeros((items, width), np.float32),
        filled=np.zeros(items, np.int32),
        places=np.zeros((items, 2 * width), np.int16),
        total=np.zeros(items),
    )


@inlined
def find(rows: Rows, row: int, item: int) -> int:
    """Return the place of an item in a row, -1 if it is not there."""
    mask = rows.places.shape[1] - 1
    # Slots are given in the order of appearance, so those that meet in a row lie apart already.
    at = item & mask
    while rows.places[row, at] != 0:
        place: int = rows.places[row, at] - 1
        if rows.item[row, place] == item:
            return place
        at = (at + 1) & mask
    return -1


@inlined
def weight_of(rows: Rows, row: int, item: int) -> np.float32:
    """Return the weight of an item in a row, 0 if it is not there."""
    place = find(rows, row, item)
    return np.float32(rows.weight[row, place] if place >= 0 else 0.0)


@called
def add(rows: Rows, row: int, item: int, weight: float) -> None:
    """Add to the weight of an item in a row."""
    rows.total[row] += weight
    place = find(rows, row, item)
    if place >= 0:
        rows.weight[row, place] += np.float32(weight)
        return
    if rows.filled[row] == rows.item.shape[1]:
        _forget_weaker_half(rows, row)
    place = rows.filled[row]
    rows.item[row, place] = item
    rows.weight[row, place] = np.float32(weight)
    rows.filled[row] = place + 1
    _enter(rows, row, place)


@inlined
def _enter(rows: Rows, row: int, place: int) -> None:
    """Enter a place of a row into the row's hash table."""
    mask = rows.places.shape[1] - 1
    at = rows.item[row, place] & mask
    while rows.places[row, at] != 0:
        at = (at + 1) & mask
    rows.places[row, at] = np.int16(place + 1)


@called
def _forget_weaker_half(rows: Rows, row: int) -> None:
    width = rows.item.shape[1]
    kept = width // 2
    limit = _largest(rows.weight[row], kept)
    above = 0
    for place in range(width):
        above += 1 if rows.weight[row, place] > limit else 0
    equal = 0
    for place in range(width):
        equal += 1 if rows.weight[row, place] == limit else 0
    # Of those that weigh as much as the limit, so many older ones go.
    skip = equal - (kept - above)
    filled = 0
    for place in range(width):
        weight = rows.weight[row, place]
        if weight < limit:
            continue
        if weight == limit:
            skip -= 1
            if skip >= 0:
                continue
        rows.item[row, filled] = rows.item[row, place]
        rows.weight[row, filled] = weight
        filled += 1
    _rebuild(rows, row, filled)


@inlined
def _largest(weights: F32, rank: int) -> float:
    """Return the weight that has ``rank - 1`` at or above it, by halving between its bits.

    Weights are above 0, where floats are ordered as their bits are.
    """
    low, high = np.float64(0.0), np.float64(0.0)
    for weight in weights:
        high = max(high, np.float64(weight))
    # `low` has at least so many at or above it, what lies above `high` has not.
    while True:
        middle = np.float64(np.float32((low + high) / 2))
        if middle <= low or middle >= high:
            break
        count = 0
        for weight in weights:
            count += 1 if weight >= middle else 0
        if count >= rank:
            low = middle
        else:
            high = middle
    count = 0
    for weight in weights:
        count += 1 if weight >= high else 0
    return high if count >= rank else low


@called
def _rebuild(rows: Rows, row: int, filled: int) -> None:
    """Set a row's length and make its hash table anew."""
    rows.filled[row] = filled
    for at in range(rows.places.shape[1]):
        rows.places[row, at] = 0
    for place in range(filled):
        _enter(rows, row, place)


@called
def forget(rows: Rows, gone: U8, items: int) -> None:
    """Take items that are gone out of the first ``items`` rows, and empty their own rows."""
    for row in range(items):
        if gone[row]:
            rows.total[row] = 0.0
            if rows.filled[row]:
                _rebuild(rows, row, 0)
            continue
        filled = 0
        for place in range(rows.filled[row]):
            if not gone[rows.item[row, place]]:
                rows.item[row, filled] = rows.item[row, place]
                rows.weight[row, filled] = rows.weight[row, place]
                filled += 1
        if filled != rows.filled[row]:
            _rebuild(rows, row, filled)


@entry
def restore_places(rows: Rows) -> None:
    """Make the hash tables of all rows from their items."""
    for row in range(len(rows.filled)):
        if rows.filled[row]:
            _rebuild(rows, row, rows.filled[row])
