"""The total order: places in it, and rows that wait for their turn.

Events are ordered by time and then by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from workbench.streams.schema import EVENT_ID, EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    I64 = npt.NDArray[np.int64]

#: Before and after all times.
NEVER, FOREVER = -(1 << 62), 1 << 62


class Key(NamedTuple):
    """A place in the total order: time (µs) and event id."""

    time: int
    event_id: str


FIRST = Key(NEVER, "")
"""The place before all others."""


def ticks(times: pl.Series) -> I64:
    """Return times as microseconds since 1970, UTC."""
    return times.to_physical().to_numpy()


def upto(events: pl.DataFrame, key: Key) -> npt.NDArray[np.bool_]:
    """Return which events lie at a place or before it, shape (n,).

    Examples
    --------
    >>> events = pl.DataFrame({"event_id": ["a", "b"], "event_time": [5, 5]})
    >>> upto(events, Key(5, "a")).tolist()
    [True, False]
    """
    time = ticks(events[EVENT_TIME])
    is_upto = time < key.time
    tied = np.flatnonzero(time == key.time)
    if len(tied):
        is_upto[tied] = (events[EVENT_ID][tied] <= key.event_id).to_numpy()
    return is_upto


def where(rows: pl.DataFrame, wanted: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """Return some of the rows; mostly all, which costs nothing then."""
    return rows if wanted.all() else rows.filter(wanted)


def last(events: pl.DataFrame) -> Key:
    """Return the place of the last of some events."""
    return Key(int(events[EVENT_TIME].to_physical()[-1]), events[EVENT_ID][-1])


class Waiting:
    """Rows that come in any order and are taken out in theirs.

    Parameters
    ----------
    schema
        Of the rows.
    by
        The columns by which they are ordered; the first one is a time.
    """

    def __init__(self, schema: Mapping[str, pl.DataType], by: tuple[str, ...]) -> None:
        self._by = by
        self._none = pl.DataFrame(schema=schema)
        self._frames: list[pl.DataFrame] = []
        self._first = FOREVER

    def __len__(self) -> int:
        return sum(map(len, self._frames))

    def add(self, rows: pl.DataFrame) -> None:
        """Let rows wait."""
        if rows.height:
            self._frames.append(rows)
            self._first = min(self._first, int(ticks(rows[self._by[0]]).min()))

    def any_before(self, time: int) -> bool:
        """Return whether a row waits that lies before a time (µs)."""
        return self._first < time

    def take(self, before: int, most: int = FOREVER) -> pl.DataFrame:
        """Take out the first rows before a time (µs), in their order, and at most so many."""
        if not self.any_before(before):
            return self._none
        every = pl.concat(self._frames)
        is_ready = ticks(every[self._by[0]]) < before
        ready = where(every, is_ready).sort(self._by)
        self._frames, self._first = [], FOREVER
        self.add(ready[most:])
        self.add(every.filter(~is_ready))
        return ready[:most]

    def state(self) -> dict[str, Any]:
        """Return the rows as plain data."""
        return plain(pl.concat([self._none, *self._frames]))

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self._frames, self._first = [], FOREVER
        self.add(frame_of(state, self._none.schema))


def plain(rows: pl.DataFrame) -> dict[str, Any]:
    """Return rows as plain data: a list for each column, and an array where it holds times."""
    return {c.name: ticks(c) if c.dtype.is_temporal() else c.to_list() for c in rows}


def frame_of(state: dict[str, Any], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the rows of which :func:`plain` made plain data."""
    columns = [
        pl.Series(name, state[name]).cast(dtype)
        if dtype.is_temporal()
        else pl.Series(name, state[name], dtype)
        for name, dtype in schema.items()
    ]
    return pl.DataFrame(columns)
