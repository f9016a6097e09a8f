"""Numbers by fingerprint: a hash table that is asked for a whole batch in one compiled call."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit, uint64

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

ABSENT = -1
# Columns of the table: a fingerprint, and its number plus one, so that empty rows are zeros.
FIRST, SECOND, NUMBER = range(3)
_FEW = 1024


class Numbering:
    """Fingerprints, each with a number from 0: like a dict, only for batches.

    Open addressing with linear probing, at most half full. What is removed leaves no gap, so that
    a table in which ids come and go does not wear out.

    Examples
    --------
    >>> import polars as pl
    >>> from workbench.fingerprints import fingerprints
    >>> numbering, prints = Numbering(), fingerprints(pl.Series(["a", "b"]))
    >>> numbering.add(prints, np.array([7, 8]))
    2
    >>> numbering.remove(prints[:1]), numbering.find(prints), len(numbering)
    (array([7]), array([-1,  8]), 1)
    """

    def __init__(self) -> None:
        self._table = _empty(_FEW)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, print_: U64) -> bool:
        return bool(_has(self._table, print_))

    def find(self, prints: U64) -> I64:
        """Return the numbers of fingerprints of shape (n, 2); ABSENT where there is none."""
        found = np.empty(len(prints), np.int64)
        _find(self._table, prints, found)
        return found

    def add(self, prints: U64, numbers: I64) -> int:
        """Add fingerprints up to the first that is there already; return how many were added."""
        self._ensure(len(prints))
        added = int(_add(self._table, prints, numbers))
        self._count += added
        return added

    def assign(self, prints: U64, fresh: I64) -> tuple[I64, int]:
        """Return the numbers of fingerprints; the unknown ones get the fresh numbers in order.

        Returns
        -------
        numbers : ndarray
            Shape (n,).
        used : int
            How many of the fresh numbers were used.
        """
        self._ensure(len(prints))
        found = np.empty(len(prints), np.int64)
        used = int(_assign(self._table, prints, fresh, found))
        self._count += used
        return found, used

    def remove(self, prints: U64) -> I64:
        """Remove fingerprints and return the numbers that they had; ABSENT where none was."""
        found = np.empty(len(prints), np.int64)
        self._count -= int(_remove(self._table, prints, found))
        return found

    def items(self) -> tuple[U64, I64]:
        """Return all fingerprints and their numbers, in no particular order."""
        used = self._table[self._table[:, NUMBER] != 0]
        return used[:, :NUMBER].copy(), used[:, NUMBER].astype(np.int64) - 1

    def _ensure(self, more: int) -> None:
        rows = 2 * (self._count + more)
        if rows > len(self._table):
            table = _empty(1 << (rows - 1).bit_length())
            _move(self._table, table)
            self._table = table


def _empty(rows: int) -> U64:
    return np.zeros((rows, 3), np.uint64)


@njit(cache=True)
def _row(table: U64, first: np.uint64, second: np.uint64) -> np.uint64:
    """Return the row of a fingerprint, or the empty row where it belongs."""
    mask = uint64(len(table) - 1)
    row = first & mask
    while table[row, NUMBER] != 0 and (table[row, FIRST] != first or table[row, SECOND] != second):
        row = (row + uint64(1)) & mask
    return row


@njit(cache=True)
def _put(table: U64, row: np.uint64, first: np.uint64, second: np.uint64, last: np.uint64) -> None:
    table[row, FIRST] = first
    table[row, SECOND] = second
    table[row, NUMBER] = last


@njit(cache=True)
def _has(table: U64, print_: U64) -> bool:
    return bool(table[_row(table, print_[0], print_[1]), NUMBER] != 0)


@njit(cache=True, nogil=True)
def _find(table: U64, prints: U64, found: I64) -> None:
    for i in range(len(prints)):
        row = _row(table, prints[i, 0], prints[i, 1])
        found[i] = np.int64(table[row, NUMBER]) - 1


@njit(cache=True, nogil=True)
def _add(table: U64, prints: U64, numbers: I64) -> int:
    for i in range(len(prints)):
        row = _row(table, prints[i, 0], prints[i, 1])
        if table[row, NUMBER] != 0:
            return i
        _put(table, row, prints[i, 0], prints[i, 1], uint64(numbers[i] + 1))
    return len(prints)


@njit(cache=True, nogil=True)
def _assign(table: U64, prints: U64, fresh: I64, found: I64) -> int:
    used = 0
    for i in range(len(prints)):
        row = _row(table, prints[i, 0], prints[i, 1])
        if table[row, NUMBER] == 0:
            _put(table, row, prints[i, 0], prints[i, 1], uint64(fresh[used] + 1))
            used += 1
        found[i] = np.int64(table[row, NUMBER]) - 1
    return used


@njit(cache=True, nogil=True)
def _remove(table: U64, prints: U64, found: I64) -> int:
    removed = 0
    mask = uint64(len(table) - 1)
    for i in range(len(prints)):
        hole = _row(table, prints[i, 0], prints[i, 1])
        found[i] = np.int64(table[hole, NUMBER]) - 1
        if table[hole, NUMBER] == 0:
            continue
        removed += 1
        # Later rows that would no longer be found move up (Knuth, 6.4 R).
        row = (hole + uint64(1)) & mask
        while table[row, NUMBER] != 0:
            home = table[row, FIRST] & mask
            if ((row - home) & mask) >= ((row - hole) & mask):
                _put(table, hole, table[row, 0], table[row, 1], table[row, 2])
                hole = row
            row = (row + uint64(1)) & mask
        table[hole, NUMBER] = 0
    return removed


@njit(cache=True, nogil=True)
def _move(old: U64, new: U64) -> None:
    for i in range(len(old)):
        if old[i, NUMBER] != 0:
            row = _row(new, old[i, FIRST], old[i, SECOND])
            _put(new, row, old[i, FIRST], old[i, SECOND], old[i, NUMBER])
