"""When the truth becomes known, and labels in the order in which it does."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from workbench.cases.fraud.simulation.table import DAY, HOUR, MINUTE, Ints, Transactions

GENUINE_DELAY = 7 * DAY
"""A transaction that nobody disputed for this long, in seconds, is held to be genuine."""
SHORTEST, LONGEST = HOUR, 30 * DAY
"""Limits of a fraud's label delay in seconds."""
_SPREAD = 0.7

Labels = tuple[Ints, Ints, Ints]
"""Numbers of events, labels, and when they are known (seconds since the epoch)."""


def noticed(size: int, median: float, rng: np.random.Generator) -> Ints:
    """Draw label delays of frauds in seconds, log-normal around a median in days.

    Examples
    --------
    >>> drawn = noticed(1_000, 5.0, np.random.default_rng(0))
    >>> bool(4 * DAY < np.median(drawn) < 6 * DAY), bool(drawn.max() <= LONGEST)
    (True, True)
    """
    delay = rng.lognormal(np.log(median * DAY), _SPREAD, size)
    return np.clip(delay, SHORTEST, LONGEST - MINUTE).astype(np.int64)


def known_at(table: Transactions) -> Ints:
    """Return when each label is known, seconds since the epoch.

    Frauds are entered to the minute. Genuine ones are confirmed once an hour, all together:
    a batch job, and a column that compresses.
    """
    unit = np.where(table.pattern > 0, MINUTE, HOUR)
    return np.asarray(-((table.time + table.delay) // -unit) * unit, dtype=np.int64)


class Ledger:
    """Labels that wait for their day; memory is bounded by the longest delay."""

    def __init__(self) -> None:
        self._days: dict[int, list[Labels]] = defaultdict(list)

    def add(self, number: Ints, table: Transactions) -> None:
        """Take in the labels of events that are numbered in their order."""
        known = known_at(table)
        day = known // DAY
        order = np.argsort(day, kind="stable")
        cuts = np.flatnonzero(np.diff(day[order])) + 1
        label = (table.pattern > 0).astype(np.int64)
        for rows in np.split(order, cuts) if order.size else ():
            self._days[int(day[rows[0]])].append((number[rows], label[rows], known[rows]))

    def due(self, before: int | None = None) -> Labels:
        """Hand over the labels known before a midnight, or all that are left.

        Parameters
        ----------
        before
            The midnight in seconds since the epoch.

        Returns
        -------
        Labels
            Sorted by when they are known, then by event.
        """
        days = [d for d in sorted(self._days) if before is None or d * DAY < before]
        parts = [part for d in days for part in self._days.pop(d)]
        nothing = np.empty(0, dtype=np.int64)
        number, label, known = (
            np.concatenate(column) for column in zip((nothing,) * 3, *parts, strict=True)
        )
        order = np.lexsort((number, known))
        return number[order], label[order], known[order]
