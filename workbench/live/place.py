"""How far a worker has come: what it commits with its scores, and finds again after any end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from workbench.errors import BadInput
from workbench.live.order import Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition


@dataclass(frozen=True, slots=True)
class Place:
    """A committed place in the log.

    Parameters
    ----------
    sequence
        Number of the transaction; rises by one with each.
    owner
        Who committed it: a worker with its successors. Another one has taken over where this
        differs.
    key
        The last event whose score was committed.
    offsets
        The next offset of each partition.
    """

    sequence: int
    owner: str
    key: Key
    offsets: Mapping[TopicPartition, int]

    def to_kafka(self) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return what a transaction commits; each partition's offset says all of it."""
        from kafka import OffsetAndMetadata

        said = orjson.dumps([self.sequence, self.owner, *self.key]).decode()
        return {part: OffsetAndMetadata(at, said, -1) for part, at in self.offsets.items()}


def committed(
    consumer: KafkaConsumer, partitions: list[TopicPartition], patience: float | None = None
) -> Place | None:
    """Return the committed place of a consumer's group; None where nothing was committed.

    While a transaction is open, nobody knows: this waits until it has ended.

    Raises
    ------
    KafkaTimeoutError
        If that takes longer than ``patience`` (s).
    BadInput
        If something else than a worker has committed in the group's name.
    """
    limit = None if patience is None else patience * 1000
    found: dict[TopicPartition, Any] = {}
    for partition in partitions:
        offset = consumer.committed(partition, metadata=True, timeout_ms=limit)
        if offset is not None:
            found[partition] = offset
    if not found:
        return None
    try:
        said = orjson.loads(found[partitions[0]].metadata)
        sequence, owner, time, event_id = said
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput.of(
            f"the consumer group {consumer.config['group_id']!r}, whose offsets another program "
            "committed,",
            allowed="a group that only `workbench live` uses",
            hint="stop that program and delete the group's offsets, or choose other --topics",
        ) from error
    return Place(sequence, owner, Key(time, event_id), {p: o.offset for p, o in found.items()})
