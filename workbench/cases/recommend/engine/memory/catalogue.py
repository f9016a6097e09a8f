"""The items: what is known about each, in slots of which there is a bounded number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import F32, F64, I32, I64, U8, called, inlined
from workbench.cases.recommend.engine.memory.counters import (
    BORN,
    FORGOTTEN_ITEMS,
    FREE_ITEMS,
    ITEMS,
    MOMENTS,
    NUMBERED,
)
from workbench.cases.recommend.engine.memory.slots import GIVEN_UP, stale_until
from workbench.detectors.recommender import WORDS

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.plan import Plan

ARRIVALS = 64
"""How many of the newest items are listed."""


BASKET_DAMPING, COSINE_DAMPING = range(2)
BASKET_PRIOR, COSINE_PRIOR = 4.0, 1.0
"""Interactions that are added to an item's own before its scores are damped."""


class Catalogue(NamedTuple):
    """What is known about items, by slot.

    Attributes
    ----------
    slot_of
        The slot of each code, int32 (codes,); below 0 there is none.
    code
        The code in each slot, int32 (items,); -1 where the slot is free.
    number
        Article numbers, int64; -1 is none.
    words
        Words of the title, int32 (items, 8); -1 is none.
    brevity
        One over the root of one more than their number, float32.
    price
        The last price, minor units, int64; -1 is unknown.
    on_hand
        The last stock level, int64; -1 is unknown, 0 is out.
    days_left
        Days until it is sold out, float64; below 0 it is unknown.
    interactions
        How many there were, float64.
    damping
        Powers of that number that scores are multiplied with, float32 (items, 2).
    openings
        How often it was the first of a session, float64.
    born, seen
        The clock at its first and last interaction, int64; seen is -1 before.
    moment
        The last event of any kind, int64.
    by_number
        Slots in the order of their article numbers, int32.
    rank
        The place of each slot in ``by_number``, int32; -1 where it has no number.
    free
        Slots that are free again, int32, the last one first.
    arrivals
        The newest items, int32 (64,), a ring; -1 is none.
    """

    slot_of: I32
    code: I32
    number: I64
    words: I32
    brevity: F32
    price: I64
    on_hand: I64
    days_left: F64
    interactions: F64
    damping: F32
    openings: F64
    born: I64
    seen: I64
    moment: I64
    by_number: I32
    rank: I32
    free: I32
    arrivals: I32


def empty_catalogue(items: int) -> Catalogue:
    """Return a catalogue with room for so many items."""
    return Catalogue(
        slot_of=np.zeros(0, np.int32),
        code=np.zeros(items, np.int32),
        number=np.zeros(items, np.int64),
        words=np.zeros((items, WORDS), np.int32),
        brevity=np.zeros(items, np.float32),
        price=np.zeros(items, np.int64),
        on_hand=np.zeros(items, np.int64),
        days_left=np.zeros(items),
        interactions=np.zeros(items),
        damping=np.zeros((items, 2), np.float32),
        openings=np.zeros(items),
        born=np.zeros(items, np.int64),
        seen=np.zeros(items, np.int64),
        moment=np.zeros(items, np.int64),
        by_number=np.zeros(items, np.int32),
        rank=np.zeros(items, np.int32),
        free=np.zeros(items, np.int32),
        arrivals=np.full(ARRIVALS, -1, np.int32),
    )


def slots_to_be(catalogue: Catalogue, counters: I64, codes: I32) -> I64:
    """Return the slots that items have or will be given, as far as there is room for new ones.

    Parameters
    ----------
    codes
        Of the items of events that will be learned, shape (n,); there is a place for each in
        ``slot_of``.

    Returns
    -------
    ndarray
        Slots of shape (m,), m <= n: from event m on a new item would find no slot.
    """
    slots = catalogue.slot_of[codes].astype(np.int64)
    new = np.flatnonzero(slots < 0)
    if not len(new):
        return slots
    _, first, which = np.unique(codes[new], return_index=True, return_inverse=True)
    # The new items in the order of their coming, as add_item() will find them.
    coming = np.argsort(np.argsort(first))[which]
    free = catalogue.free[: counters[FREE_ITEMS]][::-1]
    slots_left = np.append(free, np.arange(counters[ITEMS], len(catalogue.code)))
    none = np.flatnonzero(coming >= len(slots_left))
    end = new[none[0]] if len(none) else len(codes)
    slots[new[new < end]] = slots_left[coming[new < end]]
    return slots[:end]


