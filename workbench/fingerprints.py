"""Fingerprints of ids: 128 bits in place of text, computed without making Python objects.

The definition is our own and part of what is stored: it must never change. An id's UTF-8 bytes
are read as little-endian words of 8 bytes, the last one filled up with zeros, and one more word
is the number of bytes. Two lanes start at zero and take in one word after the other:
``first = fmix64(first ^ word)`` and ``second = mix13(second ^ word)``. ``fmix64`` is the finaliser
of MurmurHash3 (Appleby 2011), ``mix13`` that of SplitMix64 (Steele, Lea & Flood 2014).

That any two of a billion ids have the same fingerprint has a probability below 1e-20. This holds
for ids as sources make them; it is no defence against somebody who searches for such a pair.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit, uint64

U64 = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8] | bytes

_NO_BYTES = np.frombuffer(bytes(1), np.uint8)[:0]
_WORD = uint64(8)


def fingerprints(ids: pl.Series) -> U64:
    """Return the fingerprint of each id of a column, shape (n, 2).

    Raises
    ------
    ValueError
        If an id is missing: what is not there has no fingerprint.

    Examples
    --------
    >>> [f"{a:016x}{b:016x}" for a, b in fingerprints(pl.Series(["", "a"]))]
    ['00000000000000000000000000000000', '247f1eaecb8be39a4cd3b69d188e71bd']
    """
    if ids.null_count():
        raise ValueError(f"{ids.null_count()} missing value(s) in the column {ids.name!r}")
    prints = np.empty((len(ids), 2), np.uint64)
    if len(ids):
        text: Any = (ids if ids.dtype == pl.String else ids.cast(pl.String)).to_arrow()
        _, offsets, data = text.buffers()
        _fill(
            np.frombuffer(offsets, np.int64)[text.offset :],
            np.frombuffer(data, np.uint8) if data is not None and data.size else _NO_BYTES,
            prints,
        )
    return prints


def fingerprint(text: str) -> U64:
    """Return the fingerprint of one id, shape (2,).

    Examples
    --------
    >>> bool((fingerprint("a") == fingerprints(pl.Series(["a"]))).all())
    True
    """
    print_ = np.empty(2, np.uint64)
    _write(text.encode(), print_)
    return print_


@njit(cache=True, nogil=True)
def _fill(offsets: npt.NDArray[np.int64], data: Bytes, prints: U64) -> None:
    for i in range(len(prints)):
        begin, end = uint64(offsets[i]), uint64(offsets[i + 1])
        prints[i, 0], prints[i, 1] = _lanes(data, begin, end)


@njit(cache=True)
def _write(data: Bytes, print_: U64) -> None:
    print_[0], print_[1] = _lanes(data, uint64(0), uint64(len(data)))


# All unsigned: numba mixes signed and unsigned integers to floats, and looks at the sign of every
# index that has one.
@njit(cache=True, forceinline=True)
def _lanes(data: Bytes, at: np.uint64, end: np.uint64) -> tuple[np.uint64, np.uint64]:
    first = second = uint64(0)
    size, length = uint64(len(data)), end - at
    while at < end:
        word = uint64(0)
        if at + _WORD <= size:
            # The compiler makes one load of this.
            for k in range(_WORD):
                word |= uint64(data[at + k]) << (_WORD * k)
            if end - at < _WORD:
                word &= (uint64(1) << (_WORD * (end - at))) - uint64(1)
        else:
            for k in range(end - at):
                word |= uint64(data[at + k]) << (_WORD * k)
        first, second = _fmix64(first ^ word), _mix13(second ^ word)
        at += _WORD
    return _fmix64(first ^ length), _mix13(second ^ length)


@njit(cache=True)
def _fmix64(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> uint64(33))) * uint64(0xFF51AFD7ED558CCD)
    z = (z ^ (z >> uint64(33))) * uint64(0xC4CEB9FE1A85EC53)
    return z ^ (z >> uint64(33))


@njit(cache=True)
def _mix13(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))
