"""What a worker reads: all partitions of events and labels, and the word on what is to come."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from workbench.durations import SECOND
from workbench.errors import BadInput
from workbench.live import clients
from workbench.live.order import NEVER
from workbench.live.promise import newest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kafka import TopicPartition

    from workbench.live.settings import Settings
    from workbench.live.topics import Topics

#: How long a partition must have had nothing until it is passed over (s), beside the lateness.
IDLE = 0.3
#: The same where a publisher makes promises: it may be waiting for a broker.
PROMISED_IDLE = 3.0
#: How long after the last one a publisher is taken to go on making promises (s).
PROMISED = 15.0


class Source:
    """The partitions of events and labels, all read by one consumer.

    Parameters
    ----------
    settings
        Where the brokers are.
    topics
        The case's topics.
    group
        In whose name offsets are committed; None commits none.
    lateness
        How far partitions may be out of order (µs).
    patience
        How long all may be silent until that is taken for the end (s).

    Attributes
    ----------
    partitions
        Of events, then of labels.
    control
        The partition of the control topic.
    promise
        The latest promise of a publisher (µs).
    """

    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        group: str | None,
        lateness: int,
        patience: float | None = None,
    ) -> None:
        self.consumer = clients.consumer(
            settings,
            group_id=group,
            client_id=group or "workbench-catch-up",
            max_partition_fetch_bytes=1 << 19,
        )
        self.settings, self.topics = settings, topics
        self.lateness = lateness
        self._patience = math.inf if patience is None else patience
        self.partitions = [
            partition
            for topic in (topics.events, topics.labels)
            for partition in clients.partitions(self.consumer, settings, topic)
        ]
        self.control = clients.partitions(self.consumer, settings, topics.control)[0]
        self.promise = NEVER
        self._promised_at = NEVER * 1.0
        self._quiet_since: dict[TopicPartition, float] = {}
        self._held: dict[TopicPartition, int] = {}
        self._must_reach: Mapping[TopicPartition, int] = {}
        self.consumer.assign(self.all)

    @property
    def all(self) -> list[TopicPartition]:
        """Every partition that is read, the control topic's last."""
        return [*self.partitions, self.control]

    def begin(self) -> dict[TopicPartition, int]:
        """Return the first offset of each partition."""
        offsets: dict[TopicPartition, int] = self.consumer.beginning_offsets(self.all)
        return offsets

    def seek(
        self, offsets: Mapping[TopicPartition, int], must_reach: Mapping[TopicPartition, int]
    ) -> None:
        """Read on from offsets; partitions without one from their beginning.

        Until a partition has come to where it ``must_reach``, it is never quiet.
        """
        for partition in self.all:
            if partition in offsets:
                self.consumer.seek(partition, offsets[partition])
            else:
                self.consumer.seek_to_beginning(partition)
        self._must_reach = must_reach

    def poll(self, seconds: float, most: int = 20_000) -> dict[TopicPartition, list[Any]]:
        """Return the next messages of each partition, waiting a while for the first."""
        records: dict[TopicPartition, list[Any]] = self.consumer.poll(
            timeout_ms=int(seconds * 1000), max_records=most
        )
        for partition, found in records.items():
            self._quiet_since.pop(partition, None)
            if (said := newest(found)) is not None:
                self.promise = max(self.promise, said)
                self._promised_at = time.monotonic()
        return records

    def positions(self) -> dict[TopicPartition, int]:
        """Return the next offset of each partition."""
        return {p: self.position(p) for p in self.all}

    def look(self, waiting: Collection[TopicPartition]) -> set[TopicPartition]:
        """Return which of some partitions have nothing more to read, asking the brokers now."""
        from kafka.errors import KafkaError

        waiting = [p for p in waiting if p not in self._held]
        if not waiting:
            return set()
        try:
            ends = self.consumer.end_offsets(waiting, timeout_ms=2_000)
        except KafkaError:
            return set()  # a broker is away: nobody knows
        now, quiet = time.monotonic(), set()
        for partition in waiting:
            position = self.consumer.position(partition)
            if position >= max(ends[partition], self._must_reach.get(partition, 0)):
                self._quiet_since.setdefault(partition, now)
                quiet.add(partition)
            else:
                self._quiet_since.pop(partition, None)
        return quiet

    def idle(self) -> set[TopicPartition]:
        """Return the partitions that are passed over because nothing comes.

        While a publisher makes promises, they say more than a silence: then none is passed over
        before all are silent.
        """
        now = time.monotonic()
        if self.silent_for() >= self._patience:
            return set(self.partitions)
        promising = now - self._promised_at < PROMISED
        after = self.lateness / SECOND + (PROMISED_IDLE if promising else IDLE)
        idle = {p for p, since in self._quiet_since.items() if now - since >= after}
        read = len(self.partitions) - len(self._held)
        return set() if promising and len(idle) < read else idle

    def silent_for(self) -> float:
        """Return for how many seconds no partition has had anything (0: one has)."""
        read = [p for p in self.partitions if p not in self._held]
        if any(p not in self._quiet_since for p in read):
            return 0.0
        return time.monotonic() - max(self._quiet_since[p] for p in read)

    def hold(self, partitions: Collection[TopicPartition]) -> None:
        """Stop reading some partitions, which are far ahead, and read on with all others.

        They are given up and taken again: what kafka-python 3.0 has fetched of a partition that
        is paused may stay there for ever.
        """
        if self._held.keys() == set(partitions):
            return
        taken = {p: at for p, at in self._held.items() if p not in partitions}
        self._held = {p: self.position(p) for p in partitions}
        self.consumer.assign([p for p in self.all if p not in self._held])
        for partition, offset in taken.items():
            self.consumer.seek(partition, offset)

    def position(self, partition: TopicPartition) -> int:
        """Return the next offset of a partition."""
        held = self._held.get(partition)
        return int(self.consumer.position(partition)) if held is None else held

    def lags(self) -> dict[str, int]:
        """Return how many messages of each topic lie ahead, as the brokers last said."""
        lags = dict.fromkeys((p.topic for p in self.partitions), 0)
        for partition in self.partitions:
            end = 0 if partition in self._held else self.consumer.highwater(partition) or 0
            lags[partition.topic] += max(0, end - self.position(partition))
        return lags

    def must_begin_at_zero(self) -> None:
        """Check that the log is whole: a state that is lost can be computed only from all of it.

        Raises
        ------
        BadInput
            If the brokers have dropped the beginning of a partition.
        """
        begins = self.consumer.beginning_offsets(self.partitions)
        for partition, begin in begins.items():
            if begin > 0:
                raise BadInput.of(
                    f"the topic {partition.topic}, whose partition {partition.partition} begins "
                    f"at offset {begin},",
                    allowed="a checkpoint in --state, or a log from its beginning",
                    hint="bring the --state folder back, or export an artifact of a later "
                    "replay and start it on other --topics",
                )

    def close(self) -> None:
        """Leave the brokers."""
        self.consumer.close(autocommit=False)
