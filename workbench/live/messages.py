"""Messages on topics: JSON objects with the schema's field names, in UTF-8.

Times are RFC 3339 with microseconds and ``Z``; floats are written so that they read back bit for
bit; the key is the case's routing entity. What is not so is bad, and says why in the words of
the importer.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from workbench.durations import DAY
from workbench.live.clients import LARGEST
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS
from workbench.streams.values import EARLIEST, LATEST, NO_NUMBER, NO_TIME, NOT_WHOLE, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.streams.schema import Column, Schema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: RFC 3339 with microseconds, in the words of Polars.
_SPELLED = "%Y-%m-%dT%H:%M:%S%.6fZ"
_MICROSECOND = timedelta(microseconds=1)
_INT64 = 1 << 63
#: The longest event id (characters): it is committed beside offsets, where room is scarce.
LONGEST_ID = 256
#: Where a name may be followed by something else than ``":``; compact JSON has none.
_SPACED = re.compile(rb'"[\n\t\r]')
#: How far an event may lie after the moment at which its message was written (µs).
AHEAD = DAY


class BadMessage(Exception):
    """A message that cannot be used; its text is the reason, as quarantine has it."""


class Event(NamedTuple):
    """An event as it came: time (µs since 1970, UTC), id, and the values of the schema's columns.

    Events compare by time and id: the total order.
    """

    time: int
    event_id: str
    values: tuple[Any, ...]


class Label(NamedTuple):
    """A label as it came: when it became known (µs), of which event, and 0 or 1."""

    known_at: int
    event_id: str
    label: int


def spell(time: int) -> str:
    """Write a time (µs since 1970, UTC).

    Examples
    --------
    >>> spell(1_522_540_800_000_000)
    '2018-04-01T00:00:00.000000Z'
    """
    moment = (_EPOCH + time * _MICROSECOND).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"


def spell_all(times: npt.NDArray[np.int64]) -> list[str]:
    """Write times (µs since 1970, UTC), shape (n,), much faster than one by one.

    Examples
    --------
    >>> spell_all(np.array([1_522_540_800_000_000]))
    ['2018-04-01T00:00:00.000000Z']
    """
    return [f"{text}Z" for text in np.datetime_as_string(times.astype("M8[us]")).tolist()]


def read_time(text: Any, name: str, written: int = LATEST) -> int:
    """Read a time as microseconds since 1970, UTC.

    Parameters
    ----------
    text
        RFC 3339, with a zone.
    name
        The field's name.
    written
        When the message was written (µs); no time of ours lies more than a day after it.

    Raises
    ------
    BadMessage
        If it is missing, no such time, or an impossible one.

    Examples
    --------
    >>> read_time("2018-04-01T00:00:00.000001Z", "event_time")
    1522540800000001
    """
    if text is None:
        raise BadMessage(f"{name}: missing")
    try:
        # fromisoformat also takes forms of ISO 8601 that RFC 3339 has not.
        moment = datetime.fromisoformat(text) if len(text) >= 20 and text[10] in "Tt " else None
        # A time without a zone cannot be subtracted: a TypeError.
        time = (moment - _EPOCH) // _MICROSECOND  # type: ignore[operator]  # None: the same
    except (TypeError, ValueError, OverflowError):
        raise BadMessage(f"{name}: {NO_TIME}") from None
    if not EARLIEST <= time < LATEST:
        raise BadMessage(f"{name}: {OUTSIDE}")
    if time > written + AHEAD:
        raise BadMessage(f"{name}: more than a day after the message was written")
    return time


def decode(value: bytes | None) -> dict[str, Any]:
    """Return the JSON object of a message.

    Raises
    ------
    BadMessage
        If it is empty (a tombstone), too large, no JSON object, or has a name twice.
    """
    if value is None:
        raise BadMessage("no value (a tombstone)")
    if len(value) > LARGEST:
        raise BadMessage(f"larger than {LARGEST:,} bytes")
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise BadMessage("not JSON in UTF-8") from None
    if type(document) is not dict:
        raise BadMessage("not a JSON object")
    # orjson keeps the last of equal names. Where there seem to be more names than entries, the
    # slow reader decides.
    if value.count(b'":') > len(document) or b'" ' in value or _SPACED.search(value):
        json.loads(value, object_pairs_hook=_unrepeated)
    return document


def flat(value: bytes | None) -> dict[str, Any]:
    """Return the JSON object of a message that holds no others.

    Raises
    ------
    BadMessage
        If it is none, or a field holds an object or a list.
    """
    document = decode(value)
    if value is not None and (value.find(b"{", 1) >= 0 or b"[" in value):  # or a text has one
        for name, content in document.items():
            if type(content) in (dict, list):
                raise BadMessage(f"{name[:64]}: not a single value")
    return document


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadMessage("a name that comes twice")
    return found


def text(value: Any, name: str) -> str:
    """Return a text that is not empty.

    Raises
    ------
    BadMessage
        If it is missing or no text.
    """
    if value is None or value == "":
        raise BadMessage(f"{name}: missing")
    if type(value) is not str:
        raise BadMessage(f"{name}: not text")
    return value


def read_id(value: Any) -> str:
    """Return an event id: a text that is not too long.

    Raises
    ------
    BadMessage
        If it is missing, no text, or too long.
    """
    event_id = text(value, EVENT_ID)
    if len(event_id) > LONGEST_ID:
        raise BadMessage(f"{EVENT_ID}: larger than {LONGEST_ID} characters")
    return event_id


class EventCodec:
    """Events of a case as messages, and back.

    Parameters
    ----------
    schema
        The case's schema.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.routing = [c.name for c in schema.columns].index(schema.routing)

    def decode(self, value: bytes | None, written: int) -> Event:
        """Read an event from a message.

        Parameters
        ----------
        value
            The message.
        written
            When it was written (µs), by the record's time stamp.

        Raises
        ------
        BadMessage
            If it cannot be used.
        """
        document = flat(value)
        get = document.get
        event_id = read_id(get(EVENT_ID))
        time = read_time(get(EVENT_TIME), EVENT_TIME, written)
        return Event(time, event_id, tuple([_value(get(c.name), c) for c in self.schema.columns]))

    def frame(self, events: Sequence[Event]) -> pl.DataFrame:
        """Return events as a frame with the schema's types."""
        if not events:
            return pl.DataFrame(schema=self.schema.events)
        times, ids, values = zip(*events, strict=True)
        columns = zip(*values, strict=True)
        series = [pl.Series(EVENT_ID, ids, pl.String)]
        series.append(_times(EVENT_TIME, times))
        for column, content in zip(self.schema.columns, columns, strict=True):
            series.append(pl.Series(column.name, content, column.dtype))
        return pl.DataFrame(series)

    def encode(self, frame: pl.DataFrame) -> tuple[list[bytes], list[bytes]]:
        """Return the keys and messages of a frame's events."""
        rows = frame.select(self.schema.events.names()).with_columns(
            frame[EVENT_TIME].dt.strftime(_SPELLED)
        )
        keys = [key.encode() for key in frame[self.schema.routing].to_list()]
        return keys, [orjson.dumps(row) for row in rows.iter_rows(named=True)]

    def entity(self, event: Event) -> str:
        """Return the routing entity of an event."""
        return str(event.values[self.routing])


