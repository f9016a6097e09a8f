"""Which rows are events, which are not, and why: nothing is dropped in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from workbench.streams import values
from workbench.streams.schema import EVENT_ID, EVENT_TIME, TIME

if TYPE_CHECKING:
    from collections import Counter

    from workbench.streams.mapping import FieldSource, Mapping
    from workbench.streams.schema import Column, Schema

SOURCE_ROW = "source_row"
DUPLICATE = f"duplicate {EVENT_ID}"
MALFORMED = "malformed line"

_BAD = {SOURCE_ROW: pl.Int64(), "reason": pl.String(), "row": pl.String()}


def validate(
    raw: pl.DataFrame,
    mapping: Mapping,
    schema: Schema,
    rows: pl.Series | None = None,
    refused: dict[str, pl.Series] | None = None,
    cleared: Counter[str] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Turn raw rows into events with their labels, and say of each other row what is wrong.

    A function of its arguments, one row at a time: duplicates are found by
    :func:`first_of_each`, which sees all rows.

    Parameters
    ----------
    raw
        Columns of a file, of any types, shape (n, columns). Absent ones count as missing.
    mapping
        Which column becomes what.
    schema
        The schema of the case.
    rows
        Int64, shape (n,): numbers of the rows in the file; from 0 if not given.
    refused
        Reason → where (Boolean, shape (n,)), of rows that are refused whatever is in them.
    cleared
        Counts here, by reason, the values of good rows that were set to missing because their
        column discards impossible values and not rows.

    Returns
    -------
    good : polars.DataFrame
        ``source_row``, the columns of ``schema.events``, ``label`` (Int8, null where not known),
        ``known_at`` (null where there is none) and ``pattern``; in the order given.
    bad : polars.DataFrame
        ``source_row``, ``reason`` (the first that applies, in the order refused, id, time,
        columns, label) and ``row``: the row as it was, as JSON text.

    Examples
    --------
    >>> from workbench.cases.fraud.schema import SCHEMA
    >>> from workbench.streams.mapping import Mapping
    >>> mapping = Mapping(event_time={"column": "t", "format": "unix_s"},
    ...                   columns={"card": "c", "terminal": "s", "amount": "a"})
    >>> raw = pl.DataFrame({"t": [0, 60], "c": ["A", None], "s": ["x", "y"], "a": [1999, 5]})
    >>> good, bad = validate(raw, mapping, SCHEMA)
    >>> good["amount"].to_list(), bad["reason"].to_list()
    ([1999], ['card: missing'])
    """
    numbers = rows if rows is not None else pl.int_range(raw.height, dtype=pl.Int64, eager=True)
    sheet = _Sheet(raw, numbers)
    for reason, where in (refused or {}).items():
        sheet.note(reason, where)
    sheet.add(
        EVENT_ID,
        values.text(sheet.take(mapping.event_id)) if mapping.event_id else numbers.cast(pl.String),
    )
    sheet.require(EVENT_ID)
    times, problems = values.instant(sheet.take(mapping.event_time.column), mapping.event_time)
    sheet.add(EVENT_TIME, times, problems)
    sheet.require(EVENT_TIME)
    for column in schema.columns:
        _column(sheet, column, mapping.columns.get(column.name))
    for column in schema.columns:
        if column.required_when is not None:
            other, held = column.required_when
            sheet.require(column.name, sheet.done[other].is_in(held))
    _label(sheet, mapping)
    _pattern(sheet, mapping)
    return sheet.split(cleared)


