"""Random numbers that depend on nothing but what they are asked for: no cut changes them."""

from __future__ import annotations

import numpy as np
from numba import njit

from workbench.cases.recommend.engine.compiled import inlined


@inlined
def mixed(seed: int, number: int) -> np.uint64:
    """Return 64 random bits of a pair of numbers (SplitMix64, Steele et al., 2014)."""
    z = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + np.uint64(number)
    z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint64(z ^ (z >> np.uint64(31)))


@inlined
def fraction(seed: int, number: int) -> np.float64:
    """Return a random number from 0 to below 1."""
    return np.float64(mixed(seed, number) >> np.uint64(11)) * 2.0**-53


@inlined
def below(limit: int, seed: int, number: int) -> int:
    """Return a random whole number from 0 to below ``limit``."""
    return int(fraction(seed, number) * limit)


@njit(cache=True)
def draw_below(limit: int, seed: int, number: int) -> int:
    """Return :func:`below` to callers in Python."""
    return below(limit, seed, number)
