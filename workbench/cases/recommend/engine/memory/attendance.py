"""In which of the latest sessions an item was met."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import I32, I64, U8, called, inlined

LATEST: Final = 500
"""Sessions that are kept for an item."""


class Attendance(NamedTuple):
    """Sessions by item.

    Attributes
    ----------
    session
        Serial numbers of the latest sessions with each item, int64 (items, 500), rings.
    sessions
        How many there were, int32 (items,).
    """

    session: I64
    sessions: I32


def empty_attendance(items: int) -> Attendance:
    """Return an index of nothing."""
    return Attendance(np.zeros((items, LATEST), np.int64), np.zeros(items, np.int32))


@inlined
def attend(attendance: Attendance, item: int, serial: int) -> None:
    """Note that a session met an item for the first time."""
    attendance.session[item, attendance.sessions[item] % LATEST] = serial
    attendance.sessions[item] += 1


@called
def forget_attendance(attendance: Attendance, gone: U8, items: int) -> None:
    """Forget the sessions of items that are gone."""
    for item in range(items):
        if gone[item]:
            attendance.sessions[item] = 0
