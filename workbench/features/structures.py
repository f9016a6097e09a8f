"""Compiled building blocks of the kernel: a hash table, and values that stand for none."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.features.compiling import entry, inlined

NONE = -1
NEVER = np.iinfo(np.int64).min // 4
MISSING = np.iinfo(np.int64).min

I64 = np.ndarray[Any, np.dtype[np.int64]]

# A hash table from (owner, value) to a place, with linear probing and no tombstones.
# Columns: owner (NONE where empty), value, place.


@inlined
def _home(table: I64, owner: int, value: int) -> np.int64:
    h = np.uint64(owner) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(value)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(32)
    return np.int64(h & np.uint64(len(table) - 1))


@inlined
def find(table: I64, owner: int, value: int) -> np.int64:
    """Return the row of the entry, or the empty row where it belongs."""
    mask = len(table) - 1
    at = _home(table, owner, value)
    while table[at, 0] != NONE and (table[at, 0] != owner or table[at, 1] != value):
        at = (at + 1) & mask
    return at


@inlined
def drop(table: I64, at: np.int64) -> None:
    """Empty a row, moving later ones of its cluster up (Knuth, 6.4 R)."""
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
