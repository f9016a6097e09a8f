"""Events whose labels are still to come, and the feature rows that will be learned then."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.errors import StreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

I64 = npt.NDArray[np.int64]
GONE = -1


class Pending:
    """A table of scored events, one row each, found by event id until the label arrives.

    Rows are used again, so that the table holds no more than the events of ``horizon``.

    Parameters
    ----------
    width
        Number of features.
    horizon
        How late a label may come, in µs; later ones find nothing.
    """

    def __init__(self, width: int, horizon: int) -> None:
        self.horizon = horizon
        self.features = np.empty((0, width))
        self.time = np.empty(0, np.int64)
        self.sequence = np.empty(0, np.int64)
        self.never_labelled = 0
        self._rows: dict[str, int] = {}
        self._free = np.empty(0, np.int64)
        self._swept = np.iinfo(np.int64).min // 2

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._rows

    def add(self, ids: Sequence[str], time: I64, first_sequence: int) -> I64:
        """Give rows to new events and return them.

        Raises
        ------
        StreamError
            If an event id waits for its label already: the same event twice.
        """
        n = len(ids)
        if n and time[0] - self._swept > self.horizon // 16:
            self._sweep(int(time[0]))
        if n > len(self._free):
            self._grow(n - len(self._free))
        rows, self._free = self._free[:n], self._free[n:]
        before, known = len(self._rows), self._rows
        known.update(zip(ids, rows.tolist(), strict=True))
        if len(known) < before + n:
            seen = set(islice(known, before))
            raise _duplicate(next(i for i in ids if i in seen or seen.add(i)))  # type: ignore[func-returns-value]  # add returns None, which is meant
        self.time[rows] = time
        self.sequence[rows] = np.arange(first_sequence, first_sequence + n)
        return rows

    def time_of(self, ids: Sequence[str]) -> I64:
        """Return the times of events; of those that do not wait, one before all times."""
        rows = np.array([self._rows.get(i, GONE) for i in ids], np.int64)
        times = np.full(len(rows), np.iinfo(np.int64).min)
        waiting = rows != GONE
        times[waiting] = self.time[rows[waiting]]
        return times

    def take(self, ids: Sequence[str], known: I64) -> I64:
        """Take events out for their labels; return their rows, GONE where none waits.

        The rows stay readable until :meth:`free`.
        """
        pop = self._rows.pop
        rows = np.array([pop(i, GONE) for i in ids], np.int64)
        late = (rows != GONE) & (known - self.time[rows] > self.horizon) if len(rows) else rows > 0
        if late.any():
            self._free = np.concatenate([self._free, rows[late]])
            self.never_labelled += int(late.sum())
            rows[late] = GONE
        return rows

    def free(self, rows: I64) -> None:
        """Let rows be used again."""
        self._free = np.concatenate([self._free, rows])

    def _sweep(self, now: int) -> None:
        """Drop events past the horizon; they are the first ones in the dict."""
        self._swept = now
        old = 0
        for row in self._rows.values():
            if self.time[row] >= now - self.horizon:
                break
            old += 1
        for event_id in list(islice(self._rows, old)):
            self._free = np.append(self._free, self._rows.pop(event_id))
        self.never_labelled += old

    def _grow(self, rows: int) -> None:
        old = len(self.time)
        more = max(rows, old // 2, 1024)
        features = np.empty((old + more, self.features.shape[1]))
        features[:old] = self.features
        self.features = features
        self.time = np.concatenate([self.time, np.zeros(more, np.int64)])
        self.sequence = np.concatenate([self.sequence, np.zeros(more, np.int64)])
        self._free = np.concatenate([self._free, np.arange(old, old + more)])

    def state(self) -> tuple[dict[str, Any], I64]:
        """Return the waiting events as plain data, and the rows they have now.

        Restored, they have the rows 0, 1, … in this order.
        """
        rows = np.array(list(self._rows.values()), np.int64)
        return {
            "ids": list(self._rows),
            "time": self.time[rows],
            "sequence": self.sequence[rows],
            "features": self.features[rows],
            "never_labelled": self.never_labelled,
            "swept": self._swept,
        }, rows

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        ids = state["ids"]
        self._rows = {i: row for row, i in enumerate(ids)}
        self.time = np.asarray(state["time"], np.int64).copy()
        self.sequence = np.asarray(state["sequence"], np.int64).copy()
        self.features = np.asarray(state["features"], np.float64).copy()
        self._free = np.empty(0, np.int64)
        self.never_labelled = int(state["never_labelled"])
        self._swept = int(state["swept"])


def _duplicate(event_id: str) -> StreamError:
    return StreamError.of(
        f"the event id {event_id!r}, which comes twice",
        allowed="each event once",
        hint="import the source again: workbench import puts duplicates into quarantine",
    )
