"""Scores and alerts as a worker writes them, and what the index has of them."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson
from opensearchpy.helpers import scan

from workbench.live.alerts import alert
from workbench.live.clients import consumer, partition_of, partitions, producer
from workbench.live.fields import spell
from workbench.live.index import engine
from workbench.live.index.layout import Layout
from workbench.live.settings import Settings
from workbench.live.topics import Topics, create

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opensearchpy import OpenSearch
    from servers import Server

ARTIFACT = "0123456789abcdef"
#: 2018-04-01 in microseconds.
START = 1_522_540_800_000_000
SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
PARTITIONS = 3

Message = tuple[str, bytes, bytes | None]


def settings_of(*servers: Server) -> Settings:
    """The settings with which one process reaches several servers."""
    return Settings.model_validate(
        {k: v for server in servers for k, v in server.settings.model_dump().items() if v}
    )


def score(number: int, time: int, value: float = 0.5) -> dict[str, Any]:
    return {
        "event_id": str(number),
        "event_time": spell(time),
        "score": value,
        "artifact": ARTIFACT,
        "late": False,
    }


def card(number: int) -> str:
    """The entity of the event of that number."""
    return f"card-{number % 17}"


def scores(topics: Topics, count: int, step: int = SECOND, first: int = 0) -> list[Message]:
    """Messages of scores at equal distances; each tenth is high."""
    found = []
    for number in range(first, first + count):
        value = 0.95 + number / 1e7 if number % 10 == 0 else (number % 97) / 200
        content = score(number, START + number * step + number % 1000, value)
        found.append((topics.scores, card(number).encode(), orjson.dumps(content)))
    return found


def alerts(topics: Topics, messages: Iterable[Message]) -> list[Message]:
    """The alerts of the high ones among scores."""
    found = []
    for _, key, value in messages:
        content = orjson.loads(value or b"{}")
        if content["score"] >= 0.95:
            why = [{"feature": "amount", "value": 12.5, "contribution": 0.1 + 0.2}]
            raised = alert(content, key.decode(), 0.95, "high", why)
            found.append((topics.alerts, key, orjson.dumps(raised)))
    return found


def write(settings: Settings, topics: Topics, messages: Iterable[Message]) -> None:
    """Write messages in one transaction, and begin another that is aborted."""
    create(settings, topics, PARTITIONS)
    messages = list(messages)
    with closing(producer(settings, transactional_id=f"test-{topics.prefix}")) as sender:
        sender.init_transactions()
        sender.begin_transaction()
        for topic, key, value in messages:
            sender.send(topic, key=key, value=value, partition=partition_of(key, PARTITIONS))
        sender.commit_transaction()
        sender.begin_transaction()
        for topic, key, value in messages[:3]:
            aborted = (value or b"").replace(b'"event_id":"', b'"event_id":"aborted-')
            sender.send(topic, key=key, value=aborted, partition=partition_of(key, PARTITIONS))
        sender.flush()
        sender.abort_transaction()


def read(settings: Settings, topic: str) -> list[Any]:
    """All committed messages of a topic, as JSON."""
    with closing(consumer(settings)) as reader:
        parts = partitions(reader, settings, topic)
        reader.assign(parts)
        ends = reader.end_offsets(parts)
        found = []
        until = time.monotonic() + 60
        while any(reader.position(part) < end for part, end in ends.items()):
            assert time.monotonic() < until
            for batch in reader.poll(timeout_ms=200).values():
                found += [orjson.loads(record.value) for record in batch]
        return found


def rewind(settings: Settings, topics: Topics) -> None:
    """Let the relay read everything again."""
    from kafka.structs import OffsetAndMetadata

    group = f"workbench-relay-index-{topics.prefix}"
    with closing(consumer(settings, group_id=group)) as reader:
        parts = partitions(reader, settings, topics.scores)
        parts += partitions(reader, settings, topics.alerts)
        reader.assign(parts)
        reader.commit({part: OffsetAndMetadata(0, "", -1) for part in parts})


def held(client: OpenSearch, prefix: str, kind: str) -> list[dict[str, Any]]:
    """All documents of a kind, with index, id and version."""
    alias = Layout(prefix).alias(kind)  # type: ignore[arg-type]  # the test's own words
    client.indices.refresh(index=alias)
    query = {"version": True, "seq_no_primary_term": True}
    return list(scan(client, index=alias, query=query))


def sources(client: OpenSearch, prefix: str, kind: str) -> dict[str, dict[str, Any]]:
    """The content of all documents of a kind by their ids."""
    return {hit["_id"]: hit["_source"] for hit in held(client, prefix, kind)}


def wait(done: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"nothing happened within {seconds:.0f} s"
        time.sleep(0.05)


def client_of(settings: Settings) -> closing[OpenSearch]:
    return closing(engine.connect(settings))
