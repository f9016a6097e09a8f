"""Many messages at once, as the columns of a frame: the fast way, where nothing is amiss.

What is checked here is checked of a whole column and therefore cheap, and every doubt is
:class:`Doubtful`: then the messages are read one by one (:mod:`~workbench.live.messages`), which
alone decides what is bad and why. So the fast way may refuse what is good, and must not take
anything that the careful way would refuse or read otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

from workbench.live.clients import LARGEST
from workbench.live.fields import AHEAD, LONGEST_ID, BadMessage, read_time, read_times
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS, TIME
from workbench.streams.values import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from workbench.streams.schema import Column, Schema

    I64 = npt.NDArray[np.int64]

_NONE = type(None)
_QUOTE, _COLON, _BRACE, _SPACE = b'":{ '


class Doubtful(Exception):
    """Something that has to be looked at message by message."""


def events(values: Sequence[bytes | None], written: I64, schema: Schema) -> pl.DataFrame:
    """Read events.

    Parameters
    ----------
    values
        The messages.
    written
        When they were written (µs), shape (n,).
    schema
        Of the events.

    Raises
    ------
    Doubtful
        If one of them might be bad.
    """
    found = _objects(values)
    columns = [_ids(found), _times(found, EVENT_TIME, written)]
    columns += [_column([one.get(c.name) for one in found], c) for c in schema.columns]
    frame = pl.DataFrame(columns)
    for column in schema.columns:
        if column.required_when is not None:
            other, held = column.required_when
            if (frame[column.name].is_null() & frame[other].is_in(held)).any():
                raise Doubtful
    return frame


def labels(values: Sequence[bytes | None], written: I64) -> pl.DataFrame:
    """Read labels.

    Raises
    ------
    Doubtful
        If one of them might be bad.
    """
    found = _objects(values)
    content = [one.get("label") for one in found]
    _check(set(map(type, content)) <= {int, bool} and set(content) <= {0, 1})
    label = pl.Series("label", np.array(content, np.int8))
    return pl.DataFrame([_ids(found), label, _times(found, "known_at", written)], LABELS)


def _check(condition: object) -> None:
    if not condition:
        raise Doubtful


def _objects(values: Sequence[bytes | None]) -> list[dict[str, Any]]:
    """Return the JSON objects of messages, none of which holds another or a name twice."""
    try:
        _check(max(map(len, values)) <= LARGEST)  # type: ignore[arg-type]  # None: the TypeError
        found = list(map(orjson.loads, values))  # type: ignore[arg-type]  # likewise
        signs = np.frombuffer(b"\n".join(values), np.uint8)  # type: ignore[arg-type]  # likewise
    except (TypeError, orjson.JSONDecodeError):
        raise Doubtful from None
    _check(set(map(type, found)) == {dict})
    _check(np.count_nonzero(signs == _BRACE) == len(found) and ord("[") not in signs)
    # In compact JSON a name is what ends with ": and there are as many as entries, if none comes
    # twice. A quote before a space or a line's end may belong to a name as well.
    after_quotes = signs[1:][signs[:-1] == _QUOTE]
    _check(np.count_nonzero(after_quotes == _COLON) == sum(map(len, found)))
    _check(not (after_quotes <= _SPACE).any())
    return found


def _texts(found: Sequence[dict[str, Any]], name: str) -> list[str]:
    texts: list[Any] = [one.get(name) for one in found]
    _check(set(map(type, texts)) == {str})
    return texts


def _ids(found: Sequence[dict[str, Any]]) -> pl.Series:
    ids = _texts(found, EVENT_ID)
    _check("" not in ids and max(map(len, ids)) <= LONGEST_ID)
    return pl.Series(EVENT_ID, ids, pl.String)


def _times(found: Sequence[dict[str, Any]], name: str, written: I64) -> pl.Series:
    texts = _texts(found, name)
    times = read_times(texts)
    if times is None:  # RFC 3339 has other spellings
        try:
            times = np.array([read_time(text, name) for text in texts], np.int64)
        except BadMessage:
            raise Doubtful from None
    _check((times >= EARLIEST).all() and (times < LATEST).all())
    _check((times <= written + AHEAD).all())
    return pl.Series(name, times).cast(TIME)


def _column(values: list[Any], column: Column) -> pl.Series:
    kinds = set(map(type, values))
    if column.kind == "text":
        if "" in values:
            values = [value or None for value in values]
            kinds.add(_NONE)
        _check(kinds <= {str, _NONE})
        _check(not column.allowed or set(values) <= {*column.allowed, None})
    elif column.kind == "integer":
        _check(kinds <= {int, _NONE})
    else:
        _check(kinds <= {int, float, _NONE})
        if int in kinds:
            values = [None if value is None else float(value) for value in values]
    _check(not column.required or _NONE not in kinds)
    try:
        series = pl.Series(column.name, values, column.dtype)
    except (OverflowError, TypeError):  # an integer of more than 64 bits
        raise Doubtful from None
    _check_limits(series, column)
    return series


def _check_limits(series: pl.Series, column: Column) -> None:
    lowest, highest = series.min(), series.max()
    if lowest is not None and highest is not None:  # as where all are missing
        _check(column.minimum is None or lowest >= column.minimum)  # type: ignore[operator]  # numbers
        _check(column.maximum is None or highest <= column.maximum)  # type: ignore[operator]  # numbers
