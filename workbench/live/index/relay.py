"""From the topics of scores and alerts into the index, again and again the same.

A document's id is the score's or the alert's own, and its version is its offset: reading a topic
again changes nothing. An id always lies in the same partition, for the key is its entity; so its
offsets tell which of two is the later. Offsets are committed when the engine has acknowledged
all before them; what cannot be indexed is in quarantine by then.

While the engine is slow or away, nothing more is read: what waits in memory is bounded.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from workbench.live.clients import consumer, partitions, translated
from workbench.live.fields import BadMessage
from workbench.live.index import documents, engine
from workbench.live.index.layout import Layout
from workbench.live.index.retention import Days
from workbench.live.index.writing import Writer, Written
from workbench.live.offsets import Offsets, at_end
from workbench.live.quarantine import Quarantine
from workbench.live.stopping import Quiet, Stop
from workbench.progress import progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka import KafkaConsumer, TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.index.documents import Document
    from workbench.live.index.layout import Kind
    from workbench.live.quarantine import Bad
    from workbench.live.settings import Settings
    from workbench.live.telemetry import Telemetry
    from workbench.live.topics import Topics
    from workbench.progress import Step

THREADS = 2
#: The most batches that are read and not yet acknowledged; and the most records of one.
DEPTH, BATCH = 4, 2_000
#: Days before the newest one for which indices are kept unless told otherwise.
KEEP = 400


@dataclass(slots=True)
class Relayed:
    """What became of the messages.

    Attributes
    ----------
    taken
        New in the index.
    there
        There already.
    expired
        Older than what is kept.
    quarantined
        Those that cannot be indexed.
    """

    taken: int = 0
    there: int = 0
    expired: int = 0
    quarantined: int = 0


def relay(
    settings: Settings,
    topics: Topics,
    *,
    until_idle: float | None = None,
    keep: int = KEEP,
    stop: Stop | None = None,
    telemetry: Telemetry | None = None,
) -> Relayed:
    """Write scores and alerts into the index until stopped.

    Parameters
    ----------
    settings
        Where Kafka and the search engine are.
    topics
        Which topics; their prefix is that of the indices.
    until_idle
        Seconds without a new message after which to end; never if not given.
    keep
        For how many days before the newest one daily indices are kept.
    stop
        Ends the work: what is being written is finished first.
    telemetry
        Told what happens.

    Raises
    ------
    LiveError
        If a server cannot be reached, refuses, or does not come back.
    """
    layout = Layout(topics.prefix)
    stop = stop or Stop()
    group = f"workbench-relay-index-{topics.prefix}"
    with (
        closing(engine.connect(settings)) as client,
        Quarantine(settings, topics, telemetry) as quarantine,
    ):
        days = Days(client, layout, keep)
        with engine.translated(settings, f"the templates and indices of {topics.prefix}-*"):
            days.settle()
        writer = Writer(settings, client, layout, days, stop=stop, telemetry=telemetry)
        with (
            closing(consumer(settings, group_id=group, max_poll_records=BATCH)) as reader,
            progress(f"index {topics.prefix}", 0, "documents") as step,
        ):
            reader.assign(
                partitions(reader, settings, topics.scores)
                + partitions(reader, settings, topics.alerts)
            )
            return _Relay(settings, topics, reader, writer, quarantine, telemetry).run(
                stop, until_idle, step
            )


class _Batch(NamedTuple):
    written: Future[Written]
    bad: list[Bad]
    size: int
    last: dict[TopicPartition, int]
    begun: float


class _Relay:
    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        reader: KafkaConsumer,
        writer: Writer,
        quarantine: Quarantine,
        telemetry: Telemetry | None,
    ) -> None:
        self._settings = settings
        self._what = f"the topics {topics.prefix}.*"
        self._kinds: dict[str, Kind] = {topics.scores: "scores", topics.alerts: "alerts"}
        self._reader = reader
        self._writer = writer
        self._quarantine = quarantine
        self._telemetry = telemetry
        self._pool = ThreadPoolExecutor(THREADS, "index")
        self._waiting: deque[_Batch] = deque()
        self._total = Relayed()
        self._offsets = Offsets(settings, reader, self._what)

    def run(self, stop: Stop, until_idle: float | None, step: Step) -> Relayed:
        quiet = Quiet(until_idle)
        try:
            while not stop.asked:
                with translated(self._settings, f"reading {self._what}"):
                    # While batches are on their way, only what is there already.
                    records = self._reader.poll(timeout_ms=20 if self._waiting else 200)
                if records:
                    self._waiting.append(self._begin(records))
                while self._waiting and (
                    len(self._waiting) >= DEPTH or self._waiting[0].written.done()
                ):
                    step(self._finish())
                self._offsets.tick()
                self._tell()
                if quiet.after(len(records) + len(self._waiting)) and at_end(self._reader):
                    break
            while self._waiting:
                step(self._finish())
            self._offsets.commit()
        finally:
            stop.ask()  # nobody waits for what another batch's failure has left
            self._pool.shutdown(cancel_futures=True)
        return self._total

    def _begin(self, records: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> _Batch:
        good: list[Document] = []
        bad: list[Bad] = []
        for batch in records.values():
            for record in batch:
                try:
                    good.append(documents.read(self._kinds[record.topic], record))
                except BadMessage as error:
                    bad.append((record, str(error)))
        last = {place: batch[-1].offset for place, batch in records.items()}
        written = self._pool.submit(self._writer.write, good)
        return _Batch(written, bad, len(good) + len(bad), last, time.monotonic())

    def _finish(self) -> int:
        """Wait until the oldest batch is written; return of how many messages it was."""
        batch = self._waiting.popleft()
        while wait([batch.written], timeout=1.0).not_done:
            self._tell()
        written = batch.written.result()
        bad = batch.bad + [(document.record, reason) for document, reason in written.unfit]
        self._quarantine.put(bad)
        self._total.taken += written.taken
        self._total.there += written.there
        self._total.expired += written.expired
        self._total.quarantined += len(bad)
        for place, offset in batch.last.items():
            self._offsets.passed(place, offset)
        if self._telemetry is not None:
            self._telemetry.observe("batch_seconds", time.monotonic() - batch.begun)
        return batch.size

    def _tell(self) -> None:
        if self._telemetry is not None:
            self._telemetry.health.beat()
            self._telemetry.health.ready = True
            waiting = sum(batch.size for batch in self._waiting)
            self._telemetry.gauge("sink_in_flight", waiting, sink="search")
            for topic in self._kinds:
                self._telemetry.gauge("lag_offsets", self._lag(topic), topic=topic)

    def _lag(self, topic: str) -> int:
        """Return how many messages of a topic lie ahead, as the brokers last said."""
        parts = [part for part in self._reader.assignment() if part.topic == topic]
        ends = [self._reader.highwater(part) for part in parts]
        return sum(
            max(0, end - self._reader.position(part))
            for part, end in zip(parts, ends, strict=True)
            if end is not None
        )
