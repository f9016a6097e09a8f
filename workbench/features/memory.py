"""The kernel's state: plain arrays that grow, can be saved, and can be restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.features.program import (
    FIRST_SEEN,
    GENUINE_DAY,
    JUMPED,
    LABEL_SLOTS,
    LAST_SEEN,
    MEASURED_AT,
    NEWEST,
    POSITIVE_DAY,
    PREVIOUS,
    STEADY,
    VALUE,
)
from workbench.features.structures import MISSING, NEVER, NONE, rehash

if TYPE_CHECKING:
    from workbench.features.program import Program

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

# A row of a pending event: time, place in the log, then a slot for each entity.
PENDING_TIME, PENDING_EVENT, PENDING_SLOTS = 0, 1, 2

# The counters: events absorbed, labels counted, latest time of an absorbed event, entries of
# the table, the first event that may still be looked at.
EVENTS, LABELS, CLOCK, ENTRIES, TAIL = range(5)


class Memory(NamedTuple):
    """Arrays of the state, int64 where not said otherwise.

    ``cells`` (slots, cells) and ``reals`` (slots, reals; float64): what is kept an entity.
    ``log``, its ``ratios`` (float64), and ``labels``: the latest events and known labels in
    their order; the one with number ``i`` is in row ``i`` modulo the number of rows, a power of
    two. ``cursors`` and ``label_cursors``: the first event and label in each window.
    ``table``: hash table of distinct values. ``totals`` (habits, 2): count and sum over all
    entities. ``counters``: see above. ``pending`` and ``pending_ratios`` (float64): what a label
    needs of its event.
    """

    cells: I64
    reals: F64
    log: I64
    ratios: F64
    labels: I64
    cursors: I64
    label_cursors: I64
    table: I64
    totals: I64
    counters: I64
    pending: I64
    pending_ratios: F64


def blank(program: Program) -> I64:
    """Return the cells of an entity that was never seen, one row for each entity column."""
    rows = np.zeros((len(program.entities), program.cells), np.int64)
    rows[:, [FIRST_SEEN, LAST_SEEN, GENUINE_DAY, POSITIVE_DAY]] = NEVER
    rows[:, NEWEST] = NONE
    for window in program.windows:
        for _, cell, *_ in program.extremes[window[7] : window[8]]:
            rows[window[0], cell : cell + 2] = NONE
        for _, cell in program.pasts[window[11] : window[12]]:
            rows[window[0], cell] = MISSING
    for entity, _, cell in program.measured:
        rows[entity, [cell + VALUE, cell + PREVIOUS]] = MISSING
        rows[entity, cell + MEASURED_AT] = NEVER
    for entity, _, cell, *_ in program.steadies:
        rows[entity, [cell + STEADY, cell + JUMPED]] = MISSING
    return rows


def empty(program: Program) -> Memory:
    """Return the state before the first event."""
    entities, habits = len(program.entities), len(program.habits)
    return Memory(
        cells=np.zeros((0, program.cells), np.int64),
        reals=np.zeros((0, program.reals)),
        log=np.zeros((1, program.log_columns), np.int64),
        ratios=np.zeros((1, habits)),
        labels=np.zeros((1, LABEL_SLOTS + entities), np.int64),
        cursors=np.zeros(len(program.windows), np.int64),
        label_cursors=np.zeros(len(program.label_windows), np.int64),
        table=np.full((1024, 3), NONE, np.int64),
        totals=np.zeros((habits, 2), np.int64),
        counters=np.array([0, 0, NEVER, 0, 0], np.int64),
        pending=np.zeros((0, PENDING_SLOTS + entities), np.int64),
        pending_ratios=np.zeros((0, habits)),
    )


def ensure(
    memory: Memory, program: Program, *, slots: int, events: int, labels: int, pending: int
) -> Memory:
    """Return the state with room for so many entities, further events and labels.

    Arrays grow by half at least, so that growing costs a constant share of all work.
    """
    changed: dict[str, Any] = {}
    if slots > len(memory.cells):
        rows = max(slots, len(memory.cells) * 3 // 2, 256)
        cells = _longer(memory.cells, rows)
        cells[len(memory.cells) :, LAST_SEEN] = NEVER
        changed |= {"cells": cells, "reals": _longer(memory.reals, rows)}
    first, last = int(memory.counters[TAIL]), int(memory.counters[EVENTS])
    if last - first + events > len(memory.log):
        rows = _power(last - first + events)
        changed["log"] = _turned(memory.log, first, last, rows)
        changed["ratios"] = _turned(memory.ratios, first, last, rows)
    if len(program.label_windows):
        first, last = int(memory.label_cursors.min()), int(memory.counters[LABELS])
        if last - first + labels > len(memory.labels):
            rows = _power(last - first + labels)
            changed["labels"] = _turned(memory.labels, first, last, rows)
    if len(program.distincts):
        need = 2 * (int(memory.counters[ENTRIES]) + events * len(program.distincts))
        if need > len(memory.table):
            table = np.full((_power(need), 3), NONE, np.int64)
            rehash(memory.table, table)
            changed["table"] = table
    if pending > len(memory.pending):
        rows = max(pending, len(memory.pending) * 3 // 2)
        changed |= {
            "pending": _longer(memory.pending, rows),
            "pending_ratios": _longer(memory.pending_ratios, rows),
        }
    return memory._replace(**changed) if changed else memory


def packed(memory: Memory, pending: I64) -> dict[str, npt.NDArray[Any]]:
    """Return a copy of the rows that are in use, by name; :func:`unpacked` takes them back.

    ``pending`` are the rows of the events that wait for a label; they become 0, 1, ….
    """
    log = np.arange(memory.counters[TAIL], memory.counters[EVENTS]) % len(memory.log)
    labels = np.arange(_first_label(memory), memory.counters[LABELS]) % len(memory.labels)
    used = {
        "log": log,
        "ratios": log,
        "labels": labels,
        "table": np.flatnonzero(memory.table[:, 0] != NONE),
        "pending": pending,
        "pending_ratios": pending,
    }
    return {
        name: array[used[name]] if name in used else array.copy()
        for name, array in memory._asdict().items()
    }


def unpacked(arrays: dict[str, npt.NDArray[Any]]) -> Memory:
    """Return the state behind :func:`packed`."""
    memory = Memory(**{name: array.copy() for name, array in arrays.items()})
    first, last = int(memory.counters[TAIL]), int(memory.counters[EVENTS])
    table = np.full((_power(2 * len(memory.table)), 3), NONE, np.int64)
    rehash(memory.table, table)
    return memory._replace(
        log=_ring(memory.log, first, _power(last - first)),
        ratios=_ring(memory.ratios, first, _power(last - first)),
        labels=_ring(memory.labels, _first_label(memory), _power(len(memory.labels))),
        table=table,
    )


def _first_label(memory: Memory) -> int:
    """Return the number of the first label that a window may still look at."""
    return int(min(memory.label_cursors, default=memory.counters[LABELS]))


def _power(rows: int) -> int:
    """Return the power of two that is not below a number of rows."""
    return 1 << max(0, rows - 1).bit_length()


def _longer(array: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    longer = np.zeros((rows, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _turned(ring: npt.NDArray[Any], first: int, last: int, rows: int) -> npt.NDArray[Any]:
    """Return a ring of another size with what is in it, each under its number."""
    return _ring(ring[np.arange(first, last) % len(ring)], first, rows)


def _ring(items: npt.NDArray[Any], first: int, rows: int) -> npt.NDArray[Any]:
    """Return a ring of so many rows with items that are numbered from ``first`` on."""
    ring = np.zeros((rows, items.shape[1]), items.dtype)
    ring[np.arange(first, first + len(items)) % rows] = items
    return ring
