"""Offsets of what was passed on, committed now and then."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from workbench.live.clients import translated

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition

    from workbench.live.settings import Settings

LOG = logging.getLogger(__name__)
#: Seconds between commits: what was passed on since is passed on again after a crash.
EVERY = 1.0
#: Milliseconds within which brokers must answer.
PATIENCE = 3_000


class Offsets:
    """Where a reader goes on after a crash.

    Parameters
    ----------
    settings
        Where Kafka is.
    consumer
        In whose group it is kept.
    what
        What is read, for people.
    """

    def __init__(self, settings: Settings, consumer: KafkaConsumer, what: str) -> None:
        self._settings = settings
        self._consumer = consumer
        self._what = f"the offsets of {what}"
        self._next: dict[TopicPartition, int] = {}
        self._since = time.monotonic()

    def passed(self, place: TopicPartition, offset: int) -> None:
        """Take note that a message, and all before it in its partition, was passed on."""
        self._next[place] = offset + 1

    def tick(self) -> None:
        """Commit if it is time to."""
        if time.monotonic() - self._since >= EVERY:
            self.commit()

    def commit(self) -> None:
        """Commit now; where brokers are away, another time: it is only passed on again.

        Raises
        ------
        LiveError
            If the brokers refuse.
        """
        from kafka.errors import KafkaError
        from kafka.structs import OffsetAndMetadata

        self._since = time.monotonic()
        if not self._next:
            return
        offsets = {p: OffsetAndMetadata(offset, "", -1) for p, offset in self._next.items()}
        with translated(self._settings, self._what):
            try:
                self._consumer.commit(offsets, timeout_ms=PATIENCE)
            except KafkaError as error:
                if not error.retriable:
                    raise
                LOG.warning("offsets are not committed yet: %s", type(error).__name__)
            else:
                self._next.clear()


def at_end(consumer: KafkaConsumer) -> bool:
    """Tell whether everything was read; where brokers are away, nobody knows."""
    from kafka.errors import KafkaError

    try:
        ends = consumer.end_offsets(list(consumer.assignment()), timeout_ms=2_000)
        return all(consumer.position(place) >= end for place, end in ends.items())
    except KafkaError:
        return False
