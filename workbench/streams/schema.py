"""What a case's events look like: columns with kinds, units and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Kind = Literal["text", "integer", "real"]

EVENT_ID = "event_id"
EVENT_TIME = "event_time"
TIME = pl.Datetime("us", "UTC")
LABELS = pl.Schema({EVENT_ID: pl.String(), "label": pl.Int8(), "known_at": TIME})

_DTYPES: dict[Kind, type[pl.DataType]] = {
    "text": pl.String,
    "integer": pl.Int64,
    "real": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of an event.

    Parameters
    ----------
    name
        Name in streams, on topics and in plots.
    kind
        ``text``, ``integer`` (64 bit; money in minor units, fixed point) or ``real``.
    description
        One sentence for people.
    unit
        Unit of the stored value, for instance ``minor units``.
    required
        Whether a missing value sends the row to quarantine.
    required_when
        A text column and those of its values with which this one may not be missing either.
    minimum, maximum
        Inclusive limits of what is possible; a row beyond them goes to quarantine.
    discard
        What goes where a value of this column cannot be read or is impossible: the ``row`` to
        quarantine, or the ``value`` alone, which then is missing and counted. The second is for
        rows that hold many measurements, of which the others may be right.
    personal
        Whether the values identify people or their things. They are replaced by pseudonyms when
        a file is imported (:mod:`workbench.streams.pseudonyms`).
    allowed
        The only values that a text may have, letter for letter; any other sends the row to
        quarantine. Empty where any text will do.
    entity
        Whether features are kept for the values of this column.

    Examples
    --------
    >>> Column("amount", "integer", "Amount", unit="minor units", minimum=0).dtype
    Int64
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""
    required: bool = True
    required_when: tuple[str, tuple[str, ...]] | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    allowed: tuple[str, ...] = ()
    entity: bool = False
    discard: Literal["row", "value"] = "row"
    personal: bool = False

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type that holds this column."""
        return _DTYPES[self.kind]()


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a case's events, beside ``event_id`` and ``event_time``.

    Parameters
    ----------
    version
        Rises by one when a column changes its meaning.
    columns
        The fields in their order on disk.
    routing
        The entity column by which live topics are partitioned.
    """

    version: int
    columns: tuple[Column, ...]
    routing: str

    @property
    def entities(self) -> tuple[str, ...]:
        """Names of the entity columns, in their order."""
        return tuple(c.name for c in self.columns if c.entity)

    @property
    def personal(self) -> tuple[str, ...]:
        """Names of the columns that identify people or their things, in their order."""
        return tuple(c.name for c in self.columns if c.personal)

    @property
    def events(self) -> pl.Schema:
        """The Polars schema of an events part, ``event_id`` and ``event_time`` first."""
        return pl.Schema(
            {EVENT_ID: pl.String(), EVENT_TIME: TIME} | {c.name: c.dtype for c in self.columns}
        )

    def column(self, name: str) -> Column:
        """Return the column of that name; raise ``KeyError`` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
