"""Frames in the form that a stream's parts have: right columns, right types, right order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from workbench.errors import StreamError
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS, TIME

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from workbench.streams.schema import Schema


def conform(
    frame: pl.DataFrame,
    wanted: Mapping[str, pl.DataType],
    required: Collection[str],
    where: str,
) -> pl.DataFrame:
    """Return the wanted columns in their order and types.

    What loses nothing is converted silently: narrower integers, categories, times in other
    units or zones (a time without a zone is UTC), integers where text is wanted. An absent
    column that is not required is filled with nulls.

    Parameters
    ----------
    frame
        The columns as they were read; others than the wanted ones are left out.
    wanted
        Column name to Polars type.
    required
        Columns that must be there and may hold no null.
    where
        The file or action, for messages.

    Raises
    ------
    StreamError
        If a required column is absent or holds a null, or a type cannot be converted.

    Examples
    --------
    >>> conform(pl.DataFrame({"n": [1]}), {"n": pl.String(), "m": pl.Int64()}, ["n"], "here").rows()
    [('1', None)]
    """
    columns = []
    for name, dtype in wanted.items():
        if name not in frame.columns:
            if name in required:
                raise StreamError.of(
                    f"{where} (no column {name!r}; it has {', '.join(frame.columns)})",
                    allowed=f"a part with the columns {', '.join(wanted)}",
                    hint="make or import the stream again",
                )
            columns.append(pl.repeat(None, frame.height, dtype=dtype, eager=True).alias(name))
            continue
        column = _convert(frame[name], dtype, where)
        if name in required and (nulls := column.null_count()):
            row = column.is_null().arg_max()
            raise StreamError.of(
                f"{where} ({nulls} missing value(s) in {name!r}, the first in row {row})",
                allowed="a value in each row",
                hint="import the source with `workbench import`, which quarantines such rows",
            )
        columns.append(column)
    return pl.DataFrame(columns)


def conform_labels(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """Return ``event_id``, ``label`` (Int8, 0 or 1) and ``known_at`` (null where absent)."""
    if frame.schema.get("label") == pl.Boolean:
        frame = frame.with_columns(pl.col("label").cast(pl.Int8))
    labels = conform(frame, LABELS, (EVENT_ID, "label"), where)
    wrong = labels.filter((pl.col("label") != 0) & (pl.col("label") != 1))
    if wrong.height:
        raise StreamError.of(
            f"{where}: the label {wrong['label'][0]} of event {wrong[EVENT_ID][0]!r}",
            allowed="0 or 1",
            hint="import the source with a mapping that says which values are positive",
        )
    return labels


def instants(times: pl.Series) -> npt.NDArray[np.int64]:
    """Return the times of a column of :data:`TIME` in µs since 1970, UTC; it may not be written to.

    What Polars itself offers runs a query for it, which takes longer than reading a small batch.

    Examples
    --------
    >>> from datetime import datetime
    >>> instants(pl.Series([datetime(1970, 1, 1, 0, 0, 1)]).cast(TIME))
    array([1000000])
    """
    ticks: npt.NDArray[np.int64] = times.to_numpy().view(np.int64)
    return ticks


def required_columns(schema: Schema) -> frozenset[str]:
    """Return the names of the columns of an events part that may hold no null."""
    return frozenset({EVENT_ID, EVENT_TIME} | {c.name for c in schema.columns if c.required})


def _convert(column: pl.Series, dtype: pl.DataType, where: str) -> pl.Series:
    given = column.dtype
    if given == dtype:
        return column
    try:
        if dtype == TIME and isinstance(given, pl.Datetime):
            if given.time_zone is None:
                column = column.dt.replace_time_zone("UTC")
            return column.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
        lossless = (
            given == pl.Null
            or (dtype.is_integer() and given.is_integer())
            or (dtype.is_float() and (given.is_integer() or given.is_float()))
            or (dtype == pl.String and (given.is_integer() or given in (pl.Categorical, pl.Enum)))
        )
        if lossless:
            return column.cast(dtype)
    except pl.exceptions.InvalidOperationError as error:
        raise StreamError.of(
            f"{where}: the column {column.name!r} ({str(error).splitlines()[0]})",
            allowed=f"values that fit {dtype}",
            hint="make or import the stream again",
        ) from None
    raise StreamError.of(
        f"{where}: the column {column.name!r} of type {given}",
        allowed=f"{dtype}",
        hint="write it with that type, or import the source with `workbench import`",
    )


class Order:
    """Watches that rows come in one total order by a time and, at the same time, by event id.

    Parameters
    ----------
    time
        Name of the time column: ``event_time`` of events, ``known_at`` of labels.

    Examples
    --------
    >>> order = Order("event_time")
    >>> rows = pl.DataFrame({"event_id": ["b", "a"], "event_time": [5, 5]})
    >>> order.check(rows, "here")
    Traceback (most recent call last):
    ...
    workbench.errors.StreamError: here (event 'a' comes after 'b' of the same time) cannot be...
    """

    def __init__(self, time: str) -> None:
        self.time = time
        self._last: pl.DataFrame | None = None

    def check(self, frame: pl.DataFrame, where: str) -> None:
        """Check the next rows against each other and against those before.

        Raises
        ------
        StreamError
            If a row is not after the one before it; a repeated row is not.
        """
        if not frame.height:
            return
        rows = frame.select(EVENT_ID, self.time)
        if self._last is not None:
            self._check(pl.concat([self._last, rows.head(1)]), where)
        self._check(rows, where)
        self._last = rows.tail(1)

    def _check(self, rows: pl.DataFrame, where: str) -> None:
        steps = np.diff(instants(rows[self.time]))
        back = np.flatnonzero(steps < 0)
        if back.size:
            at = int(back[0])
            self._refuse(rows, at, where, "which has a later time")
        ties = np.flatnonzero(steps == 0)
        if ties.size:
            ids = rows[EVENT_ID]
            wrong = (ids.gather(ties) >= ids.gather(ties + 1)).arg_true()
            if wrong.len():
                self._refuse(rows, int(ties[wrong[0]]), where, "of the same time")

    def _refuse(self, rows: pl.DataFrame, at: int, where: str, how: str) -> None:
        before, after = rows[EVENT_ID][at], rows[EVENT_ID][at + 1]
        raise StreamError.of(
            f"{where} (event {after!r} comes after {before!r} {how})",
            allowed=f"rows in the order of ({self.time}, {EVENT_ID}), each once",
            hint="sort the rows, or import the source with `workbench import`",
        )
