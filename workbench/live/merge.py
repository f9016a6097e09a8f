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

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from workbench.durations import DAY, HOUR
from workbench.live.order import (
    FIRST,
    FOREVER,
    NEVER,
    Key,
    Waiting,
    frame_of,
    last,
    plain,
    ticks,
    upto,
    where,
)
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence

    Flags = npt.NDArray[np.bool_]
    I64 = npt.NDArray[np.int64]

#: How late an event may be and still be scored (µs), and so how long ids are remembered.
REMEMBERED = HOUR
#: How late a label may be and still count (µs).
LABELS_REMEMBERED = DAY
#: The most ids that are remembered, and so few that it is not worth while to look.
MOST, FEW = 1_000_000, 10_000


class Fate(IntEnum):
    """What becomes of an event or a label."""

    TAKEN = 0
    """It goes into the order."""
    LATE = 1
    """An event outside of the order; a label that counts later than it was known."""
    PAST = 2
    """The artifact has seen it."""
    DUPLICATE = 3
    """Its id has come before."""
    FORGOTTEN = 4
    """It is so late that its place is unknown."""


def _none_waits(ids: pl.Series) -> Flags:
    return np.zeros(len(ids), bool)


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
    schema
        Of the events.
    waits
        Which events wait for their label: their ids have come before, however long ago.

    Examples
    --------
    >>> from workbench.streams.schema import TIME
    >>> schema = pl.Schema({"event_id": pl.String(), "event_time": TIME})
    >>> merger = Merger(["p", "q"], lateness=0, after=Key(0, ""), schema=schema)
    >>> for partition, times in (("p", [5, 9]), ("q", [7])):
    ...     rows = pl.DataFrame({"event_id": map(str, times), "event_time": times})
    ...     merger.events(partition, rows.cast(schema)).tolist()
    [0, 0]
    [0]
    >>> merger.release(merger.horizon())[0]["event_id"].to_list()
    ['5']
    """

    def __init__(
        self,
        partitions: Iterable[Hashable],
        lateness: int,
        after: Key,
        schema: Mapping[str, pl.DataType],
        waits: Callable[[pl.Series], Flags] = _none_waits,
    ) -> None:
        self.lateness = lateness
        self.after = after
        self._waits = waits
        self.newest: dict[Hashable, int] = dict.fromkeys(partitions, NEVER)
        #: The last event released. What lies before it and comes now is late.
        self.passed = after
        #: Whether something was decided that follows from more than the log.
        self.unsettled = False
        self._events = Waiting(schema, (EVENT_TIME, EVENT_ID))
        self._labels = Waiting(LABELS, ("known_at", EVENT_ID, "label"))
        self._late = pl.DataFrame(schema=schema)
        self._seen: dict[str, int] = {}
        self._kept = 0
        self._remembered = NEVER

    @property
    def waiting(self) -> tuple[int, int]:
        """How many events and labels wait."""
        return len(self._events), len(self._labels)

    def events(
        self, partition: Hashable, events: pl.DataFrame, floor: Key = FIRST
    ) -> npt.NDArray[np.int64]:
        """Take the next events of a partition, and say what becomes of each.

        Parameters
        ----------
        partition
            Where they were.
        events
            The events, in the order in which they were there.
        floor
            A place that a predecessor has passed already when these events were not yet read.

        Returns
        -------
        ndarray
            A :class:`Fate` for each event, shape (n,).
        """
        time = ticks(events[EVENT_TIME])
        behind = self._advance(partition, time) - self.lateness
        passed = max(self.passed, floor)
        is_late = time < behind
        is_past = upto(events, self.after)
        is_passed = upto(events, passed)
        known_from = np.maximum(np.maximum(behind, passed.time) - REMEMBERED, self._remembered)
        known_from = np.where(is_past, behind - REMEMBERED, known_from)
        fates = np.select(
            [time < known_from, is_past, is_late | is_passed],
            [Fate.FORGOTTEN, Fate.PAST, Fate.LATE],
            Fate.TAKEN,
        )
        fates[~is_past & self._waits(events[EVENT_ID])] = Fate.DUPLICATE
        self._recognise(events[EVENT_ID].to_list(), time, fates)
        if (~is_late & (fates == Fate.LATE)).any():
            self.unsettled = True
        self._events.add(where(events, fates == Fate.TAKEN))
        return fates

    def _advance(self, partition: Hashable, time: I64) -> I64:
        """Return the newest time of a partition as it was after each row."""
        newest = np.maximum(np.maximum.accumulate(time), self.newest[partition])
        self.newest[partition] = int(newest[-1])
        return newest

    def _recognise(self, ids: Sequence[str], time: I64, fates: I64) -> None:
        """Mark ids that have come before, and remember the new ones."""
        seen, again = self._seen, []
        new = (fates <= Fate.LATE).tolist()
        for row, (event_id, at, is_new) in enumerate(zip(ids, time.tolist(), new, strict=True)):
            if event_id in seen:
                again.append(row)
            elif is_new:
                seen[event_id] = at
        fates[again] = Fate.DUPLICATE

    def defer(self, events: pl.DataFrame) -> None:
        """Keep late events until their place is passed: only then are they not scored too early."""
        if events.height:
            self._late = pl.concat([self._late, events])

    def late(self) -> pl.DataFrame:
        """Hand out the late events whose place is passed."""
        if not self._late.height:
            return self._late
        is_due = upto(self._late, self.passed)
        due, self._late = self._late.filter(is_due), self._late.filter(~is_due)
        return due

    def labels(
        self, partition: Hashable, labels: pl.DataFrame, floor: Key = FIRST
    ) -> npt.NDArray[np.int64]:
        """Take the next labels of a partition, and say what becomes of each.

        A late one counts from now.

        Returns
        -------
        ndarray
            A :class:`Fate` for each label, shape (n,).
        """
        known = ticks(labels["known_at"])
        behind = self._advance(partition, known) - self.lateness
        passed = max(self.passed, floor).time
        counts = np.maximum(known, behind)
        fates = np.select(
            [known < behind - LABELS_REMEMBERED, known <= self.after.time, counts > known],
            [Fate.FORGOTTEN, Fate.PAST, Fate.LATE],
            Fate.TAKEN,
        )
        is_passed = (fates <= Fate.LATE) & (counts < passed)
        if is_passed.any():
            self.unsettled = True
            fates[is_passed] = Fate.LATE
        if (fates == Fate.LATE).any():
            counted = pl.Series("known_at", np.maximum(counts, passed)).cast(LABELS["known_at"])
            labels = labels.with_columns(counted)
        self._labels.add(where(labels, fates <= Fate.LATE))
        return fates

    def complete(self, horizon: int) -> bool:
        """Return whether an event waits that lies before a time."""
        return self._events.any_before(horizon)

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

    def release(self, horizon: int, most: int = 20_000) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Hand out the events and labels before a time, in their order.

        Parameters
        ----------
        horizon
            As :meth:`horizon` returns it.
        most
            The most events; more stay for the next call.

        Returns
        -------
        events : DataFrame
            In the total order.
        labels : DataFrame
            In the order (``known_at``, ``event_id``): those known by the last event. Later ones
            wait, because earlier ones may still come.
        """
        events = self._events.take(horizon, most)
        if not events.height:
            return events, self._labels.take(NEVER)
        place = last(events)
        self.passed = max(self.passed, place)
        self._forget()
        return events, self._labels.take(place.time + 1)

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
            "events": self._events.state(),
            "late": plain(self._late),
            "labels": self._labels.state(),
            "seen": [list(self._seen), list(self._seen.values())],
            "remembered": self._remembered,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.passed = Key(*state["passed"])
        self.newest = dict(zip(self.newest, state["newest"], strict=True))
        self._events.restore(state["events"])
        self._late = frame_of(state["late"], self._late.schema)
        self._labels.restore(state["labels"])
        self._seen = dict(zip(*state["seen"], strict=True))
        self._kept = len(self._seen) // 2
        self._remembered = state["remembered"]
