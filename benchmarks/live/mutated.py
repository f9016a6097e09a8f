"""A hundred thousand mutated messages between good ones."""

from __future__ import annotations

import random
import secrets
import shutil
from collections import Counter
from typing import Any

import orjson

from benchmarks.data import table
from benchmarks.live.common import FOLDER, STREAM, compared, done, read, settings_of, start, worker
from workbench.live import clients
from workbench.live.services import Services
from workbench.live.topics import Topics, create

BAD = 100_000


def run() -> None:
    """Publish the recorded stream with bad messages between, and see what becomes of them."""
    topics, state = f"mutated-{secrets.token_hex(3)}", FOLDER / "state-mutated"
    source = f"{topics}-good"
    shutil.rmtree(state, ignore_errors=True)
    with Services(FOLDER / "services").running("kafka") as services:
        settings = settings_of(services, "kafka")
        done(start(services, "publish", "fraud", "--stream", STREAM, "--topics", source))
        create(settings, Topics(topics))
        _large(settings, topics)
        places, kinds = _mixed(settings, source, topics)
        done(start(services, *worker(topics, state, "--until-idle", "5s")))
        put_away = [r.document for r in read(settings, f"{topics}.quarantine")]
        found = {(row["topic"], row["partition"], row["offset"]) for row in put_away}
        doubled, missing, differ = compared(settings, topics)
    table(("mutation", "messages"), [*kinds.items()])
    print()
    table(
        ("bad messages", "in quarantine, with their place", "good scores doubled", "missing",
         "differ"),
        [(f"{len(places):,}", f"{len(found & places):,}", doubled, missing, differ)],
    )  # fmt: skip


def _large(settings: Any, topics: str) -> None:
    """Let the topics take messages of 16 MB."""
    from kafka.admin import ConfigResource, ConfigResourceType

    with clients.admin(settings) as client:
        for topic in (f"{topics}.events", f"{topics}.labels"):
            limit = {"max.message.bytes": str(16 << 20)}
            client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, limit)])


def _mixed(
    settings: Any, source: str, topics: str
) -> tuple[set[tuple[str, int, int]], Counter[str]]:
    """Copy topics partition by partition in their order, with mutations between."""
    chance, places = random.Random(11), set()  # noqa: S311 - mutations, not secrets
    kinds: Counter[str] = Counter()
    producer = clients.producer(settings, max_request_size=17 << 20)
    consumer = clients.consumer(settings)
    sent = []
    for kind in ("events", "labels"):
        parts = clients.partitions(consumer, settings, f"{source}.{kind}")
        ends = consumer.end_offsets(parts)
        share = BAD / 2 / sum(ends.values())
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        at = dict.fromkeys(range(len(parts)), 0)
        while any(consumer.position(part) < ends[part] for part in parts):
            for part, records in consumer.poll(500, max_records=2_000).items():
                for record in records:
                    number = part.partition
                    if at[number] and chance.random() < share:
                        name, value = mutation(record.value, chance)
                        kinds[name] += 1
                        places.add((f"{topics}.{kind}", number, at[number]))
                        at[number] += 1
                        sent.append(
                            producer.send(f"{topics}.{kind}", value, record.key, None, number)
                        )
                    sent.append(
                        producer.send(
                            f"{topics}.{kind}", record.value, record.key, record.headers, number
                        )
                    )
                    at[number] += 1
            producer.flush()
            for future in sent:
                future.get(timeout=30)
            sent.clear()
    producer.close()
    consumer.close(autocommit=False)
    return places, kinds


def mutation(message: bytes, chance: random.Random) -> tuple[str, bytes | None]:
    """Return what was done to a message, and what is left of it."""
    document = orjson.loads(message)
    clock = "known_at" if "label" in document else "event_time"
    if chance.random() < 2e-4:
        return "10 MB", orjson.dumps(document | {"comment": "x" * 10_000_000})
    match chance.randrange(10):
        case 0:
            return "tombstone", None
        case 1:
            return "cut", message[: chance.randrange(1, len(message))]
        case 2:
            return "invalid UTF-8", message.replace(b'"', b'"\xff', 1)
        case 3:
            return "deep nesting", message[:-1] + b',"x":' + b"[" * 2_000 + b"]" * 2_000 + b"}"
        case 4:
            return "NaN", b'{"score":NaN,' + message[1:]
        case 5:
            return "a key twice", b'{"event_id":"other",' + message[1:]
        case 6:
            return "wrong type", orjson.dumps(document | {"event_id": [document["event_id"]]})
        case 7:
            return "ancient time", orjson.dumps(document | {clock: "1970-01-01T00:00:01.000000Z"})
        case 8:
            return "future time", orjson.dumps(document | {clock: "2098-01-01T00:00:00.000000Z"})
        case _:
            return "no object", orjson.dumps([document])
