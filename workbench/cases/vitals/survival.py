"""How long it takes until something happens, where it does not happen to all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from workbench.replay.estimates import Floats, Weights


class Survival:
    """The product-limit estimate of Kaplan and Meier [1]_, for any weights of the patients.

    Parameters
    ----------
    hours
        How long each patient was observed, shape (n,).
    happened
        Whether it ended because it happened, shape (n,).

    References
    ----------
    .. [1] E. L. Kaplan, P. Meier, J. Am. Stat. Assoc. 53 (1958) 457-481.

    Examples
    --------
    To half of those still there it has happened after three hours:

    >>> free = Survival(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False]))
    >>> free.median(np.ones(4, np.uint8))
    3.0
    """

    def __init__(self, hours: Floats, happened: npt.NDArray[np.bool_]) -> None:
        self._order = np.argsort(hours, kind="stable")
        self._hours, self._starts = np.unique(hours[self._order], return_index=True)
        self._happened = happened[self._order]

    def median(self, weights: Weights) -> float:
        """Return after how long it has happened to half; ``NaN`` if it never has."""
        if not len(self._hours):
            return math.nan
        copies = weights[self._order].astype(np.int64)
        left = np.cumsum(copies[::-1])[::-1][self._starts]
        gone = np.add.reduceat(copies * self._happened, self._starts)
        share = np.ones(len(left))
        np.divide(left - gone, left, out=share, where=left > 0)
        past = np.flatnonzero(np.cumprod(share) <= 0.5)
        return float(self._hours[past[0]]) if len(past) else math.nan
