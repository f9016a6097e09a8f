"""What says how much of an item is wanted: decayed counts of views, cart additions, purchases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from workbench.detectors.recommender import CART, PURCHASE, STOCK, VIEW
from workbench.durations import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.detectors.recommender import I8, I32, I64

F64 = npt.NDArray[np.float64]

SIGNALS: Final = ("views", "in carts", "bought")
"""Events, pieces and pieces."""
HALF_LIVES: Final = (7.0, 7.0, 14.0)
"""Days after which an event counts half, by signal."""
FLOOR: Final = 0.3
"""What is added to a rate before its logarithm, as a share of the mean item's."""
_ROWS: Final = 64


class Items(NamedTuple):
    """What is known of each item, by code.

    Attributes
    ----------
    sums
        Decayed counts of :data:`SIGNALS` at ``last``, shape (items, 3).
    last, born
        Time of the last and the first event (µs); -1 for an item that is not known.
    level
        Pieces on hand; -1 is unknown.
    foreseen
        The signals as :func:`look` told them at the last midnight, shape (items, 3).
    bought
        Pieces bought since then.
    stocked
        For how long it has been in stock since then (µs), up to ``last``.
    """

    sums: F64
    last: I64
    born: I64
    level: I64
    foreseen: F64
    bought: I64
    stocked: I64

    def longer(self, size: int) -> Items:
        """Return the same with room for codes below ``size``."""
        have = len(self.last)
        if size <= have:
            return self
        more = no_items(max(size, 2 * have, _ROWS))
        for old, new in zip(self, more, strict=True):
            new[:have] = old
        return more

    def forget(self, codes: npt.NDArray[np.intp]) -> None:
        """Make codes unknown."""
        for table, empty in zip(self, no_items(1), strict=True):
            table[codes] = empty[0]


def no_items(size: int = 0) -> Items:
    """Return the table of items of which nothing is known."""
    wide, unknown, none = (
        np.zeros((size, len(SIGNALS))),
        np.full(size, -1, np.int64),
        np.zeros(size, np.int64),
    )
    return Items(wide, unknown, unknown.copy(), unknown.copy(), wide.copy(), none, none.copy())


class Today(NamedTuple):
    """What holds for a whole day (UTC).

    Attributes
    ----------
    mean
        Pieces a day that are bought of a mean item; 0 before that is known.
    scale
        Mean items' demand that one event a day of each signal is worth, shape (3,).
    weights
        What each signal says, and a constant, shape (4,).
    """

    mean: float
    scale: F64
    weights: F64


def days(time: I64) -> Iterator[slice]:
    """Cut ascending times (µs) where a day (UTC) ends.

    Examples
    --------
    >>> list(days(np.array([0, 5, DAY, 3 * DAY])))
    [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    """
    if not len(time):
        return
    day = time // DAY
    begins = np.flatnonzero(np.diff(day, prepend=day[:1] - 1)).tolist()
    for begin, end in zip(begins, [*begins[1:], len(time)], strict=True):
        yield slice(begin, end)


@njit(cache=True)
def look(items: Items, scale: F64, code: int, time: int, out: F64) -> None:
    """Write how far each signal of an item lies above the mean item's, as a logarithm."""
    age = max(time - items.born[code], DAY) / DAY
    passed = (time - items.last[code]) / DAY
    for k in range(len(HALF_LIVES)):
        half = HALF_LIVES[k]
        if scale[k] == 0.0:  # a shop without views
            out[k] = 0.0
            continue
        # A young item has had less time to gather what it would have.
        share = 1.0 - 0.5 ** (age / half)
        rate = items.sums[code, k] * 0.5 ** (passed / half) * math.log(2.0) / half / share
        out[k] = math.log((rate * scale[k] + FLOOR) / (1.0 + FLOOR))


@njit(cache=True)
def look_at_all(items: Items, scale: F64, time: int) -> None:
    """Write of each known item what :func:`look` tells."""
    for code in range(len(items.last)):
        if items.last[code] >= 0:
            look(items, scale, code, time, items.foreseen[code])


@njit(cache=True)
def end_day(items: Items, midnight: int) -> None:
    """Count the time in stock up to the end of a day."""
    for code in range(len(items.last)):
        if items.level[code] > 0:
            items.stocked[code] += midnight - max(items.last[code], midnight - DAY)


@njit(cache=True)
def take_in(
    items: Items,
    sums: F64,
    today: Today,
    time: I64,
    item: I32,
    kind: I8,
    quantity: I64,
    on_hand: I64,
    levels: I64,
    rates: F64,
) -> None:
    """Count events of one day; write what is on hand and foreseen right after each."""
    x = np.empty(len(HALF_LIVES))
    for e in range(len(time)):
        code, pieces = item[e], max(quantity[e], 1)
        if items.born[code] < 0:
            items.born[code] = items.last[code] = time[e]
        passed = (time[e] - items.last[code]) / DAY
        for k in range(len(HALF_LIVES)):
            items.sums[code, k] *= 0.5 ** (passed / HALF_LIVES[k])
        if items.level[code] > 0:
            items.stocked[code] += time[e] - max(items.last[code], time[e] // DAY * DAY)
        items.last[code] = time[e]
        if kind[e] == STOCK:
            items.level[code] = on_hand[e]
        else:
            signal = 0 if kind[e] == VIEW else 1 if kind[e] == CART else 2
            count = 1 if kind[e] == VIEW else pieces
            items.sums[code, signal] += count
            sums[signal] += count
            if kind[e] == PURCHASE:
                items.bought[code] += pieces
        levels[e] = items.level[code]
        if today.mean > 0.0:
            look(items, today.scale, code, time[e], x)
            log = today.weights[len(x)]
            for k in range(len(x)):
                log += today.weights[k] * x[k]
            rates[e] = today.mean * math.exp(log)
