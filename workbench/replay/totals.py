"""Sums by day or group, for any weights of the entities that a bootstrap resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.replay.estimates import Floats, Weights
    from workbench.replay.ranking import Indices


class Totals:
    """Sums of values by part, for any weights of their entities.

    Parameters
    ----------
    columns
        The values of each quantity, shape (n,) each.
    entity
        Codes of the entities that weights are given for, from 0, shape (n,).
    part
        Codes of the parts, from 0, shape (n,): days, or groups.
    parts
        Number of parts.

    Examples
    --------
    >>> totals = Totals([np.array([1.0, 2.0, 4.0])], np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    >>> totals(np.array([1, 3], np.uint8)).tolist()
    [[7.0], [12.0]]
    """

    def __init__(
        self, columns: Iterable[Floats | Indices], entity: Indices, part: Indices, parts: int
    ) -> None:
        width = int(entity.max(initial=-1)) + 1
        cells, place = np.unique(part * width + entity, return_inverse=True)
        sums = [np.bincount(place, column, len(cells)) for column in columns]
        self._sums: Floats = np.stack(sums, axis=1).astype(np.float64)
        self._part, self._entity = np.divmod(cells, max(width, 1))
        self._parts = parts

    def __call__(self, weights: Weights) -> Floats:
        """Return the sums of each part, shape (parts, c)."""
        totals: Floats = _weighted(self._sums, self._entity, self._part, weights, self._parts)
        return totals


@njit(cache=True)
def _weighted(sums: Floats, entity: Indices, part: Indices, weights: Weights, parts: int) -> Floats:
    """Return the weighted sums of the cells of each part, shape (parts, c)."""
    totals = np.zeros((parts, sums.shape[1]))
    for cell in range(len(sums)):
        copies = weights[entity[cell]]
        for column in range(sums.shape[1]):
            totals[part[cell], column] += copies * sums[cell, column]
    return totals
