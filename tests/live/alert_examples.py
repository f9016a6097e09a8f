"""Alerts on a topic, and a virtual host of RabbitMQ of one's own."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pika

from workbench.live import alerts
from workbench.live.clients import consumer, partition_of, partitions, producer
from workbench.live.fields import spell
from workbench.live.rabbit import connect
from workbench.live.settings import Settings
from workbench.live.topics import PARTITIONS, Topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: 2018-04-01, and an artifact.
START, DIGEST = 1_522_540_800_000_000, "0123456789abcdef"
SEVERITIES = ("low", "medium", "high")


def an_alert(k: int, **changes: Any) -> dict[str, Any]:
    """Return the k-th alert, a second after the one before."""
    score = {
        "event_id": f"e{k}",
        "event_time": spell(START + k * 1_000_000),
        "score": 0.4 + k / 10_000_000,
        "artifact": DIGEST,
        "late": False,
    }
    reason = {"feature": "amount", "value": 1.5, "contribution": 0.25}
    found = alerts.alert(score, f"card-{k % 97}", 0.4, SEVERITIES[k % 3], [reason])
    return found | changes


def ids(count: int) -> list[str]:
    return [alerts.alert_id(DIGEST, f"e{k}") for k in range(count)]


def put(settings: Settings, topics: Topics, values: Iterable[Any]) -> None:
    """Write alerts (or any bytes) to the topic of alerts."""
    with closing(producer(settings)) as client:
        waiting = []
        for value in values:
            raw = isinstance(value, bytes)
            key = b"raw" if raw else value["entity"].encode()
            content = value if raw else orjson.dumps(value)
            place = partition_of(key, PARTITIONS)
            waiting.append(client.send(topics.alerts, key=key, value=content, partition=place))
        for future in waiting:
            future.get(60)


def taken(settings: Settings, topic: str) -> list[Any]:
    """Return every record of a topic."""
    with closing(consumer(settings)) as client:
        places = partitions(client, settings, topic)
        client.assign(places)
        client.seek_to_beginning(*places)
        ends = client.end_offsets(places)
        found: list[Any] = []
        while any(client.position(place) < end for place, end in ends.items()):
            for batch in client.poll(timeout_ms=200).values():
                found += batch
    return found


def until(done: Callable[[], bool], seconds: float = 90) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass(frozen=True)
class Host:
    """A virtual host of RabbitMQ.

    Attributes
    ----------
    environment
        The variables with which a process finds it.
    """

    environment: Mapping[str, str]

    @classmethod
    def made(cls, environment: Mapping[str, str], name: str) -> Host:
        host = cls(
            {
                **environment,
                "WORKBENCH_RABBITMQ": environment["WORKBENCH_RABBITMQ"].replace("%2F", name),
            }
        )
        host.api("PUT", f"vhosts/{name}")
        host.api(
            "PUT",
            f"permissions/{name}/workbench",
            {"configure": ".*", "write": ".*", "read": ".*"},
        )
        return host

    @property
    def settings(self) -> Settings:
        values = {k.removeprefix("WORKBENCH_").lower(): v for k, v in self.environment.items()}
        return Settings.model_validate(values)

    @property
    def name(self) -> str:
        return self.environment["WORKBENCH_RABBITMQ"].rpartition("/")[2]

    def api(self, method: str, path: str, content: Any = None) -> Any:
        """Ask the HTTP API."""
        answer = httpx.request(
            method,
            f"{self.environment['WORKBENCH_RABBITMQ_API']}/api/{path}",
            json=content,
            auth=("workbench", self.environment["WORKBENCH_RABBITMQ_PASSWORD"]),
            timeout=20,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def waiting(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        with closing(connect(self.settings)) as connection:
            found = connection.channel().queue_declare(queue, passive=True)
            return int(found.method.message_count)

    def messages(self, queue: str) -> list[tuple[Any, bytes]]:
        """Take all messages out of a queue: their properties and content."""
        with closing(connect(self.settings)) as connection:
            channel = connection.channel()
            found = []
            while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
                found.append((got[1], got[2]))
            return found

    def send(self, exchange: str, key: str, bodies: Iterable[Any], **headers: Any) -> None:
        """Publish alerts (or any bytes) as the relay does, and wait for the confirms."""
        with closing(connect(self.settings)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for body in bodies:
                raw = isinstance(body, bytes)
                properties = pika.BasicProperties(
                    delivery_mode=2,
                    headers=headers,
                    message_id=body.decode() if raw else body["alert_id"],
                )
                content = body if raw else orjson.dumps(body)
                channel.basic_publish(exchange, key, content, properties, mandatory=True)
