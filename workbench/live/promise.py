"""The publisher's promise: a header of its messages that says what is not to come any more.

``workbench publish`` sends chunk by chunk, and the next one when all of the last is acknowledged.
So a message can carry a time before which nothing is missing: the last one of a chunk in each
partition does. A reader then need not wait for a partition that has nothing to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kafka.consumer.fetcher import ConsumerRecord

#: The header: eight bytes, big-endian, a time (µs since 1970, UTC). Every event and label of an
#: earlier time has been acknowledged by the brokers.
PROMISE = "workbench-promise"


def promise(time: int) -> tuple[str, bytes]:
    r"""Return the header that makes a promise.

    Examples
    --------
    >>> promise(258)
    ('workbench-promise', b'\x00\x00\x00\x00\x00\x00\x01\x02')
    """
    return PROMISE, time.to_bytes(8, "big")


def promised(headers: Iterable[tuple[str, bytes | None]] | None) -> int | None:
    """Return the time that a message's headers promise (µs); ``None`` if they promise nothing.

    Examples
    --------
    >>> promised([("trace", b"7"), promise(258)])
    258
    >>> promised([("workbench-promise", None)]) is None
    True
    """
    for name, value in headers or ():
        if name == PROMISE and value is not None and len(value) == 8:
            return int.from_bytes(value, "big")
    return None


def newest(records: Sequence[ConsumerRecord]) -> int | None:
    """Return what a partition's next messages promise in the end (µs); ``None`` if nothing.

    Examples
    --------
    >>> from types import SimpleNamespace as Record
    >>> records = [Record(headers=[promise(7)]), Record(headers=[promise(8)]), Record(headers=[])]
    >>> newest(records)
    8
    """
    found = (promised(record.headers) for record in reversed(records) if record.headers)
    return next((said for said in found if said is not None), None)
