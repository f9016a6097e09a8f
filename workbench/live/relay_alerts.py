"""Alerts from Kafka to RabbitMQ: at least once, each under its id.

Offsets are committed when RabbitMQ has confirmed all before them. After a crash some alerts are
sent again; consumers know them by their message id.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.live import alerts
from workbench.live.clients import Away, consumer, partitions, translated
from workbench.live.fields import BadMessage
from workbench.live.offsets import Offsets, at_end
from workbench.live.quarantine import Quarantine
from workbench.live.rabbit import Pauses
from workbench.live.routes import EXCHANGE, Routes, settle
from workbench.live.sender import Sender, Unroutable
from workbench.live.stopping import Quiet, Stop
from workbench.progress import progress

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition

    from workbench.live.settings import Settings
    from workbench.live.telemetry import Telemetry
    from workbench.live.topics import Topics
    from workbench.progress import Step

LOG = logging.getLogger(__name__)
#: The least room in the window for which Kafka is asked: fewer are not worth a question.
ROOM = 200
#: Seconds for which confirms are waited for when the relay ends.
FAREWELL = 5.0
#: Header of a message: the prefix of the topics that its alert came from.
TOPICS = "topics"


@dataclass(slots=True)
class Relayed:
    """What became of the messages.

    Attributes
    ----------
    alerts
        Confirmed by RabbitMQ.
    quarantined
        Those that are no alerts.
    """

    alerts: int = 0
    quarantined: int = 0


def relay(
    settings: Settings,
    case: str,
    topics: Topics,
    *,
    until_idle: float | None = None,
    stop: Stop | None = None,
    telemetry: Telemetry | None = None,
) -> Relayed:
    """Move alerts to RabbitMQ until stopped.

    Parameters
    ----------
    settings
        Where Kafka and RabbitMQ are.
    case
        Name of the case, which begins the routing keys.
    topics
        Which topics.
    until_idle
        Seconds without a new alert after which to end; never if not given.
    stop
        Ends the work: what was sent is confirmed first.
    telemetry
        Told what happens.

    Raises
    ------
    LiveError
        If a server cannot be reached at the start, or refuses; if an alert finds no queue.
    """
    stop = stop or Stop()
    group = f"workbench-relay-alerts-{topics.prefix}"
    with (
        closing(consumer(settings, group_id=group, max_poll_records=1_000)) as reader,
        Quarantine(settings, topics, telemetry) as quarantine,
        closing(Sender[tuple["TopicPartition", int, str]](settings, EXCHANGE)) as sender,
        progress(f"relay alerts of {topics.prefix}", 0, "alerts") as step,
    ):
        reader.assign(partitions(reader, settings, topics.alerts))
        work = _Relay(settings, Routes(case), topics, reader, sender, quarantine, telemetry)
        return work.run(stop, until_idle, step)


class _Relay:
    def __init__(
        self,
        settings: Settings,
        routes: Routes,
        topics: Topics,
        reader: KafkaConsumer,
        sender: Sender[tuple[TopicPartition, int, str]],
        quarantine: Quarantine,
        telemetry: Telemetry | None,
    ) -> None:
        self._settings, self._routes, self._topics = settings, routes, topics
        self._reader, self._sender, self._quarantine = reader, sender, quarantine
        self._offsets = Offsets(settings, reader, f"the topic {topics.alerts}")
        self._telemetry = telemetry
        self._total = Relayed()
        self._read: dict[TopicPartition, int] = {}

    def run(self, stop: Stop, until_idle: float | None, step: Step) -> Relayed:
        quiet, taken = Quiet(until_idle), 0
        self._open()
        try:
            while not stop.asked:
                try:
                    taken = self._take()
                    self._sender.turn(0.02 if not taken and self._sender.waiting else 0.0)
                except Away as error:
                    LOG.warning("%s", error)
                    self._reopen(stop)
                    quiet = Quiet(until_idle)
                step(self._settle())
                self._offsets.tick()
                self._tell()
                if quiet.after(taken or self._sender.waiting) and at_end(self._reader):
                    break
            self._drain(step)
        except Unroutable:
            if self._telemetry is not None:
                self._telemetry.count("quarantined", reason="unroutable")
            self._settle()
            self._offsets.commit()
            raise
        self._offsets.commit()
        return self._total

    def _open(self) -> None:
        settle(self._settings, self._routes)
        self._sender.open()

    def _reopen(self, stop: Stop) -> None:
        pauses = Pauses("RabbitMQ")
        while not pauses.wait(stop):
            if self._telemetry is not None:
                self._telemetry.count("retries", sink="rabbitmq")
                self._telemetry.health.beat()
            try:
                self._open()
            except Away as error:
                LOG.info("%s", error)
            else:
                return

    def _take(self) -> int:
        """Send what Kafka has, as far as there is room; return how many messages."""
        if (room := self._sender.room) < ROOM:
            return 0
        with translated(self._settings, f"reading the topic {self._topics.alerts}"):
            # While confirms are on their way, only what is there already.
            wait = 0 if self._sender.waiting else 100
            records = self._reader.poll(timeout_ms=wait, max_records=room)
        bad = []
        for place, batch in records.items():
            self._read[place] = batch[-1].offset + 1
            for record in batch:
                try:
                    alert = alerts.read(record.value)
                    key, identity = self._routes.key(alert.severity), alert.alert_id
                    severity = alert.severity
                except BadMessage as error:
                    key = identity = severity = ""
                    bad.append((record, str(error)))
                self._sender.send(
                    key,
                    record.value or b"",
                    properties(self._topics.prefix, identity),
                    (place, record.offset, severity),
                )
        self._quarantine.put(bad)
        self._total.quarantined += len(bad)
        return sum(map(len, records.values()))

    def _settle(self) -> int:
        """Take what is confirmed; return how many alerts."""
        confirmed = self._sender.confirmed()
        for sent in confirmed:
            place, offset, _ = sent.token
            self._offsets.passed(place, offset)
        relayed = [sent for sent in confirmed if sent.key]
        self._total.alerts += len(relayed)
        if self._telemetry is not None and relayed:
            import numpy as np

            now = time.monotonic()
            self._telemetry.observe(
                "relay_confirm_seconds", np.array([now - sent.at for sent in relayed])
            )
            for severity in {sent.token[2] for sent in relayed}:
                n = sum(sent.token[2] == severity for sent in relayed)
                self._telemetry.count("relay_confirms", n, severity=severity)
        return len(relayed)

    def _drain(self, step: Step) -> None:
        """Wait for what is on its way, though not for long: the rest is sent again next time."""
        until = time.monotonic() + FAREWELL
        while self._sender.waiting and time.monotonic() < until:
            try:
                self._sender.turn(0.1)
            except Away as error:
                LOG.warning("%s", error)
                return
            step(self._settle())

    def _tell(self) -> None:
        if self._telemetry is None:
            return
        self._telemetry.health.beat()
        self._telemetry.health.ready = True
        self._telemetry.gauge("sink_in_flight", self._sender.waiting, sink="rabbitmq")
        ends = {place: self._reader.highwater(place) or 0 for place in self._read}
        lag = sum(max(0, ends[place] - read) for place, read in self._read.items())
        self._telemetry.gauge("lag_offsets", lag, topic="alerts")


def properties(prefix: str, identity: str) -> Any:
    """Return what stands on an alert's envelope: its id, and from which topics it comes."""
    from pika import BasicProperties

    return BasicProperties(
        content_type="application/json",
        delivery_mode=2,
        headers={TOPICS: prefix},
        message_id=identity,
    )
