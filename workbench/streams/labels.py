"""The labels of a recorded stream in the order in which they became known."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.errors import StreamError
from workbench.streams.frames import instants
from workbench.streams.schema import EVENT_ID, EVENT_TIME, LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.streams.recorded import Stream

SIZE = 16_384
_ORDER = ["known_at", EVENT_ID]


class LabelFeed:
    """Hands out a stream's labels up to a time, each once, in a total order.

    Labels that lie on disk in that order (ours do), or in the order of the events where the
    delay gives ``known_at``, are read with bounded memory. Any other order is sorted in memory.

    Parameters
    ----------
    stream
        The recorded stream.
    delay
        Microseconds from an event to its label, for labels without ``known_at``; ``None``
        refuses such labels.
    after
        Only labels that became known after this time (µs) are handed out.
    """

    def __init__(self, stream: Stream, delay: int | None, after: int | None = None) -> None:
        self._frames = _frames(stream, delay)
        self._after = after
        self._held = pl.DataFrame(schema=LABELS)

    def until(self, time: int) -> pl.DataFrame:
        """Return the labels known at or before ``time`` (µs) that were not handed out yet."""
        ready = []
        while True:
            n = int(np.searchsorted(instants(self._held["known_at"]), time, "right"))
            ready.append(self._held[:n])
            self._held = self._held[n:]
            if self._held.height:
                break
            following = next(self._frames, None)
            if following is None:
                break
            if self._after is not None:
                following = following.filter(pl.col("known_at").to_physical() > self._after)
            self._held = following
        return pl.concat(ready) if len(ready) > 1 else ready[0]


def _frames(stream: Stream, delay: int | None) -> Iterator[pl.DataFrame]:
    """Yield all labels with ``known_at``, in order."""
    if not stream.n_labels:
        return
    missing, ordered = _survey(stream)
    if missing and delay is None:
        raise StreamError.of(
            f"{stream.path}: labels without known_at",
            allowed="labels that say when they became known, or a label delay",
            hint="give the delay, for instance --label-delay 7d",
        )
    if not missing and ordered:
        yield from _ties_sorted(stream)
    elif stream.labels_have_known_at:
        events = stream.batches(SIZE, columns=[EVENT_ID, EVENT_TIME])
        yield _sorted_in_memory(pl.concat(list(stream.labels())), events, delay)
    else:
        yield from _delayed(stream, delay)


def _survey(stream: Stream) -> tuple[bool, bool]:
    """Return whether any label lacks ``known_at``, and whether they lie in its order."""
    if not stream.labels_have_known_at:
        return True, False
    missing, ordered, last = False, True, np.iinfo(np.int64).min
    for frame in stream.labels(SIZE):
        missing = missing or frame["known_at"].null_count() > 0
        if missing:
            return True, False
        values = instants(frame["known_at"])
        ordered = ordered and values[0] >= last and bool((values[1:] >= values[:-1]).all())
        last = values[-1]
    return missing, ordered


def _ties_sorted(stream: Stream) -> Iterator[pl.DataFrame]:
    """Yield labels that lie in the order of ``known_at``, ties put in the order of ids."""
    carry = pl.DataFrame(schema=LABELS)
    for frame in stream.labels(SIZE):
        rows = pl.concat([carry, frame]).sort(_ORDER)
        ends = rows["known_at"].search_sorted(rows["known_at"][-1], "left")
        yield rows[: int(ends)]
        carry = rows[int(ends) :]
    yield carry


def _delayed(stream: Stream, delay: int | None) -> Iterator[pl.DataFrame]:
    """Yield labels that get their ``known_at`` from their events.

    Frame by frame while labels lie beside their events; what is left when they no longer do is
    sorted in memory.
    """
    batches = stream.batches(SIZE, columns=[EVENT_ID, EVENT_TIME])
    frames = stream.labels(SIZE)
    events = next(batches)
    for labels in frames:
        while events.height < labels.height:
            following = next(batches, None)
            if following is None:
                break
            events = pl.concat([events, following])
        beside = events[: labels.height]
        if not labels[EVENT_ID].equals(beside[EVENT_ID]):
            left = chain([events], batches)
            yield _sorted_in_memory(pl.concat([labels, *frames]), left, delay)
            return
        known = instants(beside[EVENT_TIME]) + (delay or 0)
        yield labels.with_columns(known_at=pl.Series(known).cast(LABELS["known_at"]))
        events = events[labels.height :]


def _sorted_in_memory(
    labels: pl.DataFrame, events: Iterator[pl.DataFrame], delay: int | None
) -> pl.DataFrame:
    if labels["known_at"].null_count():
        # A label of an event that is not in the stream has nothing to be late after.
        labels = labels.join(pl.concat(list(events)), on=EVENT_ID, how="left").filter(
            pl.col("known_at").is_not_null() | pl.col(EVENT_TIME).is_not_null()
        )
        late = pl.col(EVENT_TIME) + pl.duration(microseconds=delay or 0)
        labels = labels.select(
            EVENT_ID, "label", known_at=pl.coalesce("known_at", late).cast(LABELS["known_at"])
        )
    return labels.sort(_ORDER)
