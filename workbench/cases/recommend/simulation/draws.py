"""Random streams, and draws by weight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NONE = -1
"""Where there is no article, no visitor, no session."""


def generator(seed: int, part: int, day: int = 0) -> np.random.Generator:
    """Return the random stream of one part of the simulator on one day.

    A stream for each part and day makes a day independent of how many numbers another one
    drew, so no way of cutting the work can change a byte.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, part, day))))


def weighted(weights: Reals, size: int | tuple[int, ...], rng: np.random.Generator) -> Ints:
    """Draw positions with probabilities in proportion to their weights.

    Examples
    --------
    >>> weighted(np.array([0.0, 1.0, 0.0]), 3, np.random.default_rng(0)).tolist()
    [1, 1, 1]
    """
    running = np.cumsum(weights)
    at = np.searchsorted(running, rng.random(size) * running[-1], side="right")
    # Rounding may lead to the end.
    return np.asarray(np.minimum(at, len(weights) - 1))
