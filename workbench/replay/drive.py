"""The driver of recorded streams: batches and labels in event time, along the one path."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from workbench.compiling import announce
from workbench.streams.frames import instants
from workbench.streams.labels import LabelFeed
from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from workbench.replay.along import Answers, EventPath
    from workbench.streams.recorded import Stream

BATCH = 65_536
Item = TypeVar("Item")


def drive(
    path: EventPath,
    stream: Stream,
    label_delay: int,
    *,
    start: datetime | None = None,
    until: datetime | None = None,
    batch: int = BATCH,
) -> Iterator[tuple[pl.DataFrame, Answers]]:
    """Drive a path over the events of a recorded stream that it has not seen.

    The next batch is read while the path is busy with one.

    Parameters
    ----------
    path
        The path, fresh or restored.
    stream
        The recorded stream.
    label_delay
        Microseconds from an event to its label, for labels that carry no ``known_at``.
    start, until
        Only events from ``start`` (inclusive) until ``until`` (exclusive).
    batch
        The most events a batch; changes no answer.

    Yields
    ------
    events : polars.DataFrame
        A batch with its ids, times and the columns that features read.
    answers : ndarray or polars.Series
        Their scores, or what the path answers in place of them.
    """
    announce()
    for events, known in ahead(_read(path, stream, label_delay, start, until, batch)):
        yield events, path.process(events, known)


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items, each made in a thread while the one before is used.

    Examples
    --------
    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item


def _read(
    path: EventPath,
    stream: Stream,
    label_delay: int,
    start: datetime | None,
    until: datetime | None,
    batch: int,
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield batches of events that the path has not seen, and the labels known by their ends."""
    feed = LabelFeed(stream, label_delay, None if path.last is None else path.last[0])
    columns = [EVENT_ID, EVENT_TIME, *path.inputs]
    for events in _unseen(path, stream.batches(batch, _later(path, start), until, columns)):
        yield events, feed.until(int(instants(events[EVENT_TIME])[-1]))


def _later(path: EventPath, start: datetime | None) -> int | datetime | None:
    """Return the later one of the start and the path's last event."""
    if path.last is None:
        return start
    if start is None:
        return path.last[0]
    return max(path.last[0], int(pl.Series([start]).dt.timestamp("us")[0]))


def _unseen(path: EventPath, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Leave out events at the time of the path's last event that it has seen already."""
    if path.last is None:
        yield from batches
        return
    time, event_id = path.last
    at = pl.col(EVENT_TIME).to_physical()
    for events in batches:
        new = events
        if int(instants(events[EVENT_TIME])[0]) == time:
            new = events.filter((at > time) | (pl.col(EVENT_ID) > event_id))
        if new.height:
            yield new
