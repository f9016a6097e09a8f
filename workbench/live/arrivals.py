"""A recorded stream as messages, in the order in which what they say became known."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.durations import SECOND, microseconds
from workbench.live.messages import encode_labels
from workbench.streams.labels import LabelFeed
from workbench.streams.manifest import LabelDelay
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from workbench.live.messages import EventCodec
    from workbench.streams.recorded import Stream

BATCH = 16_384
_END = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The next messages in order.

    Attributes
    ----------
    times
        When each became known (µs), ascending, shape (n,).
    labels
        Which of them are labels, shape (n,).
    keys, values
        What is sent.
    """

    times: npt.NDArray[np.int64]
    labels: npt.NDArray[np.bool_]
    keys: list[bytes]
    values: list[bytes]

    def __len__(self) -> int:
        return len(self.keys)


def arrivals(
    stream: Stream,
    codec: EventCodec,
    delay: int,
    start: int | None = None,
    until: int | None = None,
    batch: int = BATCH,
) -> Iterator[Arrivals]:
    """Yield a stream's events and labels, merged by ``event_time`` and ``known_at``.

    At equal times labels come first: a label may count for an event at the moment at which it
    became known. A label has the key of its event, so that both take the same way.

    Parameters
    ----------
    stream
        The recorded stream.
    codec
        Writes events.
    delay
        Microseconds from an event to its label, for labels without ``known_at``.
    start, until
        Only what became known from ``start`` (inclusive) until ``until`` (exclusive), in µs;
        labels of earlier events are part of it, and so are labels after the last event.
    batch
        The most events that are read at once; changes nothing of the order.
    """
    feed = LabelFeed(stream, delay, None if start is None else start - 1)
    keys = _Keys(stream, codec.schema.routing, delay)
    if start is not None:
        for events in stream.batches(batch, None, start, keys.columns):
            keys.add(events)
    last = _END if until is None else until - 1
    for events in _moments(stream.batches(batch, start, until)):
        keys.add(events)
        known = feed.until(min(last, int(events[EVENT_TIME].to_physical()[-1])))
        yield _merged(events, known, keys, codec)
    nothing = pl.DataFrame(schema=codec.schema.events)
    for known in feed.until(last).iter_slices(batch):
        if known.height:
            yield _merged(nothing, known, keys, codec)


def _moments(batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Cut batches where the time changes: what happened at one time stays together.

    Otherwise a label known at that time would come after the first of its events.
    """
    held: pl.DataFrame | None = None
    for batch in batches:
        rows = batch if held is None else pl.concat([held, batch])
        times = rows[EVENT_TIME].to_physical()
        n = int(times.search_sorted(times[-1], "left"))
        if n:
            yield rows[:n]
        held = rows[n:]
    if held is not None:
        yield held


def _merged(events: pl.DataFrame, labels: pl.DataFrame, keys: _Keys, codec: EventCodec) -> Arrivals:
    label_keys = keys.take(labels[EVENT_ID].to_list())
    event_keys, values = codec.encode(events)
    times = np.concatenate(
        [labels["known_at"].to_physical().to_numpy(), events[EVENT_TIME].to_physical().to_numpy()]
    )
    # Stable, and labels are before events: so they are at equal times.
    order = np.argsort(times, kind="stable")
    all_keys, all_values = label_keys + event_keys, encode_labels(labels) + values
    places = order.tolist()
    return Arrivals(
        times[order],
        order < labels.height,
        [all_keys[i] for i in places],
        [all_values[i] for i in places],
    )


class _Keys:
    """The routing entities of events whose labels are still to come."""

    def __init__(self, stream: Stream, routing: str, delay: int) -> None:
        self.columns = [EVENT_ID, EVENT_TIME, routing]
        self._wanted = stream.n_labels > 0
        self._horizon = _horizon(stream, delay)
        self._keys: dict[str, bytes] = {}
        self._entities: dict[str, bytes] = {}
        self._batches: deque[tuple[int, list[str]]] = deque()

    def add(self, events: pl.DataFrame) -> None:
        if not self._wanted:
            return
        ids, time, entities = (events[name] for name in self.columns)
        known = self._entities
        for entity in entities.unique().to_list():
            known.setdefault(entity, entity.encode())
        names = ids.to_list()
        self._keys.update(zip(names, [known[e] for e in entities.to_list()], strict=True))
        if self._horizon is not None:
            self._batches.append((int(time.to_physical()[-1]), names))
            self._forget(int(time.to_physical()[0]) - self._horizon)

    def take(self, ids: Sequence[str]) -> list[bytes]:
        """Return the keys of labels; of one without event the event id is the key."""
        pop = self._keys.pop
        return [pop(name, b"") or name.encode() for name in ids]

    def _forget(self, before: int) -> None:
        """Drop events for which the stream has no label, as its account of delays tells."""
        while self._batches[0][0] < before:
            for name in self._batches.popleft()[1]:
                self._keys.pop(name, None)


def _horizon(stream: Stream, delay: int) -> int | None:
    """Return how long after its event a label may come (µs); ``None`` where nobody knows."""
    if not stream.labels_have_known_at:
        return delay
    summary = stream.manifest.label_delay
    # The summary is in whole seconds, rounded down; labels without known_at have the delay.
    longest = microseconds(summary.max) + SECOND if isinstance(summary, LabelDelay) else None
    return None if longest is None else max(longest, delay)
