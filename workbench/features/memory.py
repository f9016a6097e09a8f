"""The kernel's state: plain arrays that grow, can be saved, and can be restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.features.program import (
    BEGINS,
    CURSOR,
    GENUINE_DAY,
    LABEL_COLUMNS,
    LABEL_NEWEST,
    LAST_SEEN,
    NEWEST,
    OLDEST,
    OLDEST_TIME,
    POSITIVE_DAY,
)
from workbench.features.structures import FOREVER, NEVER, NONE, chain_free, rehash

if TYPE_CHECKING:
    from workbench.features.program import Program

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

# A row of a pending event: time, sequence, then a slot and a record for each entity.
PENDING_TIME, PENDING_SEQUENCE, PENDING_SLOTS = 0, 1, 2

# The counters: events absorbed, entries of the table, latest time of an absorbed event.
SEQUENCES, ENTRIES, CLOCK = 0, 1, 2


class Memory(NamedTuple):
    """Arrays of the state, int64 where not said otherwise.

    ``cells`` (slots, cells) and ``reals`` (slots, reals; float64): what is kept an entity.
    ``pool`` and ``pool_reals`` (float64): records of events within the windows. ``labels``:
    records of known labels. ``free`` and ``label_free``: first free row, rows free.
    ``table``: hash table of distinct values. ``totals`` (habits, 2): count and sum over all
    entities. ``counters``: see above. ``pending`` and ``pending_reals`` (float64): what a label
    needs of its event.
    """

    cells: I64
    reals: F64
    pool: I64
    pool_reals: F64
    free: I64
    labels: I64
    label_free: I64
    table: I64
    totals: I64
    counters: I64
    pending: I64
    pending_reals: F64


def blank(program: Program) -> I64:
    """Return the cells of an entity that was never seen, one row for each entity column."""
    rows = np.zeros((len(program.entities), int(program.shape[0])), np.int64)
    rows[:, [LAST_SEEN, GENUINE_DAY, POSITIVE_DAY]] = NEVER
    rows[:, [NEWEST, OLDEST, LABEL_NEWEST]] = NONE
    rows[:, OLDEST_TIME] = FOREVER
    for windows in (program.windows, program.label_windows):
        rows[windows[:, 0], windows[:, 2] + CURSOR] = NONE
        rows[windows[:, 0], windows[:, 2] + BEGINS] = FOREVER
    for window in program.windows:
        for _, cell, _ in program.maxima[window[7] : window[8]]:
            rows[window[0], cell : cell + 2] = NONE
    return rows


def empty(program: Program) -> Memory:
    """Return the state before the first event."""
    _, reals, pool, _, habits, entities, _ = (int(s) for s in program.shape)
    return Memory(
        cells=np.zeros((0, int(program.shape[0])), np.int64),
        reals=np.zeros((0, reals)),
        pool=np.zeros((0, pool), np.int64),
        pool_reals=np.zeros((0, habits)),
        free=np.array([NONE, 0], np.int64),
        labels=np.zeros((0, LABEL_COLUMNS), np.int64),
        label_free=np.array([NONE, 0], np.int64),
        table=np.full((1024, 3), NONE, np.int64),
        totals=np.zeros((habits, 2), np.int64),
        counters=np.array([0, 0, NEVER], np.int64),
        pending=np.zeros((0, PENDING_SLOTS + 2 * entities), np.int64),
        pending_reals=np.zeros((0, habits)),
    )


def _longer(array: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    longer = np.zeros((rows, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


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
    records = events * int(program.entities[:, 6].sum())
    if records > memory.free[1]:
        old = len(memory.pool)
        rows = max(old + records, old * 3 // 2, 1024)
        pool = _longer(memory.pool, rows)
        chain_free(pool, memory.free, old)
        changed |= {"pool": pool, "pool_reals": _longer(memory.pool_reals, rows)}
    known = labels * int(program.entities[:, 7].sum()) if len(program.label_windows) else 0
    if known > memory.label_free[1]:
        old = len(memory.labels)
        grown = _longer(memory.labels, max(old + known, old * 3 // 2, 1024))
        chain_free(grown, memory.label_free, old)
        changed["labels"] = grown
    if len(program.distincts):
        need = 2 * (int(memory.counters[ENTRIES]) + events * len(program.distincts))
        if need > len(memory.table):
            table = np.full((1 << (need - 1).bit_length(), 3), NONE, np.int64)
            rehash(memory.table, table)
            changed["table"] = table
    if pending > len(memory.pending):
        rows = max(pending, len(memory.pending) * 3 // 2)
        changed |= {
            "pending": _longer(memory.pending, rows),
            "pending_reals": _longer(memory.pending_reals, rows),
        }
    return memory._replace(**changed) if changed else memory
