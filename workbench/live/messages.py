"""Messages on topics: JSON objects with the schema's field names, in UTF-8.

Floats are written so that they read back bit for bit; the key is the case's routing entity. What
a field may hold is said in :mod:`~workbench.live.fields`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import polars as pl
from polars import selectors

from workbench.live import columns
from workbench.live.fields import BadMessage, flat, read_id, read_time
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS
from workbench.streams.values import LATEST, NO_NUMBER, NOT_WHOLE, unlisted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.streams.schema import Column, Schema

    I64 = npt.NDArray[np.int64]

#: RFC 3339 with microseconds, in the words of Polars.
_SPELLED = "%Y-%m-%dT%H:%M:%S%.6fZ"
_INT64 = 1 << 63


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


class EventCodec:
    """Events of a case as messages, and back.

    Parameters
    ----------
    schema
        The case's schema.

    Attributes
    ----------
    cleared
        Reason to number of values that were read as missing since somebody took them away:
        their columns discard what is impossible, and keep the event.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.cleared: Counter[str] = Counter()
        names = [c.name for c in schema.columns]
        self._required_when = [
            (at, names.index(c.required_when[0]), c.required_when[1])
            for at, c in enumerate(schema.columns)
            if c.required_when is not None
        ]

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
        values = tuple([self._read(get(c.name), c) for c in self.schema.columns])
        for at, other, held in self._required_when:
            if values[at] is None and values[other] in held:
                raise BadMessage(f"{self.schema.columns[at].name}: missing")
        return Event(time, event_id, values)

    def _read(self, value: Any, column: Column) -> Any:
        try:
            return _value(value, column)
        except BadMessage as bad:
            if column.discard == "row":
                raise
            self.cleared[str(bad)] += 1
            return None

    def together(self, values: Sequence[bytes | None], written: I64) -> pl.DataFrame:
        """Read many events at once into a frame, much faster than one by one.

        Raises
        ------
        Doubtful
            If one of them might be bad; see :func:`workbench.live.columns.events`.
        """
        return columns.events(values, written, self.schema)

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
        keys = frame[self.schema.routing].cast(pl.Binary).to_list()
        return keys, _encode(frame.select(self.schema.events.names()))


def _value(value: Any, column: Column) -> Any:
    if column.kind == "text":
        if value is None or value == "":
            if column.required:
                raise BadMessage(f"{column.name}: missing")
            return None
        if type(value) is not str:
            raise BadMessage(f"{column.name}: not text")
        if column.allowed and value not in column.allowed:
            raise BadMessage(f"{column.name}: {unlisted(column.allowed)}")
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
    return _encode(frame.select(EVENT_ID, "label", "known_at"))


def encode_answers(frame: pl.DataFrame) -> tuple[list[bytes], list[bytes]]:
    """Return the keys and messages of answers.

    Parameters
    ----------
    frame
        ``entity``, which becomes the key, and the fields of the message.
    """
    return frame["entity"].cast(pl.Binary).to_list(), _encode(frame.drop("entity"))


def _encode(frame: pl.DataFrame) -> list[bytes]:
    """Return a JSON object for each row; its fields are the columns."""
    spelled = selectors.datetime().dt.strftime(_SPELLED)
    objects = frame.with_columns(spelled).to_struct().struct.json_encode()
    return objects.cast(pl.Binary).to_list()


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
