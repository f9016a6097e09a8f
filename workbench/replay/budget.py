"""The day's highest scores under a budget, for any weights of the entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

from workbench.replay.ranking import descending

if TYPE_CHECKING:
    from workbench.replay.estimates import Floats, Weights
    from workbench.replay.ranking import Indices, Integers


class DailyTop:
    """Rows that are taken each day, highest score first, until the budget is spent.

    Equal scores are taken in the order in which the rows are given. A row of an entity that a
    resampled stream holds twice takes two places.

    Parameters
    ----------
    day
        Codes of days from 0, shape (n,).
    score
        Higher is taken first, shape (n,).
    entity
        Codes of the entities that weights are given for, from 0, shape (n,).
    kind
        What is counted apart, from 0 (genuine) to ``kinds - 1``, shape (n,).
    budget
        Rows a day.
    kinds
        Number of kinds.
    once
        Leave out an entity on the days after one on which a row of it with a kind above 0 was
        taken. Rows are then at most one for each entity and day.

    Examples
    --------
    Two rows a day; of four, the fraud (kind 1) with score 0.7 is missed:

    >>> top = DailyTop(np.zeros(4, int), np.array([0.9, 0.8, 0.8, 0.7]), np.arange(4),
    ...                np.array([1, 0, 0, 1]), budget=2, kinds=2)
    >>> top(np.ones(4, np.uint8)), top.taken
    (array([[1, 1]]), array([ True,  True, False, False]))
    """

    def __init__(
        self,
        day: Integers,
        score: Floats,
        entity: Integers,
        kind: Integers,
        budget: int,
        kinds: int,
        *,
        once: bool = False,
    ) -> None:
        self.budget, self.kinds, self.once = budget, kinds, once
        self._order = descending(score, day)
        days = int(day.max(initial=-1)) + 1
        self._starts = np.searchsorted(day[self._order], np.arange(days + 1))
        self._entity = entity[self._order].astype(np.int32)
        self._kind = kind[self._order].astype(np.int64)

    def __call__(self, weights: Weights) -> Indices:
        """Return how many rows of each kind are taken each day, shape (days, kinds)."""
        return self._take(weights, np.empty(0, np.bool_))

    @property
    def taken(self) -> npt.NDArray[np.bool_]:
        """Which rows are taken when every entity counts once, in the given order, shape (n,)."""
        entities = int(self._entity.max(initial=-1)) + 1
        marks = np.zeros(len(self._order), np.bool_)
        self._take(np.ones(entities, np.uint8), marks)
        result = np.empty_like(marks)
        result[self._order] = marks
        return result

    def _take(self, weights: Weights, marks: npt.NDArray[np.bool_]) -> Indices:
        counts = np.zeros((len(self._starts) - 1, self.kinds), np.int64)
        _take(
            self._starts, self._entity, self._kind, weights, self.budget, self.once, counts, marks
        )
        return counts


@njit(cache=True)
def _take(
    starts: Indices,
    entity: npt.NDArray[np.int32],
    kind: Indices,
    weights: Weights,
    budget: int,
    once: bool,
    counts: Indices,
    marks: npt.NDArray[np.bool_],
) -> None:
    """Fill ``counts``, and ``marks`` where it has room for the rows."""
    gone = np.zeros(len(weights), np.bool_)
    for day in range(len(starts) - 1):
        left = budget
        i = starts[day]
        while left > 0 and i < starts[day + 1]:
            copies = min(int(weights[entity[i]]), left)
            if copies > 0 and not gone[entity[i]]:
                counts[day, kind[i]] += copies
                left -= copies
                if once and kind[i] > 0:
                    gone[entity[i]] = True
                if len(marks):
                    marks[i] = True
            i += 1