@inlined
def next_slot(catalogue: Catalogue, counters: I64) -> int:
    """Return the slot that the next new item gets; there must be room."""
    free: int = counters[FREE_ITEMS]
    slot: int = catalogue.free[free - 1] if free > 0 else counters[ITEMS]
    return slot


@called
def add_item(catalogue: Catalogue, counters: I64, code: int, number: int, now: int) -> int:
    """Give a new item a slot; there must be room."""
    slot = next_slot(catalogue, counters)
    counters[FREE_ITEMS if counters[FREE_ITEMS] > 0 else ITEMS] += (
        -1 if counters[FREE_ITEMS] > 0 else 1
    )
    catalogue.slot_of[code] = slot
    catalogue.code[slot] = code
    catalogue.number[slot] = number
    catalogue.words[slot] = -1
    catalogue.brevity[slot] = np.float32(1.0)
    catalogue.price[slot] = -1
    catalogue.on_hand[slot] = -1
    catalogue.days_left[slot] = -1.0
    catalogue.interactions[slot] = 0.0
    catalogue.damping[slot] = np.float32(1.0)
    catalogue.openings[slot] = 0.0
    catalogue.born[slot] = now
    catalogue.seen[slot] = -1
    catalogue.moment[slot] = counters[MOMENTS]
    catalogue.rank[slot] = -1
    if number >= 0:
        _enter_number(catalogue, counters, slot)
    catalogue.arrivals[counters[BORN] % ARRIVALS] = slot
    counters[BORN] += 1
    return slot


@called
def count_item(catalogue: Catalogue, plan: Plan, slot: int, now: int) -> None:
    """Count an interaction with an item."""
    count = catalogue.interactions[slot] + 1.0
    catalogue.interactions[slot] = count
    catalogue.seen[slot] = now
    basket = (count + BASKET_PRIOR) ** -plan.basket_damping
    catalogue.damping[slot, BASKET_DAMPING] = np.float32(basket)
    cosine = (count + COSINE_PRIOR) ** -plan.cosine_damping
    catalogue.damping[slot, COSINE_DAMPING] = np.float32(cosine)


@inlined
def is_out(catalogue: Catalogue, slot: int) -> bool:
    """Return whether an item is known to be out of stock."""
    return bool(catalogue.on_hand[slot] == 0)


@inlined
def _enter_number(catalogue: Catalogue, counters: I64, slot: int) -> None:
    low, high = 0, counters[NUMBERED]
    while low < high:
        middle = (low + high) >> 1
        if catalogue.number[catalogue.by_number[middle]] < catalogue.number[slot]:
            low = middle + 1
        else:
            high = middle
    for place in range(counters[NUMBERED], low, -1):
        moved = catalogue.by_number[place - 1]
        catalogue.by_number[place] = moved
        catalogue.rank[moved] = place
    catalogue.by_number[low] = slot
    catalogue.rank[slot] = low
    counters[NUMBERED] += 1


@called
def choose_stale(catalogue: Catalogue, counters: I64, gone: U8) -> None:
    """Mark the sixteenth of the items that had no event for the longest time."""
    limit = stale_until(catalogue.moment, catalogue.code, counters[ITEMS], counters[MOMENTS])
    for slot in range(counters[ITEMS]):
        gone[slot] = 1 if catalogue.code[slot] >= 0 and catalogue.moment[slot] <= limit else 0


@called
def forget_items(catalogue: Catalogue, counters: I64, gone: U8) -> None:
    """Give up the slots of items that are gone."""
    for slot in range(counters[ITEMS]):
        if gone[slot]:
            catalogue.slot_of[catalogue.code[slot]] = GIVEN_UP
            catalogue.code[slot] = -1
            catalogue.rank[slot] = -1
            catalogue.free[counters[FREE_ITEMS]] = slot
            counters[FREE_ITEMS] += 1
            counters[FORGOTTEN_ITEMS] += 1
    kept = 0
    for place in range(counters[NUMBERED]):
        slot = catalogue.by_number[place]
        if not gone[slot]:
            catalogue.by_number[kept] = slot
            catalogue.rank[slot] = kept
            kept += 1
    counters[NUMBERED] = kept
    for place in range(ARRIVALS):
        slot = catalogue.arrivals[place]
        if slot >= 0 and gone[slot]:
            catalogue.arrivals[place] = -1
