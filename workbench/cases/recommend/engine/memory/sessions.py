"""What happened in each of the latest sessions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import I8, I32, I64, U8, called, inlined
from workbench.cases.recommend.engine.memory.counters import (
    FORGOTTEN_SESSIONS,
    SESSIONS,
)
from workbench.cases.recommend.engine.memory.slots import GIVEN_UP
from workbench.cases.recommend.engine.plan import DIFFERENT, LOOKED_AT

STEPS = LOOKED_AT
"""How many events of a session are kept in their order."""


class Sessions(NamedTuple):
    """The latest sessions; a new one takes the slot of the one that began longest ago.

    Attributes
    ----------
    slot_of
        The slot of each code, int32 (codes,); below 0 there is none.
    code
        1 + the code in each slot, int32 (sessions,); 0 where it was never in use.
    serial
        The session's number in the order of beginning, int64.
    step
        Items of the last 64 events, int32 (sessions, 64), a ring; -1 is a forgotten one.
    length
        Events that were learned, int32.
    item
        The last 128 different items, int32 (sessions, 128), a ring; -1 is a forgotten one.
    furthest
        The furthest kind of event of each of them (view, cart, purchase), int8.
    different
        Different items so far, int32.
    capped
        1 where it went on after it was too long to learn from, uint8.
    """

    slot_of: I32
    code: I32
    serial: I64
    step: I32
    length: I32
    item: I32
    furthest: I8
    different: I32
    capped: U8


def empty_sessions(sessions: int) -> Sessions:
    """Return room for so many sessions."""
    return Sessions(
        slot_of=np.zeros(0, np.int32),
        code=np.zeros(sessions, np.int32),
        serial=np.zeros(sessions, np.int64),
        step=np.zeros((sessions, STEPS), np.int32),
        length=np.zeros(sessions, np.int32),
        item=np.zeros((sessions, DIFFERENT), np.int32),
        furthest=np.zeros((sessions, DIFFERENT), np.int8),
        different=np.zeros(sessions, np.int32),
        capped=np.zeros(sessions, np.uint8),
    )


@called
def begin_session(sessions: Sessions, counters: I64, code: int) -> int:
    """Give a new session a slot."""
    serial: int = counters[SESSIONS]
    counters[SESSIONS] += 1
    slot = serial % len(sessions.code)
    if sessions.code[slot] > 0:
        sessions.slot_of[sessions.code[slot] - 1] = GIVEN_UP
        counters[FORGOTTEN_SESSIONS] += 1
    sessions.slot_of[code] = slot
    sessions.code[slot] = code + 1
    sessions.serial[slot] = serial
    sessions.length[slot] = 0
    sessions.different[slot] = 0
    sessions.capped[slot] = 0
    return slot


@inlined
def latest_step(sessions: Sessions, slot: int, back: int) -> int:
    """Return the item of the event that is so many back, from 0; -1 if it is forgotten."""
    item: int = sessions.step[slot, (sessions.length[slot] - 1 - back) % STEPS]
    return item


@inlined
def place_in_session(sessions: Sessions, slot: int, item: int) -> int:
    """Return where an item stands among the different ones of a session, -1 if it does not."""
    for place in range(min(sessions.different[slot], DIFFERENT)):
        if sessions.item[slot, place] == item:
            return place
    return -1


@inlined
def add_step(sessions: Sessions, slot: int, item: int) -> None:
    """Append an event to a session."""
    sessions.step[slot, sessions.length[slot] % STEPS] = item
    sessions.length[slot] += 1


@inlined
def add_different(sessions: Sessions, slot: int, item: int, kind: int) -> None:
    """Append an item that the session did not have."""
    place = sessions.different[slot] % DIFFERENT
    sessions.item[slot, place] = item
    sessions.furthest[slot, place] = kind
    sessions.different[slot] += 1


@called
def forget_in_sessions(sessions: Sessions, gone: U8) -> None:
    """Put -1 in the place of items that are gone."""
    for slot in range(len(sessions.code)):
        for place in range(min(sessions.length[slot], STEPS)):
            item = sessions.step[slot, place]
            if item >= 0 and gone[item]:
                sessions.step[slot, place] = -1
        for place in range(min(sessions.different[slot], DIFFERENT)):
            item = sessions.item[slot, place]
            if item >= 0 and gone[item]:
                sessions.item[slot, place] = -1
