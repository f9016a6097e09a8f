"""What a consumer polled, sorted into events, labels and what is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.live.fields import BadMessage
from workbench.live.messages import decode_label, written_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka import TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.messages import Event, EventCodec, Label
    from workbench.live.topics import Topics


class Bad(NamedTuple):
    """A message that cannot be used: its place, why, and what it was."""

    topic: str
    partition: int
    offset: int
    reason: str
    value: bytes | None
    key: bytes | None


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
        self._readers = {topics.events: codec.decode, topics.labels: decode_label}
        self._events = topics.events

    def read(
        self, records: Mapping[TopicPartition, Sequence[ConsumerRecord]]
    ) -> tuple[
        list[tuple[TopicPartition, int, Event]],
        list[tuple[TopicPartition, int, Label]],
        list[Bad],
    ]:
        """Read what ``KafkaConsumer.poll`` returned; within a partition the order is kept.

        Parameters
        ----------
        records
            Partition to records, with values and keys as bytes.

        Returns
        -------
        events, labels : list of (partition, offset, message)
            The good ones.
        bad : list of Bad
            The others.
        """
        events: list[tuple[TopicPartition, int, Event]] = []
        labels: list[tuple[TopicPartition, int, Label]] = []
        bad: list[Bad] = []
        for place, batch in records.items():
            read = self._readers.get(place.topic, _foreign)
            good: list[Any] = events if place.topic == self._events else labels
            for record in batch:
                try:
                    message = read(record.value, written_at(record))
                    good.append((place, record.offset, message))
                except BadMessage as error:
                    bad.append(
                        Bad(
                            place.topic,
                            place.partition,
                            record.offset,
                            str(error),
                            record.value,
                            record.key,
                        )
                    )
        return events, labels, bad


def _foreign(value: bytes | None, written: int) -> Event | Label:
    del value, written
    raise BadMessage("neither a topic of events nor of labels")
