"""Fraud by terminal: a skimmed terminal at which, for days, many transactions are fraudulent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.fraud.simulation.labels import noticed
from workbench.cases.fraud.simulation.schedule import PATTERNS, number_of
from workbench.cases.fraud.simulation.table import DAY, Transactions, generator

if TYPE_CHECKING:
    from workbench.cases.fraud.simulation.population import Population

STREAM = 3
NUMBER = number_of("compromised_terminal")
PATTERN = PATTERNS[NUMBER - 1]
SHORTEST, LONGEST = 5, 35
"""Limits of a compromise in days."""


class Compromises:
    """Which terminals are compromised, and what that does to the day's transactions.

    The hardest pattern without labels and the easiest with them: card, amount and hour are
    those of everyday use, for a clone is used like the card next to it. What tells is that
    frauds *became known* at this terminal lately, some days too late, while genuine labels of
    its past are still coming in. It follows the second scenario of the Fraud Detection Handbook
    (Le Borgne et al., 2022), with a share below one and a length that varies.

    Parameters
    ----------
    people
        Cards and terminals.
    seed, scale
        Seed of the stream, and what its rates are multiplied by.
    """

    def __init__(self, people: Population, seed: int, scale: float) -> None:
        self.seed = seed
        self.scale = scale
        size = people.area.size
        self._pull = np.diff(people.popularity)
        self._since = np.zeros(size, dtype=np.int64)
        self._until = np.zeros(size, dtype=np.int64)
        self._share = np.zeros(size)

    def day(self, table: Transactions, day: int, days: int, midnight: int) -> Transactions:
        """Begin the day's new compromises and mark frauds among its genuine transactions."""
        rng = generator(self.seed, STREAM, day)
        phase = PATTERN.phase(day, days)
        count = rng.poisson(phase.rate * self.scale)
        # The busier of two: a skimmer is put where cards come by.
        one, other = rng.integers(self._until.size, size=(2, count))
        terminal = np.where(self._pull[one] > self._pull[other], one, other)
        since = midnight + rng.integers(DAY, size=count)
        length = np.clip(rng.lognormal(np.log(15.0), 0.4, count), SHORTEST, LONGEST)
        share = phase.boldness * rng.uniform(0.5, 0.95, count)
        # A terminal that is compromised already stays as it is.
        free = self._until[terminal] <= midnight
        at = terminal[free]
        self._since[at] = since[free]
        self._until[at] = since[free] + (DAY * length[free]).astype(np.int64)
        self._share[at] = share[free]
        return self._mark(table, rng)

    def _mark(self, table: Transactions, rng: np.random.Generator) -> Transactions:
        at = table.terminal
        inside = (self._since[at] <= table.time) & (table.time < self._until[at])
        fraud = inside & (rng.random(len(table)) < self._share[at])
        delay = table.delay.copy()
        # Each owner of a skimmed card notices alone.
        delay[fraud] = noticed(int(fraud.sum()), PATTERN.median_delay, rng)
        return replace(table, pattern=np.where(fraud, NUMBER, table.pattern), delay=delay)
