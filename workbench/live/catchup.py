"""A further artifact takes over: it reads the log until it is where the others are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.live.fields import BadMessage
from workbench.live.lanes import Takeover
from workbench.live.merge import Merger
from workbench.live.order import FOREVER, Key, upto
from workbench.live.source import Source

if TYPE_CHECKING:
    from workbench.live.intake import Intake
    from workbench.live.lane import Lane
    from workbench.live.lanes import Lanes


def take_over(
    value: bytes | None, lanes: Lanes, passed: Key, source: Source, intake: Intake
) -> str:
    """Let an artifact take over as a message of the control topic says; return its digest.

    Parameters
    ----------
    value
        The message.
    lanes
        Those that are at work.
    passed
        The last event that they have seen.
    source
        Where they read, and how far they have.
    intake
        Reads messages.

    Raises
    ------
    BadMessage
        If that cannot be done.
    """
    takeover = Takeover.of(value)
    if takeover.since <= passed.time:
        raise BadMessage("from: the stream has passed that time already")
    lane = lanes.new(takeover.artifact)
    catch_up(lane, passed, source, intake)
    lanes.add(takeover, lane)
    return lane.digest


def catch_up(lane: Lane, until: Key, beside: Source, intake: Intake) -> None:
    """Drive a lane over all that comes after its artifact, up to a place.

    Parameters
    ----------
    lane
        The lane of the artifact; one that has seen as much already is left as it is.
    until
        The last event that the other lanes have seen.
    beside
        Where they read, and how far they have.
    intake
        Reads messages.
    """
    if lane.last >= until:
        return
    lateness = beside.lateness
    source = Source(beside.settings, beside.topics, None, lateness)
    try:
        ends = {p: n for p, n in beside.positions().items() if p in source.partitions}
        source.seek({}, must_reach=ends)
        merger = Merger(source.partitions, lateness, lane.last, lane.schema.events)
        while not _reached(source, ends):
            events, labels, _ = intake.read(source.poll(0.05))
            for batch in events:
                merger.events(batch.place, batch.frame)
            for batch in labels:
                merger.labels(batch.place, batch.frame)
            _drive(lane, merger, merger.horizon(), until)
        _drive(lane, merger, FOREVER, until)
    finally:
        source.close()


def _reached(source: Source, ends: dict[Any, int]) -> bool:
    return all(source.consumer.position(p) >= end for p, end in ends.items())


def _drive(lane: Lane, merger: Merger, horizon: int, until: Key) -> None:
    # Up to the place itself and no event further.
    before = min(horizon, until.time + 1)
    while True:
        events, labels = merger.release(before)
        if not events.height:
            return
        lane.process(events.filter(upto(events, until)), labels)
