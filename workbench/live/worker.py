"""The worker: the one path, driven by Kafka, exactly once.

It reads events and labels, merges their partitions into the one order, drives the path, and
writes scores, alerts and input offsets in one transaction. Its state is a cache of the log: after
any end it loads a checkpoint, reads on from there and comes by the same way to where the last
transaction was committed; only what lies behind that is written.

That holds as long as all decisions follow from the log. A decision that did not (what came late
into a partition that had been passed over as idle; what the control topic said in time) is saved
with the state before the transaction that shows it, so that it is never made again.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

import orjson

from workbench.case import get_case
from workbench.errors import BadInput
from workbench.live import claim
from workbench.live.account import Account
from workbench.live.catchup import take_over
from workbench.live.checkpoints import Checkpoints, owned
from workbench.live.entry import Entry
from workbench.live.fields import BadMessage
from workbench.live.intake import Bad, Intake
from workbench.live.lanes import Lanes
from workbench.live.merge import Merger
from workbench.live.messages import EventCodec, encode_answers, quarantined
from workbench.live.order import NEVER
from workbench.live.outbox import Outbox
from workbench.live.place import Place
from workbench.live.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from workbench.live.options import Options
    from workbench.live.settings import Settings
    from workbench.live.stopping import Stop
    from workbench.live.telemetry import Telemetry

LOG = logging.getLogger(__name__)
#: So many events and labels may wait in memory; then partitions that are ahead are held.
MOST_WAITING, MOST_LABELS = 50_000, 200_000
#: The most events a transaction.
BATCH = 10_000
#: How long the worker waits for the next message (s).
PATIENCE = 0.05
#: How often it looks whether its place is still its own (s).
LOOK = 2.0


def work(options: Options, settings: Settings, telemetry: Telemetry, stop: Stop) -> None:
    """Work until stopped, or until nothing has come for a while.

    Raises
    ------
    Fenced
        If a successor has to go on.
    TakenOver
        If another worker of the same name has taken over.
    """
    if orphaned(options):
        return  # before it claims a name that another one may have by now
    name = f"workbench-worker-{options.topics.prefix}"
    source = Source(settings, options.topics, name, options.lateness, options.until_idle)
    try:
        if options.successor:
            claim.check(options, source)
        outbox = Outbox(settings, name)
        try:
            last, place = claim.claim(options, source, outbox)
            with owned(options.state):
                _Worker(options, source, outbox, telemetry, last, place).run(stop)
        finally:
            outbox.close()
    finally:
        source.close()


def orphaned(options: Options) -> bool:
    """Return whether the supervisor is gone: whoever started that one starts another."""
    return os.getppid() != options.supervisor


class _Worker:
    def __init__(
        self,
        options: Options,
        source: Source,
        outbox: Outbox,
        telemetry: Telemetry,
        last: Place,
        place: Place,
    ) -> None:
        self.options = options
        self.source = source
        self.outbox = outbox
        self.telemetry = telemetry
        self.topics = options.topics
        self.account = Account(telemetry)
        self.checkpoints = Checkpoints(options.state)
        schema = get_case(options.artifact.case).schema
        self.codec = EventCodec(schema)
        self.intake = Intake(self.codec, self.topics)
        self.lanes = Lanes(options.artifact, schema)
        self.merger = Merger(
            source.partitions,
            options.lateness,
            self.lanes.begin,
            schema.events,
            self.lanes.waits,
        )
        self.entry = Entry(self.intake, self.merger, last)
        #: What a predecessor has written is not written again.
        self.written = last
        self.place = place
        self._begin()
        self._saved_at = time.monotonic()
        self._looked_at = time.monotonic()
        self._reached = NEVER

    def _begin(self) -> None:
        """Go to where the newest checkpoint was, or to the beginning of the log."""
        state = self.checkpoints.load(self.written.sequence)
        if state is None:
            if self.written.sequence:
                self.source.must_begin_at_zero()
            self.source.seek({}, must_reach=self.written.offsets)
            return
        if state["artifact"] != self.options.artifact.digest:
            raise BadInput.of(
                f"--state {self.options.state}, which belongs to the artifact {state['artifact']},",
                allowed=f"a new folder, or one of the artifact {self.options.artifact.digest}",
                hint="let an artifact take over through the control topic, or choose another "
                "--state and other --topics",
            )
        self.merger.restore(state["merger"])
        self.lanes.restore(state["lanes"])
        offsets = dict(zip(self.source.all, state["offsets"], strict=True))
        self.source.seek(offsets, must_reach=self.written.offsets)

    def run(self, stop: Stop) -> None:
        """Read, score and write until it is time to leave."""
        self.telemetry.health.ready = True
        while not stop.asked and not orphaned(self.options):
            self.telemetry.health.beat()
            records = self.source.poll(PATIENCE)
            if not records:
                self.source.look(self.source.partitions)
            self._take(records)
            self._release()
            self._hold()
            if time.monotonic() - self._saved_at > self.options.checkpoint_every:
                self._save()
            if time.monotonic() - self._looked_at > LOOK:
                self._looked_at = time.monotonic()
                claim.check(self.options, self.source)
            if self._finished():
                break
        self._save()

    def _finished(self) -> bool:
        patience = self.options.until_idle
        if patience is None or self.merger.waiting[0]:
            return False
        return self.source.silent_for() >= patience

    # -- in ------------------------------------------------------------------------------------

    def _take(self, records: dict[Any, list[Any]]) -> None:
        """Sort what was polled: into the order, or out of it."""
        control = records.pop(self.source.control, ())
        came = self.entry.take(records)
        self._put_away(came.bad)
        while self.codec.cleared:
            reason, values = self.codec.cleared.popitem()
            self.telemetry.count("cleared", values, reason=reason)
        self.account.came(came, self.entry.is_written)
        for record in control:
            self._told(record)

    def _put_away(self, bad: Sequence[Bad]) -> None:
        for message in bad:
            self.telemetry.count("quarantined", reason=message.reason)
        self.outbox.put(
            self.topics.quarantine,
            [message.key for message in bad],
            [quarantined(*message[:5]) for message in bad],
        )

    def _told(self, record: Any) -> None:
        """Do what the control topic says; what cannot be done goes to quarantine."""
        again = self.entry.is_written(self.source.control, record.offset)
        # That it was read before this event and not after it follows from no log.
        self.merger.unsettled = True
        try:
            digest = take_over(
                record.value, self.lanes, self.merger.passed, self.source, self.intake
            )
            LOG.info("an artifact will take over", extra={"artifact": digest})
        except BadMessage as error:
            if not again:
                place = (self.topics.control, record.partition, record.offset)
                self._put_away([Bad(*place, str(error), record.value, record.key)])

    # -- out -----------------------------------------------------------------------------------

    def _release(self) -> None:
        """Score what is complete, and commit it with all that is to be written."""
        while True:
            began = time.monotonic()
            self._reached = self._horizon()
            events, labels = self.merger.release(self._reached, BATCH)
            if events.height:
                self._score(events, labels)
                self.telemetry.observe("batch_seconds", time.monotonic() - began)
            self._score_late(self.merger.late())
            self._commit()
            if not events.height:
                return

    def _horizon(self) -> int:
        """Return the time before which nothing is to come, as far as events wait for it."""
        merger, source = self.merger, self.source
        idle = source.idle()
        horizon = merger.horizon(idle=idle)
        if merger.waiting[0] and not merger.complete(horizon):
            promise = source.promise  # before the brokers are asked for what there is
            quiet = source.look(source.partitions)
            horizon = merger.horizon(quiet, promise, source.idle())
        return horizon

    def _score(self, events: pl.DataFrame, labels: pl.DataFrame) -> None:
        counting, shadow = self.lanes.process(events, labels)
        counting = counting.after(self.written.key)
        self.outbox.put(self.topics.scores, *encode_answers(counting.answers))
        for _, about in counting.alerts:
            self.outbox.put(self.topics.alerts, [about["entity"].encode()], [orjson.dumps(about)])
            self.telemetry.count("alerts", severity=about["severity"])
        delays = self.lanes.in_charge(self.merger.passed.time).path.delays
        self.account.scored(counting.answers, delays)
        self.outbox.put(self.topics.shadow, *encode_answers(shadow.after(self.written.key).answers))

    def _score_late(self, events: pl.DataFrame) -> None:
        if events.height:
            self.telemetry.count("late_events", events.height)
            outcomes = self.lanes.late(events, self.merger.passed.time)
            self.outbox.put(self.topics.scores, *encode_answers(outcomes.answers))

    def _commit(self) -> None:
        """Write what is to be written, with the place up to which input was read."""
        if not self.outbox.waiting():
            return
        began = time.monotonic()
        here = {
            partition: max(offset, self.written.offsets.get(partition, 0))
            for partition, offset in self.source.positions().items()
        }
        key = max(self.place.key, self.merger.passed)
        place = Place(self.place.sequence + 1, self.options.owner, key, here)
        if self.merger.unsettled:
            self._checkpoint(place)
        counts = {
            "scores": self.outbox.waiting(self.topics.scores),
            "shadow_scores": self.outbox.waiting(self.topics.shadow),
        }
        self.outbox.commit(place, self.source.consumer)
        self.place = place
        seconds = time.monotonic() - began
        self.account.committed(counts, self.merger.passed.time, self.source.lags(), seconds)

    def _save(self) -> None:
        """Save the state as of the last transaction; older checkpoints are not needed then."""
        began = time.monotonic()
        self._checkpoint(self.place)
        self.checkpoints.keep(self.place.sequence)
        self._saved_at = time.monotonic()
        self.telemetry.observe("checkpoint_seconds", self._saved_at - began)

    def _checkpoint(self, place: Place) -> None:
        positions = self.source.positions()
        self.checkpoints.save(
            place.sequence,
            {
                "artifact": self.options.artifact.digest,
                "offsets": [positions[partition] for partition in self.source.all],
                "merger": self.merger.state(),
                "lanes": self.lanes.state(),
            },
        )
        self.merger.unsettled = False

    def _hold(self) -> None:
        """Keep what waits in memory bounded: partitions that are far ahead are not read."""
        events, labels = self.merger.waiting
        many = events > MOST_WAITING or labels > MOST_LABELS
        # Chosen anew each time: one that is held must not become the one that all wait for.
        self.source.hold(self.merger.ahead(self._reached) if many else ())