def first_of_each(good: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Put events in their total order and keep the first of each ``event_id``.

    Returns
    -------
    kept : polars.DataFrame
        In the order of (``event_time``, ``event_id``).
    repeated : polars.Series
        ``source_row`` of the others, ascending.
    """
    ordered = good.sort(EVENT_TIME, EVENT_ID, SOURCE_ROW)
    if ordered[EVENT_ID].n_unique() == ordered.height:
        return ordered, ordered[SOURCE_ROW].head(0)
    first = ordered[EVENT_ID].is_first_distinct()
    return ordered.filter(first), ordered[SOURCE_ROW].filter(~first).sort()


def bad_rows(raw: pl.DataFrame, rows: pl.Series, reason: pl.Series | str) -> pl.DataFrame:
    """Return rows as quarantine holds them: number, reason, and the row as JSON text."""
    # JSON has no bytes; hexadecimal digits keep them readable and whole.
    spelled = raw.with_columns(cs.binary().bin.encode("hex"))
    return (
        spelled.select(
            rows.cast(pl.Int64).alias(SOURCE_ROW),
            pl.lit(reason).alias("reason"),
            pl.struct(pl.all()).struct.json_encode().alias("row"),
        )
        if raw.height
        else pl.DataFrame(schema=_BAD)
    )


class _Sheet:
    """Columns that were read so far, and the first problem of each row."""

    def __init__(self, raw: pl.DataFrame, rows: pl.Series) -> None:
        self.raw = raw
        self.rows = rows
        self.done: dict[str, pl.Series] = {}
        self._reason = pl.repeat(None, raw.height, dtype=pl.String, eager=True)
        self._cleared: dict[str, pl.Series] = {}

    def take(self, name: str) -> pl.Series:
        """Return a raw column; nulls where the file has none of that name."""
        if name in self.raw.columns:
            return self.raw[name]
        return self.nothing(pl.String()).alias(name)

    def source(self, source: FieldSource) -> pl.Series:
        """Return the raw column that is declared, or what is declared to be in each row."""
        if source.column is not None:
            return self.take(source.column)
        return pl.repeat(source.value, self.raw.height, eager=True)

    def nothing(self, dtype: pl.DataType) -> pl.Series:
        return pl.repeat(None, self.raw.height, dtype=dtype, eager=True)

    def add(
        self, name: str, column: pl.Series, problems: dict[str, pl.Series] | None = None
    ) -> None:
        self.done[name] = column.alias(name)
        for what, where in (problems or {}).items():
            self.note(f"{name}: {what}", where)

    def clear(self, name: str, column: pl.Series, problems: dict[str, pl.Series]) -> None:
        """Add a column of which what has a problem is missing, whatever else is in the row."""
        for what, where in problems.items():
            column = pl.select(pl.when(~where.fill_null(False)).then(column)).to_series()
            if where.any():
                self._cleared[f"{name}: {what}"] = where
        self.add(name, column)

    def require(self, name: str, where: pl.Series | None = None) -> None:
        """Note where a column has no value; only in the rows of a mask, if one is given."""
        # What could not be read has its own reason already, noted before.
        missing = self.done[name].is_null()
        self.note(f"{name}: missing", missing if where is None else missing & where)

    def note(self, reason: str, where: pl.Series) -> None:
        if where.any():
            self._reason = pl.select(
                pl.coalesce(self._reason, pl.when(where).then(pl.lit(reason)))
            ).to_series()

    def split(self, cleared: Counter[str] | None) -> tuple[pl.DataFrame, pl.DataFrame]:
        columns = pl.DataFrame([self.rows.cast(pl.Int64).alias(SOURCE_ROW), *self.done.values()])
        wrong = self._reason.is_not_null()
        if cleared is not None:
            cleared.update({what: (where & ~wrong).sum() for what, where in self._cleared.items()})
        if not wrong.any():
            return columns, pl.DataFrame(schema=_BAD)
        bad = bad_rows(self.raw.filter(wrong), self.rows.filter(wrong), self._reason.drop_nulls())
        return columns.filter(~wrong), bad


def _column(sheet: _Sheet, column: Column, source: FieldSource | None) -> None:
    name = column.name
    if source is None:
        sheet.add(name, sheet.nothing(column.dtype))
        return
    raw = sheet.source(source)
    problems: dict[str, pl.Series] = {}
    if column.kind == "text":
        read = values.text(raw, whole=source.whole).replace(source.values)
    elif column.kind == "integer":
        read, problems = values.whole(raw, source.scale, source.offset, rounding=source.round)
    else:
        read, problems = values.real(raw, source.scale, source.offset)
    if column.minimum is not None:
        problems[f"below {column.minimum:,}"] = read < column.minimum
    if column.maximum is not None:
        problems[f"above {column.maximum:,}"] = read > column.maximum
    if column.allowed:
        problems[values.unlisted(column.allowed)] = ~read.is_in(column.allowed)
    if column.discard == "value":
        sheet.clear(name, read, problems)
    else:
        sheet.add(name, read, problems)
    if column.required:
        sheet.require(name)


def _label(sheet: _Sheet, mapping: Mapping) -> None:
    source = mapping.label
    if source is None:
        sheet.add("label", sheet.nothing(pl.Int8()))
        sheet.add("known_at", sheet.nothing(TIME))
        return
    sheet.add("label", *values.label(sheet.take(source.column), source.positive, source.rest))
    if source.known_at is None:
        sheet.add("known_at", sheet.nothing(TIME))
        return
    # When a label became known matters only where there is one.
    unlabelled = sheet.done["label"].is_null()
    known, problems = values.instant(sheet.take(source.known_at.column), source.known_at)
    sheet.add(
        "known_at",
        sheet.nothing(TIME).zip_with(unlabelled, known),
        {what: where & ~unlabelled for what, where in problems.items()},
    )
    sheet.note("known_at: before the event", sheet.done["known_at"] < sheet.done[EVENT_TIME])


def _pattern(sheet: _Sheet, mapping: Mapping) -> None:
    source = mapping.pattern
    if source is None or source.column not in sheet.raw.columns:
        sheet.add("pattern", sheet.nothing(pl.String()))
        return
    raw = values.text(sheet.raw[source.column])
    none = raw.str.to_lowercase().is_in([values.plain(value) for value in source.none])
    sheet.add("pattern", (source.prefix + raw).zip_with(~none, sheet.nothing(pl.String())))
