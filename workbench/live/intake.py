"""What a consumer polled, sorted into events, labels and what is neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
import polars as pl

from workbench.live import columns
from workbench.live.columns import Doubtful
from workbench.live.fields import BadMessage
from workbench.live.messages import decode_label, label_frame
from workbench.streams.values import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt
    from kafka import TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.messages import EventCodec
    from workbench.live.topics import Topics

    I64 = npt.NDArray[np.int64]

#: So many messages are read together: where one of them is bad, all of them are read one by one.
TOGETHER = 1_000
#: For fewer messages it is not worth while to make columns of them first.
FEW = 32


class Bad(NamedTuple):
    """A message that cannot be used: its place, why, and what it was."""

    topic: str
    partition: int
    offset: int
    reason: str
    value: bytes | None
    key: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Good messages of one partition, in its order.

    Attributes
    ----------
    place
        The partition.
    offsets
        Where in it they are, shape (n,), rising.
    written
        When they were written (µs), shape (n,).
    frame
        What they say: events or labels, n rows.
    """

    place: TopicPartition
    offsets: I64
    written: I64
    frame: pl.DataFrame

    def __len__(self) -> int:
        return len(self.offsets)

    def part(self, begin: int, end: int) -> Batch:
        """Return those from row ``begin`` (inclusive) to row ``end`` (exclusive)."""
        rows = slice(begin, end)
        return Batch(self.place, self.offsets[rows], self.written[rows], self.frame[rows])


class Sorted(NamedTuple):
    """What was polled: batches with the good events and labels, and what is bad."""

    events: list[Batch]
    labels: list[Batch]
    bad: list[Bad]


class _Kind(NamedTuple):
    """How messages of a topic are read: one by one, one by one to a frame, and together."""

    read: Callable[[bytes | None, int], Any]
    frame: Callable[[Sequence[Any]], pl.DataFrame]
    together: Callable[[Sequence[bytes | None], I64], pl.DataFrame]


class Intake:
    """Reads the messages of the events and labels topics.

    Parameters
    ----------
    codec
        Reads events of the case.
    topics
        The case's topics; messages of others than events and labels are bad.

    Examples
    --------
    >>> from types import SimpleNamespace as Record
    >>> from kafka import TopicPartition
    >>> from workbench.case import get_case
    >>> from workbench.live.messages import EventCodec
    >>> from workbench.live.topics import Topics
    >>> intake = Intake(EventCodec(get_case("fraud").schema), Topics("fraud"))
    >>> place = TopicPartition("fraud.labels", 0)
    >>> tombstone = Record(offset=7, timestamp=-1, value=None, key=b"7")
    >>> events, labels, bad = intake.read({place: [tombstone]})
    >>> bad[0].offset, bad[0].reason
    (7, 'no value (a tombstone)')
    """

    def __init__(self, codec: EventCodec, topics: Topics) -> None:
        self._kinds = {
            topics.events: _Kind(codec.decode, codec.frame, codec.together),
            topics.labels: _Kind(decode_label, label_frame, columns.labels),
        }
        self._events = topics.events

    def read(self, records: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> Sorted:
        """Read what ``KafkaConsumer.poll`` returned; within a partition the order is kept.

        Parameters
        ----------
        records
            Partition to records, with values and keys as bytes.
        """
        found = Sorted([], [], [])
        for place, polled in records.items():
            if not polled:
                continue
            kind = self._kinds.get(place.topic, _FOREIGN)
            batch = _joined(
                _read(place, kind, polled[first : first + TOGETHER], found.bad)
                for first in range(0, len(polled), TOGETHER)
            )
            if len(batch):
                (found.events if place.topic == self._events else found.labels).append(batch)
        return found


def _joined(batches: Iterable[Batch]) -> Batch:
    first, *others = batches
    if not others:
        return first
    every = (first, *others)
    return Batch(
        first.place,
        np.concatenate([batch.offsets for batch in every]),
        np.concatenate([batch.written for batch in every]),
        pl.concat([batch.frame for batch in every]),
    )


def _read(
    place: TopicPartition, kind: _Kind, records: Sequence[ConsumerRecord], bad: list[Bad]
) -> Batch:
    """Return the good ones, and add the others to ``bad``."""
    offsets = np.array([record.offset for record in records], np.int64)
    stamps = np.array([record.timestamp for record in records], np.int64)
    written = np.where(stamps >= 0, stamps * 1000, LATEST)
    if len(records) > FEW:
        try:
            frame = kind.together([record.value for record in records], written)
        except Doubtful:
            pass  # looked at one by one
        else:
            return Batch(place, offsets, written, frame)
    rows, good = [], np.ones(len(records), bool)
    for at, record in enumerate(records):
        try:
            rows.append(kind.read(record.value, int(written[at])))
        except BadMessage as error:
            good[at] = False
            where = place.topic, place.partition, record.offset
            bad.append(Bad(*where, str(error), record.value, record.key))
    return Batch(place, offsets[good], written[good], kind.frame(rows))


def _foreign(value: bytes | None, written: int) -> NoReturn:
    del value, written
    raise BadMessage("neither a topic of events nor of labels")


def _doubted(values: Sequence[bytes | None], written: I64) -> NoReturn:
    del values, written
    raise Doubtful


_FOREIGN = _Kind(_foreign, lambda _: pl.DataFrame(), _doubted)
