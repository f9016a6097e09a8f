"""A bare loop of kafka-python: poll, decode, send a score for each event, commit.

``python -m benchmarks.live.bare TOPICS TARGET SENDING KIND...`` reads the kinds that are named:
``events`` and ``labels`` are what the worker reads. ``SENDING`` is ``plain``, or ``tuned``: as the
worker does it, which knows the partitions of keys and lets messages wait for large requests.
"""

from __future__ import annotations

import sys

import orjson

from workbench.live import clients
from workbench.live.outbox import LINGER, TOGETHER
from workbench.live.settings import Settings


def main(topics: str, target: str, sending: str, *kinds: str) -> None:
    """Answer every event with a score that says nothing."""
    from kafka import OffsetAndMetadata

    settings, events = Settings.load(), f"{topics}.events"
    consumer = clients.consumer(settings, group_id=target, max_partition_fetch_bytes=1 << 19)
    parts = [
        part
        for kind in kinds
        for part in clients.partitions(consumer, settings, f"{topics}.{kind}")
    ]
    consumer.assign(parts)
    consumer.seek_to_beginning(*parts)
    ends = consumer.end_offsets(parts)
    tuned = sending == "tuned"
    large = {"linger_ms": LINGER, "batch_size": TOGETHER} if tuned else {}
    producer = clients.producer(settings, transactional_id=target, **large)
    producer.init_transactions()
    count = len(producer.partitions_for(target))
    while any(consumer.position(part) < ends[part] for part in parts):
        records = consumer.poll(50, max_records=10_000)
        if not records:
            continue
        producer.begin_transaction()
        for part, batch in records.items():
            for record in batch:
                event = orjson.loads(record.value)
                if part.topic != events:
                    continue
                score = {
                    "event_id": event["event_id"],
                    "event_time": event["event_time"],
                    "score": 0.123456789012345,
                    "artifact": "0123456789abcdef",
                    "late": False,
                }
                partition = clients.partition_of(record.key, count) if tuned else None
                producer.send(target, orjson.dumps(score), key=record.key, partition=partition)
        if tuned:
            producer.flush()
        offsets = {p: OffsetAndMetadata(b[-1].offset + 1, "", -1) for p, b in records.items()}
        producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
        producer.commit_transaction()
    producer.close()
    consumer.close(autocommit=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
