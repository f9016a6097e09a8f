"""Partitions of events and labels, merged into the one total order.

Each partition has a watermark: what comes in it from now on is not older (``lateness`` before the
newest that was seen in it). What lies before the lowest watermark is complete and is released.
A partition without news holds up the others only until it is known that it has none, see
:meth:`Merger.horizon`.

Whether an event is late follows from its own partition's log, not from how partitions were read
against each other, so that a log that is read again gives the same order. The one exception is a
partition that was passed over because it was idle; :attr:`Merger.unsettled` says that a decision
rested on that.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from workbench.durations import DAY, HOUR
from workbench.live.messages import Event, Label

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable

#: Before and after all times.
NEVER, FOREVER = -(1 << 62), 1 << 62
#: How late an event may be and still be scored (µs), and so how long ids are remembered.
REMEMBERED = HOUR
#: How late a label may be and still count (µs).
LABELS_REMEMBERED = DAY
#: The most ids that are remembered, and so few that it is not worth while to look.
MOST, FEW = 1_000_000, 10_000


Fate = Literal["taken", "late", "past", "duplicate", "forgotten"]
"""``taken`` into the order; ``late``: outside of it; ``past``: the artifact has seen it;
``duplicate``: its id has come before; ``forgotten``: so late that its place is unknown."""


class Key(NamedTuple):
    """A place in the total order: time (µs) and event id."""

    time: int
    event_id: str


FIRST = Key(NEVER, "")
"""The place before all others."""


class Merger:
    """Events and labels on their way from partitions into their order.

    Parameters
    ----------
    partitions
        All partitions that are merged.
    lateness
        How much older than the newest of its partition an event or label may be (µs).
    after
        The last event that the artifact has seen: earlier events and labels are its past.
    waits
        Whether an event waits for its label: its id has come before, however long ago.

    Examples
    --------
    >>> merger = Merger(["p", "q"], lateness=0, after=Key(0, ""))
    >>> for partition, time in (("p", 5), ("p", 9), ("q", 7)):
    ...     merger.event(partition, Event(time, str(time), ()))
    'taken'
    'taken'
    'taken'
    >>> merger.release(merger.horizon())[0]
    [Event(time=5, event_id='5', values=())]
    """

    def __init__(
        self,
        partitions: Iterable[Hashable],
        lateness: int,
        after: Key,
        waits: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.lateness = lateness
        self.after = after
        self._waits = waits
        self.newest: dict[Hashable, int] = dict.fromkeys(partitions, NEVER)
        #: The last event released. What lies before it and comes now is late.
        self.passed = after
        #: Whether something was decided that follows from more than the log.
        self.unsettled = False
        self._events: list[Event] = []
        self._labels: list[Label] = []
        self._late: list[Event] = []
        self._seen: dict[str, int] = {}
        self._kept = 0
        self._remembered = NEVER

    @property
    def waiting(self) -> tuple[int, int]:
        """How many events and labels wait."""
        return len(self._events), len(self._labels)

    def event(self, partition: Hashable, event: Event, floor: Key = FIRST) -> Fate:
        """Take an event of a partition, and say what becomes of it.

        Parameters
        ----------
        partition
            Where it was.
        event
            The event.
        floor
            A place that a predecessor has passed already when this event was not yet read.
        """
        time, event_id = key = event[:2]
        newest = self.newest[partition]
        if time > newest:
            self.newest[partition] = newest = time
        if event_id in self._seen:
            return "duplicate"
        behind = newest - self.lateness
        if key <= self.after:
            return "past" if time >= behind - REMEMBERED else "forgotten"
        if self._waits(event_id):
            return "duplicate"
        passed = max(self.passed, floor)
        if time < max(max(behind, passed.time) - REMEMBERED, self._remembered):
            return "forgotten"
        late = time < behind
        if key <= passed:
            self.unsettled = self.unsettled or not late
            late = True
        self._seen[event_id] = time
        if late:
            return "late"
        self._events.append(event)
        return "taken"

    def defer(self, event: Event) -> None:
        """Keep a late event until its place is passed: only then is it not scored too early."""
        self._late.append(event)

    def late(self) -> list[Event]:
        """Hand out the late events whose place is passed."""
        due = [event for event in self._late if event[:2] <= self.passed]
        if due:
            self._late = [event for event in self._late if event[:2] > self.passed]
        return due

    def label(self, partition: Hashable, label: Label, floor: Key = FIRST) -> Fate:
        """Take a label of a partition, and say what becomes of it: a late one counts from now."""
        known_at, event_id, value = label
        newest = self.newest[partition]
        if known_at > newest:
            self.newest[partition] = newest = known_at
        if known_at < newest - self.lateness - LABELS_REMEMBERED:
            return "forgotten"
        if known_at <= self.after.time:
            return "past"
        counts = max(known_at, newest - self.lateness)
        passed = max(self.passed, floor).time
        if counts < passed:
            counts, self.unsettled = passed, True
        if counts == known_at:
            self._labels.append(label)
            return "taken"
        self._labels.append(Label(counts, event_id, value))
        return "late"

    def complete(self, horizon: int) -> bool:
        """Return whether an event waits that lies before a time."""
        self._events.sort()
        return bool(self._events) and self._events[0].time < horizon

    def ahead(self, horizon: int) -> list[Hashable]:
        """Return the partitions that have come beyond a time."""
        return [p for p, time in self.newest.items() if time - self.lateness > horizon]

    def horizon(
        self,
        quiet: Collection[Hashable] = (),
        promise: int = NEVER,
        idle: Collection[Hashable] = (),
    ) -> int:
        """Return the time before which nothing is to come.

        Parameters
        ----------
        quiet
            Partitions that had nothing more to read after ``promise`` was received.
        promise
            The publisher's word that everything before this time had been written.
        idle
            Partitions that have had nothing for so long that they are passed over.
        """
        marks = []
        for partition, newest in self.newest.items():
            if partition in idle:
                continue
            mark = newest - self.lateness
            marks.append(max(mark, promise) if partition in quiet else mark)
        return min(marks, default=FOREVER)

    def release(self, horizon: int, most: int = 20_000) -> tuple[list[Event], list[Label]]:
        """Hand out the events and labels before a time, in their order.

        Parameters
        ----------
        horizon
            As :meth:`horizon` returns it.
        most
            The most events; more stay for the next call.

        Returns
        -------
        events : list of Event
            In the total order.
        labels : list of Label
            In the order (``known_at``, ``event_id``): those known by the last event. Later ones
            wait, because earlier ones may still come.
        """
        self._events.sort()
        cut = min(bisect_left(self._events, (horizon,)), most)
        if not cut:
            return [], []
        events, self._events = self._events[:cut], self._events[cut:]
        self.passed = max(self.passed, Key(*events[-1][:2]))
        self._forget()
        self._labels.sort()
        cut = bisect_left(self._labels, (events[-1].time + 1,))
        labels, self._labels = self._labels[:cut], self._labels[cut:]
        return events, labels

    def _forget(self) -> None:
        """Drop ids that are too old, whenever the ids have doubled since the last time."""
        if len(self._seen) < max(FEW, 2 * self._kept):
            return
        limit = self.passed.time - REMEMBERED
        if len(self._seen) > MOST:
            times = sorted(self._seen.values())
            limit = max(limit, times[len(times) // 2])
        self._seen = {i: time for i, time in self._seen.items() if time >= limit}
        self._kept = len(self._seen)
        self._remembered = limit

    def state(self) -> dict[str, Any]:
        """Return everything that later decisions depend on but the partitions, as plain data."""
        return {
            "passed": list(self.passed),
            "newest": list(self.newest.values()),
            "events": [[*event[:2], list(event.values)] for event in self._events],
            "late": [[*event[:2], list(event.values)] for event in self._late],
            "labels": [list(label) for label in self._labels],
            "seen": [list(self._seen), list(self._seen.values())],
            "remembered": self._remembered,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.passed = Key(*state["passed"])
        self.newest = dict(zip(self.newest, state["newest"], strict=True))
        self._events = [Event(time, i, tuple(values)) for time, i, values in state["events"]]
        self._late = [Event(time, i, tuple(values)) for time, i, values in state["late"]]
        self._labels = [Label(*label) for label in state["labels"]]
        self._seen = dict(zip(*state["seen"], strict=True))
        self._kept = len(self._seen) // 2
        self._remembered = state["remembered"]
