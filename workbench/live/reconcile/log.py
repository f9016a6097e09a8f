"""What the topics hold: events, scores and alerts, as they were at one moment."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import orjson

from workbench.durations import HOUR
from workbench.live.clients import LiveError, consumer, partitions, translated
from workbench.live.fields import BadMessage
from workbench.live.index import documents
from workbench.live.messages import EventCodec, written_at
from workbench.live.reconcile.entries import Entry, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kafka import TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.index.layout import Kind
    from workbench.live.reconcile.entries import Window
    from workbench.live.settings import Settings
    from workbench.live.topics import Topics
    from workbench.streams.schema import Schema

#: The most records of one poll.
_MOST = 5_000
#: Seconds without anything after which the brokers are given up.
_PATIENCE = 30.0

#: From which offset, inclusive, until which, exclusive.
Spans = dict["TopicPartition", tuple[int, int]]


class Log:
    """The topics of a case, read ``read_committed`` up to where they ended at the start.

    Parameters
    ----------
    settings
        Where Kafka is.
    topics
        Which topics.
    """

    def __init__(self, settings: Settings, topics: Topics) -> None:
        self.settings = settings
        self.topics = topics

    def ends(self, topic: str) -> Spans:
        """Return from where to where each partition of a topic can be read now."""
        with closing(consumer(self.settings)) as reader:
            parts = partitions(reader, self.settings, topic)
            with translated(self.settings, f"reading the topic {topic}"):
                first, last = reader.beginning_offsets(parts), reader.end_offsets(parts)
        return {part: (first[part], last[part]) for part in parts}

    def records(self, spans: Spans) -> Iterator[ConsumerRecord]:
        """Yield the records of some spans of offsets; in order within a partition."""
        left = {part: until for part, (start, until) in spans.items() if start < until}
        if not left:
            return
        # A new consumer each time: one that was used fetches for a while what it read before.
        with closing(consumer(self.settings)) as reader:
            reader.assign(list(left))
            for part in left:
                reader.seek(part, spans[part][0])
            heard = time.monotonic()
            while left:
                most = sum(until - reader.position(part) for part, until in left.items())
                with translated(self.settings, f"reading the topics {self.topics.prefix}.*"):
                    found = reader.poll(timeout_ms=500, max_records=min(_MOST, most))
                if found:
                    heard = time.monotonic()
                elif time.monotonic() - heard > _PATIENCE:
                    raise LiveError(
                        f"Kafka at {self.settings.kafka} gives no messages of "
                        f"{self.topics.prefix}.* although there are some. See whether a "
                        "transaction hangs or a broker is away: `workbench services status`."
                    )
                for part, batch in found.items():
                    if part in left:
                        yield from (record for record in batch if record.offset < left[part])
                # Markers of transactions have offsets and no records: the position tells.
                for part in [p for p in left if reader.position(p) >= left[p]]:
                    del left[part]
                    reader.pause(part)


class LogSide:
    """One topic as a side of a comparison.

    Parameters
    ----------
    log
        The topics.
    topic
        The topic.
    read
        Returns the entry of a record; raises :class:`BadMessage` where there is none.
    """

    def __init__(self, log: Log, topic: str, read: Callable[[ConsumerRecord], Entry]) -> None:
        self._log = log
        self._read = read
        self._spans = log.ends(topic)
        self._hours: dict[int, Spans] | None = None

    def entries(self, window: Window) -> Iterator[Entry]:
        """Yield the topic's entries; for a part of what was read before, only what is needed."""
        if self._hours is None:
            yield from self._first(window)
            return
        spans: Spans = {}
        for hour, parts in self._hours.items():
            if window.start < hour + HOUR and hour < window.until:
                for part, (first, until) in parts.items():
                    known = spans.get(part, (first, until))
                    spans[part] = min(first, known[0]), max(until, known[1])
        for _, entry in self._all(spans):
            if entry.time in window:
                yield entry

    def _first(self, window: Window) -> Iterator[Entry]:
        """Read all, and note where each hour lies."""
        from kafka import TopicPartition

        hours: dict[int, Spans] = {}
        for record, entry in self._all(self._spans):
            if entry.time in window:
                parts = hours.setdefault(entry.hour, {})
                part = TopicPartition(record.topic, record.partition)
                first, _ = parts.get(part, (record.offset, 0))
                parts[part] = first, record.offset + 1
                yield entry
        self._hours = hours

    def _all(self, spans: Spans) -> Iterator[tuple[ConsumerRecord, Entry]]:
        for record in self._log.records(spans):
            try:
                yield record, self._read(record)
            except BadMessage:
                continue  # it is in quarantine, or on its way there


def indexed(kind: Kind) -> Callable[[ConsumerRecord], Entry]:
    """Return a reader of scores or alerts with their content, as the index has it."""

    def read(record: ConsumerRecord) -> Entry:
        document = documents.read(kind, record)
        place = record.topic, record.partition, record.offset
        content = digest(document.id, document.source)
        return Entry(document.id, document.time, content, place, document)

    return read


def scored(record: ConsumerRecord) -> Entry:
    """Return the event of a score."""
    document = documents.read("scores", record)
    event_id = orjson.loads(record.value)["event_id"]
    return Entry(event_id, document.time, digest(event_id))


def events(schema: Schema) -> Callable[[ConsumerRecord], Entry]:
    """Return a reader of the events topic."""
    codec = EventCodec(schema)

    def read(record: ConsumerRecord) -> Entry:
        event = codec.decode(record.value, written_at(record))
        place = record.topic, record.partition, record.offset
        return Entry(event.event_id, event.time, digest(event.event_id), place)

    return read


def in_quarantine(log: Log) -> set[tuple[str, int, int]]:
    """Return the places of all messages that are in quarantine."""
    places = set()
    for record in log.records(log.ends(log.topics.quarantine)):
        try:
            told = orjson.loads(record.value)
            places.add((str(told["topic"]), int(told["partition"]), int(told["offset"])))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            continue  # not one of ours
    return places
