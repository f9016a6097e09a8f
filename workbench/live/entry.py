"""Where messages enter the order: each is taken, or put away with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workbench.live.intake import Bad, Batch
from workbench.live.merge import Fate
from workbench.live.order import FIRST, upto, where
from workbench.streams.validation import DUPLICATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    from kafka import TopicPartition
    from kafka.consumer.fetcher import ConsumerRecord

    from workbench.live.intake import Intake
    from workbench.live.merge import Merger
    from workbench.live.place import Place

#: Why an event or a label is not used that comes very late.
_TOO_LATE = "out of range, so late that its place is forgotten"


class Came(NamedTuple):
    """What was polled: good events and labels, what is to be put away, and ids that came twice."""

    events: list[Batch]
    labels: list[Batch]
    bad: list[Bad]
    duplicates: int


class Entry:
    """Takes messages into the order.

    Parameters
    ----------
    intake
        Reads messages.
    merger
        The order.
    written
        Up to where a predecessor has written what follows from messages: that is taken in once
        more, and not put away again.
    """

    def __init__(self, intake: Intake, merger: Merger, written: Place) -> None:
        self._intake, self._merger, self._written = intake, merger, written

    def is_written(self, place: TopicPartition, offset: int) -> bool:
        """Return whether a predecessor has written what follows from a message."""
        return offset < self._written.offsets.get(place, 0)

    def take(self, records: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> Came:
        """Take in what was polled."""
        events, labels, bad = self._intake.read(records)
        bad = [b for b in bad if not self.is_written((b.topic, b.partition), b.offset)]
        duplicates = 0
        for batch in events:
            for part, again in self._parts(batch):
                fates = self._take(part, again=again)
                if not again:
                    is_double = fates == Fate.DUPLICATE
                    duplicates += int(is_double.sum())
                    bad += _put_away(part, is_double, DUPLICATE)
                    bad += _put_away(part, fates == Fate.FORGOTTEN, f"event_time: {_TOO_LATE}")
        for batch in labels:
            for part, again in self._parts(batch):
                floor = FIRST if again else self._written.key
                fates = self._merger.labels(part.place, part.frame, floor)
                if not again:
                    bad += _put_away(part, fates == Fate.FORGOTTEN, f"known_at: {_TOO_LATE}")
        return Came(events, labels, bad, duplicates)

    def _take(self, events: Batch, *, again: bool) -> npt.NDArray[np.int64]:
        done = self._written.key
        fates = self._merger.events(events.place, events.frame, FIRST if again else done)
        if (fates == Fate.LATE).any():
            late = events.frame.filter(fates == Fate.LATE)
            # What comes again and lies further back was scored by the predecessor.
            self._merger.defer(where(late, ~upto(late, done)) if again else late)
        return fates

    def _parts(self, batch: Batch) -> Iterator[tuple[Batch, bool]]:
        """Yield what a predecessor has dealt with, and what it has not."""
        cut = int(np.searchsorted(batch.offsets, self._written.offsets.get(batch.place, 0)))
        if cut:
            yield batch.part(0, cut), True
        if cut < len(batch):
            yield batch.part(cut, len(batch)), False


def _put_away(batch: Batch, rows: npt.NDArray[np.bool_], reason: str) -> list[Bad]:
    where = batch.place.topic, batch.place.partition
    return [Bad(*where, offset, reason, None, None) for offset in batch.offsets[rows].tolist()]
