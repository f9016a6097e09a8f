"""Times in seconds, arrays, and random streams that do not depend on each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def generator(seed: int, *place: int) -> np.random.Generator:
    """Return the random stream of one part of the simulation.

    A stream for each bed and each stay makes them independent of how many numbers another one
    drew, so no way of cutting the work can change a byte.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, *place))))


def wander(time: Ints, every: float, rng: np.random.Generator) -> Reals:
    """Return smooth noise of mean 0 and variance about 1, shape (n,).

    Parameters
    ----------
    time
        Ascending or not, in seconds.
    every
        Seconds between the knots that it runs through.

    Examples
    --------
    >>> noise = wander(np.arange(0, DAY, 60), HOUR, generator(0, 1))
    >>> noise.shape, bool(abs(np.diff(noise)).max() < 0.2)
    ((1440,), True)
    """
    if not time.size:
        return np.zeros(0)
    first, last = int(time.min()), int(time.max())
    knots = np.arange(first - every, last + 2 * every, every)
    # Between two knots a straight line has 2/3 of their variance on average.
    return np.interp(time, knots, rng.normal(0.0, 1.225, knots.size))


def spells(
    begin: int, end: int, a_day: float, shortest: float, longest: float, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Draw spells at random: when each begins and ends, in seconds, ascending by beginning.

    Parameters
    ----------
    begin, end
        Between which they begin.
    a_day
        How many begin in a day, on average.
    shortest, longest
        Seconds.
    """
    count = rng.poisson(a_day * max(0, end - begin) / DAY)
    first = np.sort(rng.integers(begin, max(end, begin + 1), count))
    return first, first + rng.uniform(shortest, longest, count).astype(np.int64)


def inside(time: Ints, spell: tuple[Ints, Ints]) -> Ints:
    """Return for each time the number of the last spell that has begun, if it lasts; else -1.

    Examples
    --------
    >>> inside(np.array([0, 5, 9, 20]), (np.array([4, 15]), np.array([9, 30]))).tolist()
    [-1, 0, -1, 1]
    """
    first, last = spell
    at = np.searchsorted(first, time, side="right") - 1
    within = (at >= 0) & (time < last[at]) if first.size else np.zeros(time.size, np.bool_)
    return np.asarray(np.where(within, at, -1), np.int64)
