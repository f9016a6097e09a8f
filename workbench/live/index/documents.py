"""From a message on a topic to a document that is searched."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from workbench.live.fields import BadMessage, decode, read_time, text
from workbench.live.messages import written_at
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.index.layout import Kind

#: The most bytes that an engine takes as an id.
LONGEST_ID = 512


class Document(NamedTuple):
    """What is written to the index, and where it came from.

    Attributes
    ----------
    id
        The same for the same score or alert, however often it is written.
    time
        Its event time (µs since 1970, UTC).
    source
        The message as JSON, names in order; a score has in addition its entity, the message's key.
    record
        Where it came from; of two with one id, the one with the later offset counts.
    """

    kind: Kind
    id: str
    time: int
    source: bytes
    record: ConsumerRecord


def read(kind: Kind, record: ConsumerRecord) -> Document:
    """Return a record of the scores or alerts topic as a document.

    Raises
    ------
    BadMessage
        If it has no id, no time, or no entity.

    Examples
    --------
    >>> from types import SimpleNamespace as Record
    >>> value = (b'{"event_id":"7","event_time":"2018-04-01T00:00:00.000000Z","score":0.5,'
    ...          b'"artifact":"6f1c","late":false}')
    >>> record = Record(topic="fraud.scores", partition=0, offset=3, timestamp=-1, key=b"card-1",
    ...                 value=value)
    >>> document = read("scores", record)
    >>> document.id, orjson.loads(document.source)["entity"]
    ('6f1c:7', 'card-1')
    """
    content = decode(record.value)
    time = read_time(content.get(EVENT_TIME), EVENT_TIME, written_at(record))
    event_id = text(content.get(EVENT_ID), EVENT_ID)
    if kind == "alerts":
        identity = text(content.get("alert_id"), "alert_id")
    else:
        identity = f"{text(content.get('artifact'), 'artifact')}:{event_id}"
        content["entity"] = _entity(record.key)
    return Document(kind, _short(identity), time, canonical(content), record)


def canonical(source: dict[str, Any]) -> bytes:
    """Return a document's content so that equal ones have equal bytes.

    Examples
    --------
    >>> canonical({"b": 1, "a": 0.1}) == canonical({"a": 0.1, "b": 1})
    True
    """
    return orjson.dumps(source, option=orjson.OPT_SORT_KEYS)


def _entity(key: bytes | None) -> str:
    try:
        return text((key or b"").decode(), "key")
    except UnicodeDecodeError:
        raise BadMessage("key: not text") from None


def _short(identity: str) -> str:
    written = identity.encode()
    return identity if len(written) <= LONGEST_ID else hashlib.sha256(written).hexdigest()
