"""Publishing a recorded stream to topics, in the order in which it became known."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError, KafkaTimeoutError

from workbench.case import get_case
from workbench.durations import microseconds
from workbench.errors import Interrupted, ParameterError
from workbench.live.arrivals import arrivals
from workbench.live.clients import LiveError, partition_of, producer, translated
from workbench.live.fields import spell
from workbench.live.messages import EventCodec
from workbench.live.promise import promise
from workbench.live.speed import Speed
from workbench.live.stopping import Stop
from workbench.live.topics import PARTITIONS, create
from workbench.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka import KafkaProducer

    from workbench.live.arrivals import Arrivals
    from workbench.live.settings import Settings
    from workbench.live.telemetry import Telemetry
    from workbench.live.topics import Topics
    from workbench.streams.recorded import Stream

#: The most messages that are sent before all of them must be acknowledged.
CHUNK = 2_000
#: How often it is tried to close a producer that was refused something.
CLOSING = 5
#: How long the brokers may take for a chunk, a change of leaders included (s).
PATIENCE = 60.0


@dataclass(slots=True)
class Published:
    """What was sent and acknowledged.

    Attributes
    ----------
    events, labels
        How many.
    first, last
        When the first and the last one became known; ``None`` if there were none.
    made
        Topics that were made for it.
    seconds
        How long it took.
    """

    events: int
    labels: int
    first: str | None
    last: str | None
    made: list[str]
    seconds: float

    @property
    def rate(self) -> int:
        """Messages a second."""
        return round((self.events + self.labels) / max(self.seconds, 1e-9))

    def __str__(self) -> str:
        span = f", from {self.first} to {self.last}" if self.first else ""
        return (
            f"{self.events:,} events and {self.labels:,} labels in {self.seconds:.1f} s "
            f"({self.rate:,} messages/s){span}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return asdict(self) | {"messages_per_second": self.rate}


def publish(
    settings: Settings,
    stream: Stream,
    topics: Topics,
    *,
    speed: Speed | None = None,
    start: int | None = None,
    until: int | None = None,
    label_delay: str | None = None,
    partitions: int | None = None,
    stop: Stop | None = None,
    telemetry: Telemetry | None = None,
) -> Published:
    """Send events and labels of a recorded stream.

    The producer is idempotent: a message that is sent again inside one call is there once. A
    stream that is published again is there twice, and its readers count each id once.

    Parameters
    ----------
    settings
        Where the brokers are.
    stream
        The recorded stream.
    topics
        Where to; those that are not there are made.
    speed
        As fast as possible if not given.
    start, until
        Only what became known from ``start`` (inclusive) until ``until`` (exclusive), in µs.
    label_delay
        For labels without ``known_at``; the case's own if not given.
    partitions
        Of topics that are made; topics that are there must have as many, if it is given.
    stop
        Asked when the work is to end early.
    telemetry
        Told what was acknowledged.

    Raises
    ------
    Interrupted
        If the end was wanted before all was sent; says from which time on to go on.
    LiveError
        If the brokers do not take it; says the same.
    """
    codec = EventCodec(stream.schema)
    delay = microseconds(label_delay or get_case(stream.case).label_delay)
    made = create(settings, topics, partitions or PARTITIONS)
    whole = stream.n_events + stream.n_labels if start is None and until is None else 0
    began, stop = time.monotonic(), stop or Stop()
    what = f"publishing to the topics {topics.prefix}.*"
    with (
        translated(settings, what),
        _closing(producer(settings)) as client,
        progress(f"publish {stream.case}", whole, "messages") as step,
    ):
        sender = _Sender(client, topics, partitions, stop)
        pace = _Pace(speed or Speed(), stop)
        for messages in arrivals(stream, codec, delay, start, until):
            at = 0
            while at < len(messages):
                now = int(messages.times[at])
                if pace.wait(now):
                    raise Interrupted(_left(sender, now))
                end = at + pace.speed.together(messages.times[at:], CHUNK)
                _send(sender, messages, at, end, settings, what)
                pace.sent += end - at
                step(end - at, spell(now)[:16])
                if telemetry is not None:
                    telemetry.count("labels", labels := int(messages.labels[at:end].sum()))
                    telemetry.count("events", end - at - labels)
                    telemetry.health.beat()
                    telemetry.health.ready = True
                at = end
    first = None if pace.first is None else spell(pace.first)
    last = None if sender.last is None else spell(sender.last)
    seconds = time.monotonic() - began
    return Published(sender.events, sender.labels, first, last, made, round(seconds, 3))


def _send(
    sender: _Sender, messages: Arrivals, at: int, end: int, settings: Settings, what: str
) -> None:
    try:
        with translated(settings, what):
            sender.send(messages, at, end)
    except Interrupted:
        raise Interrupted(_left(sender, int(messages.times[at]))) from None
    except LiveError as error:
        raise LiveError(f"{error} {_left(sender, int(messages.times[at]))}.") from error


def _left(sender: _Sender, now: int) -> str:
    return (
        f"{sender.events:,} events and {sender.labels:,} labels are published, all that became "
        f"known before {spell(now)}; the same command goes on there with --from {spell(now)}"
    )


class _Pace:
    """When the next messages are due."""

    def __init__(self, speed: Speed, stop: Stop) -> None:
        self.speed = speed
        self.sent = 0
        self.first: int | None = None
        self._stop = stop
        self._began = time.monotonic()

    def wait(self, now: int) -> bool:
        """Wait until a message of this time (µs) is due; return whether the end is wanted."""
        if self.first is None:
            self.first, self._began = now, time.monotonic()
        due = self._began + self.speed.due(now - self.first, self.sent)
        return self._stop.wait(due - time.monotonic())


class _Sender:
    """Sends chunk after chunk; each is acknowledged before the next one."""

    def __init__(
        self, client: KafkaProducer, topics: Topics, partitions: int | None, stop: Stop
    ) -> None:
        self.events = 0
        self.labels = 0
        self.last: int | None = None
        self._client = client
        self._stop = stop
        self._topics = (topics.events, topics.labels)
        self._counts = tuple(_count(client, topic, partitions) for topic in self._topics)

    def _flush(self) -> None:
        """Wait until all is acknowledged; the producer itself might wait without end."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self._client.flush(timeout=1)
            except KafkaTimeoutError:
                if self._stop.asked:
                    raise Interrupted from None
                if time.monotonic() > until:
                    raise KafkaTimeoutError(f"no acknowledgement for {PATIENCE:g} s") from None
            else:
                return

    def send(self, messages: Arrivals, at: int, end: int) -> None:
        """Send some of the messages and wait until the brokers have them.

        Raises
        ------
        KafkaError
            If they do not take one.
        """
        send, topics, counts = self._client.send, self._topics, self._counts
        headers = [promise(int(messages.times[at]))]
        kinds = messages.labels[at:end].tolist()
        keys, values = messages.keys[at:end], messages.values[at:end]
        places = [(k, partition_of(key, counts[k])) for k, key in zip(kinds, keys, strict=True)]
        # Headers cost their readers a fifth more; what is promised once is known.
        lasts = set({place: row for row, place in enumerate(places)}.values())
        sent = [
            send(
                topics[kind],
                value=value,
                key=key,
                headers=headers if row in lasts else None,
                partition=partition,
            )
            for row, ((kind, partition), key, value) in enumerate(
                zip(places, keys, values, strict=True)
            )
        ]
        self._flush()
        for future in sent:
            if not future.succeeded():
                raise future.exception
        labels = sum(kinds)
        self.labels += labels
        self.events += len(kinds) - labels
        self.last = int(messages.times[end - 1])


def _count(client: KafkaProducer, topic: str, wanted: int | None) -> int:
    """Return how many partitions a topic has."""
    found = len(client.partitions_for(topic))
    if wanted is not None and found != wanted:
        raise ParameterError.of(
            f"--partitions {wanted} for the topic {topic}, which has {found},",
            allowed="the number that it has",
            hint="leave --partitions out, or choose new topics with --topics",
        )
    return found


@contextmanager
def _closing(client: KafkaProducer) -> Iterator[KafkaProducer]:
    try:
        yield client
    finally:
        # What is not acknowledged by now was not counted: its time is where to go on. What was
        # refused has been told; closing tells it again until nothing of it is left.
        for _ in range(CLOSING):
            with suppress(KafkaError):
                client.close(timeout=2)
                break
