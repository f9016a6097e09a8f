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
        """Commit if it is time to; where brokers are away, later."""
        from kafka.errors import KafkaError

        if time.monotonic() - self._since < EVERY:
            return
        self._since = time.monotonic()
        with translated(self._settings, self._what):
            try:
                self._commit(5_000)
            except KafkaError as error:
                if not error.retriable:
                    raise
                LOG.warning("offsets are not committed yet: %s", type(error).__name__)

    def commit(self) -> None:
        """Commit now.

        Raises
        ------
        LiveError
            If the brokers do not take it.
        """
        with translated(self._settings, self._what):
            self._commit(10_000)

    def _commit(self, milliseconds: int) -> None:
        from kafka.structs import OffsetAndMetadata

        if self._next:
            offsets = {p: OffsetAndMetadata(offset, "", -1) for p, offset in self._next.items()}
            self._consumer.commit(offsets, timeout_ms=milliseconds)
            self._next.clear()


def at_end(consumer: KafkaConsumer) -> bool:
    """Tell whether everything was read; where brokers are away, nobody knows."""
    from kafka.errors import KafkaError

    try:
        ends = consumer.end_offsets(list(consumer.assignment()), timeout_ms=2_000)
        return all(consumer.position(place) >= end for place, end in ends.items())
    except KafkaError:
        return False
