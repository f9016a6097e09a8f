"""Slots of sessions, visitors and items behind the codes that a caller gives."""

from __future__ import annotations

import numpy as np

from workbench.cases.recommend.engine.compiled import I32, I64, inlined

UNKNOWN = -1  # a code that holds no slot
GIVEN_UP = -2  # the same, and nobody has been told yet

SHARE = 16
"""One in so many slots is given up when a new visitor or item finds none."""


def longer(slot_of: I32, highest: int) -> I32:
    """Return the slots by code, with room for codes up to ``highest``."""
    if highest < len(slot_of):
        return slot_of
    more = max(highest + 1, len(slot_of) * 3 // 2) - len(slot_of)
    return np.append(slot_of, np.full(more, UNKNOWN, np.int32))


def told(slot_of: I32) -> I32:
    """Return the codes that were given up since the last call."""
    codes = np.flatnonzero(slot_of == GIVEN_UP).astype(np.int32)
    slot_of[codes] = UNKNOWN
    return codes


@inlined
def slot_behind(slot_of: I32, code: int) -> int:
    """Return the slot behind a code, -1 where there is none."""
    if code < 0 or code >= len(slot_of):
        return -1
    slot: int = slot_of[code]
    return max(slot, -1)


@inlined
def stale_until(moment: I64, code: I32, slots: int, now: int) -> int:
    """Return the moment up to which one in sixteen of the slots in use had its last event.

    ``moment`` (slots,) has no value twice among those in use, whose ``code`` is not below 0.
    """
    used = 0
    for slot in range(slots):
        used += 1 if code[slot] >= 0 else 0
    wanted = max(used // SHARE, 1)
    low, high = -1, now
    while low + 1 < high:
        middle = (low + high) >> 1
        count = 0
        for slot in range(slots):
            count += 1 if code[slot] >= 0 and moment[slot] <= middle else 0
        if count >= wanted:
            high = middle
        else:
            low = middle
    return high
