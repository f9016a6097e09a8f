"""What each visitor had in the latest visits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import I32, I64, U8, called, inlined
from workbench.cases.recommend.engine.memory.counters import (
    FORGOTTEN_VISITORS,
    FREE_VISITORS,
    MOMENTS,
    VISITORS,
)
from workbench.cases.recommend.engine.memory.slots import GIVEN_UP, stale_until

KEPT = 256
"""How many of a visitor's latest interactions are kept."""


class Visitors(NamedTuple):
    """The visitors by slot.

    Attributes
    ----------
    slot_of
        The slot of each code, int32 (codes,); below 0 there is none.
    code
        The code in each slot, int32 (visitors,); -1 where it is free.
    item, visit
        The latest interactions: items (-1 is a forgotten one), and the number of the visit that
        each belongs to, int32 (visitors, 256), rings.
    length
        Interactions so far, int32.
    visits
        Visits so far, int32.
    session
        Serial number of the session of the latest visit, int64.
    moment
        The last event, int64.
    free
        Slots that are free again, int32, the last one first.
    """

    slot_of: I32
    code: I32
    item: I32
    visit: I32
    length: I32
    visits: I32
    session: I64
    moment: I64
    free: I32


def empty_visitors(visitors: int) -> Visitors:
    """Return room for so many visitors."""
    return Visitors(
        slot_of=np.zeros(0, np.int32),
        code=np.zeros(visitors, np.int32),
        item=np.zeros((visitors, KEPT), np.int32),
        visit=np.zeros((visitors, KEPT), np.int32),
        length=np.zeros(visitors, np.int32),
        visits=np.zeros(visitors, np.int32),
        session=np.zeros(visitors, np.int64),
        moment=np.zeros(visitors, np.int64),
        free=np.zeros(visitors, np.int32),
    )


@called
def add_visitor(visitors: Visitors, counters: I64, code: int) -> int:
    """Give a new visitor a slot; where there is none, forget those away for longest."""
    if counters[FREE_VISITORS] == 0 and counters[VISITORS] == len(visitors.code):
        _forget_visitors(visitors, counters)
    if counters[FREE_VISITORS] > 0:
        counters[FREE_VISITORS] -= 1
        slot: int = visitors.free[counters[FREE_VISITORS]]
    else:
        slot = counters[VISITORS]
        counters[VISITORS] += 1
    visitors.slot_of[code] = slot
    visitors.code[slot] = code
    visitors.length[slot] = 0
    visitors.visits[slot] = 0
    visitors.session[slot] = -1
    return slot


@inlined
def add_to_history(visitors: Visitors, counters: I64, slot: int, item: int, session: int) -> None:
    """Append an interaction; another session than the latest is another visit."""
    if visitors.session[slot] != session or visitors.visits[slot] == 0:
        visitors.session[slot] = session
        visitors.visits[slot] += 1
    place = visitors.length[slot] % KEPT
    visitors.item[slot, place] = item
    visitors.visit[slot, place] = visitors.visits[slot]
    visitors.length[slot] += 1
    visitors.moment[slot] = counters[MOMENTS]


@called
def _forget_visitors(visitors: Visitors, counters: I64) -> None:
    slots = len(visitors.code)
    limit = stale_until(visitors.moment, visitors.code, slots, counters[MOMENTS])
    for slot in range(slots):
        if visitors.moment[slot] <= limit:
            visitors.slot_of[visitors.code[slot]] = GIVEN_UP
            visitors.code[slot] = -1
            visitors.free[counters[FREE_VISITORS]] = slot
            counters[FREE_VISITORS] += 1
            counters[FORGOTTEN_VISITORS] += 1


@called
def forget_in_histories(visitors: Visitors, counters: I64, gone: U8) -> None:
    """Put -1 in the place of items that are gone."""
    for slot in range(counters[VISITORS]):
        for place in range(min(visitors.length[slot], KEPT)):
            item = visitors.item[slot, place]
            if item >= 0 and gone[item]:
                visitors.item[slot, place] = -1