def _value(value: Any, column: Column) -> Any:
    if column.kind == "text":
        if value is None or value == "":
            if column.required:
                raise BadMessage(f"{column.name}: missing")
            return None
        if type(value) is not str:
            raise BadMessage(f"{column.name}: not text")
        return value
    if value is None:
        if column.required:
            raise BadMessage(f"{column.name}: missing")
        return None
    if column.kind == "integer":
        if type(value) is not int:
            raise BadMessage(f"{column.name}: {NOT_WHOLE if type(value) is float else NO_NUMBER}")
        if not -_INT64 <= value < _INT64:
            raise BadMessage(f"{column.name}: {NO_NUMBER}")
    elif type(value) is int:
        value = float(value)
    elif type(value) is not float:
        raise BadMessage(f"{column.name}: {NO_NUMBER}")
    if column.minimum is not None and value < column.minimum:
        raise BadMessage(f"{column.name}: below {column.minimum:,}")
    if column.maximum is not None and value > column.maximum:
        raise BadMessage(f"{column.name}: above {column.maximum:,}")
    return value


def decode_label(value: bytes | None, written: int) -> Label:
    """Read a label from a message.

    Raises
    ------
    BadMessage
        If it cannot be used.

    Examples
    --------
    >>> message = b'{"event_id":"7","label":1,"known_at":"2018-04-08T00:00:00.000000Z"}'
    >>> decode_label(message, LATEST).label
    1
    """
    document = flat(value)
    event_id = read_id(document.get(EVENT_ID))
    label = document.get("label")
    if label is None:
        raise BadMessage("label: missing")
    if type(label) not in (int, bool) or label not in (0, 1):
        raise BadMessage("label: neither 0 nor 1")
    return Label(read_time(document.get("known_at"), "known_at", written), event_id, int(label))


def encode_labels(frame: pl.DataFrame) -> list[bytes]:
    """Return the messages of labels: ``event_id``, ``label`` and ``known_at``."""
    rows = frame.select(EVENT_ID, "label", pl.col("known_at").dt.strftime(_SPELLED))
    return [orjson.dumps(row) for row in rows.iter_rows(named=True)]


def label_frame(labels: Iterable[Label]) -> pl.DataFrame:
    """Return labels as a frame, in the order given."""
    rows = list(labels)
    if not rows:
        return pl.DataFrame(schema=LABELS)
    known, ids, values = zip(*rows, strict=True)
    return pl.DataFrame(
        [
            pl.Series(EVENT_ID, ids, pl.String),
            pl.Series("label", values, pl.Int8),
            _times("known_at", known),
        ]
    )


def _times(name: str, times: Sequence[int]) -> pl.Series:
    return pl.Series(name, np.array(times, np.int64)).cast(LABELS["known_at"])


def written_at(record: ConsumerRecord) -> int:
    """Return when a message was written (µs); after all times where nobody knows."""
    return record.timestamp * 1000 if record.timestamp >= 0 else LATEST


def quarantined(topic: str, partition: int, offset: int, reason: str, value: bytes | None) -> bytes:
    """Return the message that puts another one into quarantine: its place, the reason, and it.

    Of a long message the beginning is kept; bytes that are no UTF-8 are shown in hexadecimal.

    Examples
    --------
    >>> orjson.loads(quarantined("fraud.events", 0, 7, "not JSON in UTF-8", b"{"))["value"]
    '{'
    """
    kept = (value or b"")[:4096].decode("utf-8", "backslashreplace")
    return orjson.dumps(
        {
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "reason": reason,
            "bytes": None if value is None else len(value),
            "value": None if value is None else kept,
        }
    )
