"""Alerts through RabbitMQ with confirms, and documents into the search engine."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from benchmarks.data import table
from benchmarks.live.common import FOLDER, settings_of
from workbench.live import clients
from workbench.live.alerts import alert
from workbench.live.fields import spell
from workbench.live.index.relay import relay as index
from workbench.live.relay_alerts import relay as relay_alerts
from workbench.live.services import Services
from workbench.live.topics import PARTITIONS, Topics, create
from workbench.replay.alerting import SEVERITIES

if TYPE_CHECKING:
    from workbench.live.settings import Settings

ALERTS, SCORES, REPEATS = 30_000, 60_000, 3
IDLE = 2.0
BEGIN = 1_740_960_000_000_000
SERVERS = ("kafka", "rabbitmq", "opensearch")


def run() -> None:
    """Relay what lies on topics, from the first message to the last acknowledgement."""
    relayed, indexed = [], []
    with Services(FOLDER / "services-relays").running(*SERVERS) as services:
        settings = settings_of(services, *SERVERS)
        for _ in range(REPEATS):
            topics = Topics(f"relays-{secrets.token_hex(3)}")
            create(settings, topics)
            _write(settings, topics.alerts, [_alert(k) for k in range(ALERTS)])
            relayed.append(ALERTS / _seconds(relay_alerts, settings, "fraud", topics))
            _write(settings, topics.scores, [_score(k) for k in range(SCORES)])
            indexed.append((ALERTS + SCORES) / _seconds(index, settings, topics))
    rows = [
        ("relay alerts: confirmed by RabbitMQ", _spread(relayed)),
        ("relay index: acknowledged by OpenSearch", _spread(indexed)),
    ]
    table(("from topic", "messages a second"), rows)


def _seconds(relay: Any, *arguments: Any) -> float:
    """Return how long a relay took, without the silence by which it knows that all is done."""
    begin = time.perf_counter()
    relay(*arguments, until_idle=IDLE)
    return time.perf_counter() - begin - IDLE


def _score(k: int) -> dict[str, Any]:
    return {
        "event_id": f"{k:08d}",
        "event_time": spell(BEGIN + k * 1_000_000),
        "score": (k % 997) / 997,
        "artifact": "0123456789abcdef",
        "late": False,
    }


def _alert(k: int) -> dict[str, Any]:
    reasons = [
        {"feature": f"feature_{number}", "value": number / 3, "contribution": -number / 7}
        for number in range(5)
    ]
    severity = SEVERITIES[k % len(SEVERITIES)]
    return alert(
        _score(k), entity=f"card-{k % 499}", threshold=0.5, severity=severity, reasons=reasons
    )


def _write(settings: Settings, topic: str, documents: list[dict[str, Any]]) -> None:
    producer = clients.producer(settings)
    for document in documents:
        key = str(document.get("entity", document["event_id"])).encode()
        part = clients.partition_of(key, PARTITIONS)
        producer.send(topic, orjson.dumps(document), key, partition=part)
    producer.flush()
    producer.close()


def _spread(rates: list[float]) -> str:
    return f"{np.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f})"
