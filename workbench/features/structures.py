"""Compiled building blocks of the kernel: linked lists in a pool, and a hash table.

Records live in rows of one growing array; freed rows are chained and used again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.features.compiling import entry, inlined

NONE = -1
NEVER = np.iinfo(np.int64).min // 4
FOREVER = np.iinfo(np.int64).max // 4
MISSING = np.iinfo(np.int64).min

# Columns of a pool row that every list uses: the record's time, its neighbours (or NONE), and
# the time of the newer one (or FOREVER), which spares a look at it.
TIME, NEWER, OLDER, NEXT = 0, 1, 2, 3

I64 = np.ndarray[Any, np.dtype[np.int64]]


@inlined
def take(pool: I64, free: I64) -> int:
    """Take a row from the pool; ``free`` is (first free row, rows free)."""
    row = free[0]
    free[0] = pool[row, NEWER]
    free[1] -= 1
    return int(row)


@inlined
def give(pool: I64, free: I64, row: int) -> None:
    """Give a row back to the pool."""
    pool[row, NEWER] = free[0]
    free[0] = row
    free[1] += 1


def chain_free(pool: I64, free: I64, first: int) -> None:
    """Put the rows from ``first`` to the end of the pool in front of the free ones."""
    last = len(pool) - 1
    pool[first:, NEWER] = np.arange(first + 1, last + 2)
    pool[last, NEWER] = free[0]
    free[0] = first
    free[1] += last + 1 - first


# A hash table from (owner, value) to a record, with linear probing and no tombstones.
# Columns: owner (NONE where empty), value, record.


@inlined
def _home(table: I64, owner: int, value: int) -> np.int64:
    h = np.uint64(owner) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(value)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(32)
    return np.int64(h & np.uint64(len(table) - 1))


@inlined
def find(table: I64, owner: int, value: int) -> np.int64:
    """Return the place of the entry, or of the empty cell where it belongs."""
    mask = len(table) - 1
    at = _home(table, owner, value)
    while table[at, 0] != NONE and (table[at, 0] != owner or table[at, 1] != value):
        at = (at + 1) & mask
    return at


@inlined
def drop(table: I64, at: np.int64) -> None:
    """Remove the entry at a place, moving later ones of its cluster up (Knuth, 6.4 R)."""
    mask = len(table) - 1
    hole = at
    probe = (at + 1) & mask
    while table[probe, 0] != NONE:
        home = _home(table, table[probe, 0], table[probe, 1])
        if ((probe - home) & mask) >= ((probe - hole) & mask):
            for c in range(3):
                table[hole, c] = table[probe, c]
            hole = probe
        probe = (probe + 1) & mask
    table[hole, 0] = NONE


@entry
def rehash(old: I64, new: I64) -> None:
    """Move all entries into a larger, empty table."""
    for i in range(len(old)):
        if old[i, 0] != NONE:
            at = find(new, old[i, 0], old[i, 1])
            for c in range(3):
                new[at, c] = old[i, c]
