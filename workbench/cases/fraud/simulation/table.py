"""Transactions as plain columns, and the random streams that fill them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Transactions:
    """Transactions as columns of equal length, all int64.

    Parameters
    ----------
    time
        Seconds since the epoch, UTC.
    card, terminal
        Positions in the population.
    amount
        Minor units.
    pattern
        0 for genuine, else the number of the fraud pattern (see ``schedule.PATTERNS``).
    delay
        Seconds from the transaction until its label is known.
    """

    time: Ints
    card: Ints
    terminal: Ints
    amount: Ints
    pattern: Ints
    delay: Ints

    @classmethod
    def none(cls) -> Self:
        """Return a table without rows."""
        return cls(*(np.empty(0, dtype=np.int64) for _ in fields(cls)))

    def __len__(self) -> int:
        return self.time.size

    def take(self, rows: Ints | Flags) -> Self:
        """Return the rows of those positions, or where a mask is true."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def join(cls, tables: Sequence[Transactions]) -> Self:
        """Put tables below each other.

        Examples
        --------
        >>> one = Transactions(*(np.array([k]) for k in range(6)))
        >>> Transactions.join([one, one]).card
        array([1, 1])
        """
        return cls(*(np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(cls)))


def generator(seed: int, stream: int, day: int = 0) -> np.random.Generator:
    """Return the random stream of one part of the simulator on one day.

    A stream for each part and day makes a day independent of how many numbers another one
    drew, so no way of cutting the work can change a byte.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, stream, day))))


def positions(sizes: Ints) -> Ints:
    """Count from 0 within consecutive groups of the given sizes.

    Examples
    --------
    >>> positions(np.array([2, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    starts = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(starts, sizes)


def elapsed(gaps: Reals, sizes: Ints) -> Reals:
    """Add up gaps within consecutive groups; the first of each group is at 0.

    Examples
    --------
    >>> elapsed(np.array([9.0, 1.0, 9.0, 1.0, 2.0]), np.array([2, 3])).tolist()
    [0.0, 1.0, 0.0, 1.0, 3.0]
    """
    firsts = positions(sizes) == 0
    total = np.cumsum(np.where(firsts, 0.0, gaps))
    return np.asarray(total - np.repeat(total[firsts], sizes[sizes > 0]))
