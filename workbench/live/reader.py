"""What a recording reads from its topics: from where, up to where, and what is kept of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import polars as pl
from kafka.errors import KafkaError

from workbench.errors import ParameterError
from workbench.live.clients import LiveError
from workbench.live.intake import Intake
from workbench.live.messages import EventCodec, quarantined
from workbench.live.order import ticks
from workbench.live.promise import newest
from workbench.live.recording import BAD, PLACE
from workbench.streams.schema import EVENT_TIME, LABELS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kafka import KafkaConsumer, TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.edge import Edge, Offsets
    from workbench.live.intake import Bad, Batch
    from workbench.live.recording import Recording
    from workbench.live.telemetry import Telemetry
    from workbench.live.topics import Topics

LOG = logging.getLogger(__name__)
POLL_MS = 200
#: How long brokers may not answer before a recording ends with an error (s).
PATIENCE = 60.0


class Reader:
    """Reads into a recording.

    Parameters
    ----------
    client
        A consumer without partitions.
    places
        Every partition of events and labels.
    topics
        The case's topics.
    recording
        What is read goes there; it is begun here, or gone on with.
    start, until
        Its edges.
    telemetry
        Told what is read.

    Raises
    ------
    LiveError
        If an offset to begin at is not there, or no longer.
    """

    def __init__(
        self,
        client: KafkaConsumer,
        places: Sequence[TopicPartition],
        topics: Topics,
        recording: Recording,
        start: Edge,
        until: Edge,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._client = client
        self._topics = topics
        self._recording = recording
        self._telemetry = telemetry
        self._codec = EventCodec(recording.schema)
        self._intake = Intake(self._codec, topics)
        self._names = {place: _name(place, topics) for place in places}
        self._span = (start.time, until.time)
        self._newest = dict.fromkeys((p for p in places if p.topic == topics.events), 0)
        self._answered = time.monotonic()
        _known(start, "--from", self._names.values())
        _known(until, "--until", self._names.values())
        self._seek(start, until)

    def _seek(self, start: Edge, until: Edge) -> None:
        recording, client = self._recording, self._client
        lowest = self._named(client.beginning_offsets(list(self._names)))
        highest = self._named(client.end_offsets(list(self._names)))
        if not recording.begin:
            recording.begin = lowest | (start.offsets or {})
            recording.offsets = dict(recording.begin)
            if until.offsets is not None:
                # A partition without an end of its own: what it holds now.
                recording.goal = highest | until.offsets
        for name, offset in recording.offsets.items():
            if not lowest[name] <= offset <= highest[name]:
                raise LiveError.of(
                    f"the offset {offset:,} of {self._topics.prefix}.{name}",
                    allowed=f"one that is there, {lowest[name]:,} to {highest[name]:,}",
                    hint="correct --from, or, if messages were deleted since a recording was "
                    "begun, remove its folder to begin anew",
                )
        client.assign(list(self._names))
        for place, name in self._names.items():
            client.seek(place, recording.offsets[name])

    def read(self) -> int:
        """Read what is there, or wait a little; return how many messages came."""
        records = self._client.poll(timeout_ms=POLL_MS)
        if self._telemetry is not None:
            self._telemetry.health.beat()
            self._telemetry.health.ready = True
        if not records:
            return 0
        if self._recording.goal:
            records = {place: self._before_goal(place, rows) for place, rows in records.items()}
        events, labels, bad = self._intake.read(records)
        first, last = self._span
        if last is not None and not self._recording.goal:
            for batch in events:
                newest = int(ticks(batch.frame[EVENT_TIME]).max())
                self._newest[batch.place] = max(self._newest[batch.place], newest)
            self._advance(records, last)
        came = sum(map(len, records.values()))
        self._answered = time.monotonic()
        rows = {
            "events": _placed(events, self._codec.schema.events),
            "labels": _placed(labels, LABELS),
        }
        if first is not None or last is not None:
            low, high = first or 0, last or 1 << 62
            for kind, by in (("events", EVENT_TIME), ("labels", "known_at")):
                at = pl.col(by).to_physical()
                rows[kind] = rows[kind].filter(at.is_between(low, high, closed="left"))
            self._recording.skipped += came - sum(map(len, rows.values())) - len(bad)
        for kind, some in rows.items():
            self._recording.add(kind, some)
        self._recording.add("bad", _spelled(bad))
        if self._telemetry is not None:
            for kind, some in rows.items():
                self._telemetry.count(kind, len(some))
            for message in bad:
                self._telemetry.count("quarantined", reason=message.reason)
        return came

    @property
    def reached(self) -> bool:
        """Whether the end of the recording was read."""
        goal = self._recording.goal
        return bool(goal) and all(
            self._client.position(place) >= goal[name] for place, name in self._names.items()
        )

    def at_end(self) -> bool:
        """Return whether everything that is on the topics was read.

        Raises
        ------
        LiveError
            If no broker has answered for long.
        """
        try:
            ends = self._client.end_offsets(list(self._names))
        except KafkaError as error:
            # No news from a broker that is gone is no end.
            if time.monotonic() - self._answered > PATIENCE:
                raise
            LOG.info("no answer about the ends of the topics (%s)", type(error).__name__)
            return False
        self._answered = time.monotonic()
        return all(self._client.position(place) >= end for place, end in ends.items())

    def offsets(self) -> Offsets:
        """Return the offsets of the next messages."""
        goal = self._recording.goal
        found = {name: self._client.position(place) for place, name in self._names.items()}
        return {name: min(at, goal.get(name, at)) for name, at in found.items()}

    def _advance(
        self, records: Mapping[TopicPartition, Sequence[ConsumerRecord]], until: int
    ) -> None:
        """Look how far the time has come; when it has passed the end, what is there is the rest."""
        recording = self._recording
        promises = [newest(rows) or 0 for rows in records.values()]
        recording.clock = max(recording.clock, *promises, min(self._newest.values()))
        if recording.clock >= until:
            recording.goal = self._named(self._client.end_offsets(list(self._names)))

    def _before_goal(
        self, place: TopicPartition, rows: list[ConsumerRecord]
    ) -> list[ConsumerRecord]:
        goal = self._recording.goal[self._names[place]]
        return rows if rows[-1].offset < goal else [row for row in rows if row.offset < goal]

    def _named(self, offsets: Mapping[TopicPartition, int]) -> Offsets:
        return {name: offsets[place] for place, name in self._names.items()}


def _known(edge: Edge, option: str, names: Collection[str]) -> None:
    """Refuse offsets of partitions that are not there."""
    for name in edge.offsets or ():
        if name not in names:
            raise ParameterError.of(
                f"{option} {name}={(edge.offsets or {})[name]}",
                allowed=f"a partition that is there: {', '.join(names)}",
                hint="correct it, or leave it out",
            )


def _name(place: TopicPartition, topics: Topics) -> str:
    return f"{'events' if place.topic == topics.events else 'labels'}/{place.partition}"


def _placed(batches: Sequence[Batch], schema: pl.Schema) -> pl.DataFrame:
    """Return batches as one frame that says where each row comes from."""
    frames = [
        batch.frame.with_columns(
            pl.lit(batch.place.partition, PLACE["partition"]).alias("partition"),
            pl.Series("offset", batch.offsets).cast(PLACE["offset"]),
        )
        for batch in batches
    ]
    return pl.concat([pl.DataFrame(schema={**schema, **PLACE}), *frames])


def _spelled(bad: Sequence[Bad]) -> pl.DataFrame:
    rows = [
        (
            *message[:4],
            quarantined(*message[:4], message.value).decode(),
        )
        for message in bad
    ]
    return pl.DataFrame(rows, BAD, orient="row")
