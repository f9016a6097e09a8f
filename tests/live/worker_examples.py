"""A stream, an artifact from the middle of its replay, what it must score, and topics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.artifacts.export import export
from workbench.artifacts.score import score
from workbench.live import clients
from workbench.replay.replay import replay
from workbench.replay.setup import Setup

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workbench.artifacts.artifact import Artifact
    from workbench.live.settings import Settings
    from workbench.streams.recorded import Stream


@dataclass(frozen=True)
class World:
    """What live workers are held against.

    Attributes
    ----------
    stream
        Events and labels of some days.
    artifact
        The shipped detector after the first half of them.
    scores
        What ``score --learn`` gives the events after that: id to score, or to items.
    folder
        Where a test may write.
    """

    stream: Stream
    artifact: Artifact
    scores: dict[str, Any]
    folder: Path


def world(folder: Path, stream: Stream) -> World:
    middle = stream.start + (stream.end - stream.start) / 2
    run = replay(stream, Setup.of(stream.case), folder / "run", until=middle)
    artifact = export(run, folder / "artifact")
    score(artifact, stream, folder / "expected.parquet", learn=True)
    expected = pl.read_parquet(folder / "expected.parquet")
    scores = dict(expected.drop("event_time").iter_rows())
    return World(stream, artifact, scores, folder)


def read(settings: Settings, topic: str) -> list[dict[str, Any]]:
    """Return every committed message of a topic."""
    consumer = clients.consumer(settings)
    try:
        parts = clients.partitions(consumer, settings, topic)
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        found = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for records in consumer.poll(200, max_records=10_000).values():
                found += [json.loads(record.value) for record in records]
    finally:
        consumer.close(autocommit=False)
    return found


def send(settings: Settings, messages: Iterable[tuple[str, int | None, bytes | None]]) -> None:
    """Write messages (topic, partition, value), each after the one before in its partition."""
    producer = clients.producer(settings, max_request_size=16 << 20)
    try:
        futures = [
            producer.send(topic, value, b"key", partition=part) for topic, part, value in messages
        ]
        producer.flush()
        for future in futures:
            future.get(timeout=10)
    finally:
        producer.close()


def counting(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return id to score, or to items, of what was not late; each id is there once."""
    timely = [row for row in rows if not row["late"]]
    found = {row["event_id"]: row["items"] if "items" in row else row["score"] for row in timely}
    assert len(found) == len(timely), "an event was scored twice"
    return found
