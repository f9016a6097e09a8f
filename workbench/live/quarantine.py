"""What a relay cannot use goes to the quarantine topic, with its place and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from workbench.live.clients import producer, translated
from workbench.live.messages import quarantined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka import KafkaProducer
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.settings import Settings
    from workbench.live.telemetry import Telemetry
    from workbench.live.topics import Topics

Bad = tuple["ConsumerRecord", str]


class Quarantine:
    """Writes to quarantine; connects when there is something to write.

    Parameters
    ----------
    settings
        Where Kafka is.
    topics
        Whose quarantine.
    telemetry
        Told of each reason.
    """

    def __init__(self, settings: Settings, topics: Topics, telemetry: Telemetry | None) -> None:
        self._settings = settings
        self._topic = topics.quarantine
        self._telemetry = telemetry
        self._producer: KafkaProducer | None = None

    def put(self, bad: Sequence[Bad]) -> None:
        """Write records with their reasons, and return when the brokers have them."""
        if not bad:
            return
        with translated(self._settings, f"writing to the topic {self._topic}"):
            if self._producer is None:
                self._producer = producer(self._settings)
            sent = [
                self._producer.send(
                    self._topic,
                    key=record.key,
                    value=quarantined(
                        record.topic, record.partition, record.offset, reason, record.value
                    ),
                )
                for record, reason in bad
            ]
            for future in sent:
                future.get(60)
        if self._telemetry is not None:
            for _, reason in bad:
                self._telemetry.count("quarantined", reason=reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._producer is not None:
            self._producer.close()
