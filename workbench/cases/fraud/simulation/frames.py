"""Numbers as the text and the types of the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.cases.fraud.schema import SCHEMA
from workbench.cases.fraud.simulation.population import SIDE, Population
from workbench.cases.fraud.simulation.schedule import PATTERNS
from workbench.streams.schema import EVENT_ID, LABELS, TIME

if TYPE_CHECKING:
    from workbench.cases.fraud.simulation.labels import Labels
    from workbench.cases.fraud.simulation.table import Ints, Transactions

DIGITS = 10
"""Digits of an event id: enough for the longest stream at the largest scale."""


class Frames:
    """Writes tables as frames of the stream.

    Parameters
    ----------
    people
        Cards and terminals.

    Examples
    --------
    >>> from workbench.cases.fraud.simulation.population import populate
    >>> from workbench.cases.fraud.simulation.table import Transactions
    >>> frames = Frames(populate(seed=0, scale=0.1))
    >>> frames.events(Transactions.none().time, Transactions.none()).columns
    ['event_id', 'event_time', 'card', 'terminal', 'amount', 'area']
    """

    def __init__(self, people: Population) -> None:
        self._card = _codes("C", people.cards, 6)
        self._terminal = _codes("T", people.area.size, 6)
        self._area = _codes("A", SIDE * SIDE, 2)
        self._area_of = people.area
        self._pattern = pl.Series([p.name for p in PATTERNS])

    def events(self, number: Ints, table: Transactions) -> pl.DataFrame:
        """Return numbered transactions in the columns of the case's schema."""
        columns = {
            "event_id": _ids(number),
            "event_time": _times(table.time),
            "card": self._card.gather(table.card),
            "terminal": self._terminal.gather(table.terminal),
            "amount": pl.Series(table.amount),
            "area": self._area.gather(self._area_of[table.terminal]),
        }
        return pl.DataFrame(columns, schema=SCHEMA.events)

    def labels(self, labels: Labels) -> pl.DataFrame:
        """Return ``event_id``, ``label`` and ``known_at``."""
        number, label, known = labels
        columns = {EVENT_ID: _ids(number), "label": label, "known_at": _times(known)}
        return pl.DataFrame(columns, schema=LABELS)

    def patterns(self, number: Ints, table: Transactions) -> pl.DataFrame:
        """Return ``event_id`` and ``pattern`` of the frauds among numbered transactions."""
        fraud = table.pattern > 0
        return pl.DataFrame(
            {
                EVENT_ID: _ids(number[fraud]),
                "pattern": self._pattern.gather(table.pattern[fraud] - 1),
            }
        )


def _codes(letter: str, count: int, digits: int) -> pl.Series:
    return pl.Series([f"{letter}{k:0{digits}d}" for k in range(count)], dtype=pl.String)


def _ids(number: Ints) -> pl.Series:
    """Write numbers with leading zeros, so that their order as text is their order."""
    return pl.Series(number, dtype=pl.Int64).cast(pl.String).str.zfill(DIGITS)


def _times(seconds: Ints) -> pl.Series:
    return pl.Series(seconds * 1_000_000, dtype=pl.Int64).cast(TIME)
