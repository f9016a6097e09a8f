"""Events whose labels are still to come, and the feature rows that will be learned then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.errors import StreamError
from workbench.fingerprints import fingerprint, fingerprints
from workbench.numbering import ABSENT, Numbering

if TYPE_CHECKING:
    import polars as pl

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
GONE = ABSENT


class Pending:
    """A table of scored events, one row each, found by event id until the label arrives.

    Rows are used again, so that the table holds no more than the events of ``horizon``. Ids are
    kept as fingerprints, see :mod:`workbench.fingerprints`.

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
        self._rows = Numbering()
        self._free = _Free()
        self._sweep_at: int | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, event_id: str) -> bool:
        return fingerprint(event_id) in self._rows

    def add(self, ids: pl.Series, time: I64, first_sequence: int) -> I64:
        """Give rows to new events and return them.

        Raises
        ------
        StreamError
            If an event id waits for its label already: the same event twice.
        """
        n = len(ids)
        if n:
            self._sweep(int(time[0]))
        self._ensure(n)
        rows, prints = self._free.take(n), fingerprints(ids)
        added = self._rows.add(prints, rows)
        if added < n:
            self._rows.remove(prints[:added])
            self.free(rows)
            raise _duplicate(ids[added])
        self.time[rows] = time
        self.sequence[rows] = np.arange(first_sequence, first_sequence + n)
        return rows

    def time_of(self, prints: U64) -> I64:
        """Return the times of events; of those that do not wait, one before all times."""
        rows = self._rows.find(prints)
        times = np.full(len(rows), np.iinfo(np.int64).min)
        waiting = rows != GONE
        times[waiting] = self.time[rows[waiting]]
        return times

    def take(self, prints: U64, known: I64) -> I64:
        """Take events out for their labels; return their rows, GONE where none waits.

        The rows stay readable until :meth:`free`.
        """
        rows = self._rows.remove(prints)
        found = np.flatnonzero(rows != GONE)
        late = found[known[found] - self.time[rows[found]] > self.horizon]
        if len(late):
            self.free(rows[late])
            self.never_labelled += len(late)
            rows[late] = GONE
        return rows

    def free(self, rows: I64) -> None:
        """Let rows be used again."""
        self._free.put(rows)

    def _sweep(self, now: int) -> None:
        """Drop events past the horizon, as soon as there may be one, and then not too often."""
        if self._sweep_at is None:
            self._sweep_at = now + self.horizon
        if now <= self._sweep_at:
            return
        prints, rows = self._rows.items()
        old = self.time[rows] < now - self.horizon
        self._rows.remove(prints[old])
        self.free(rows[old])
        self.never_labelled += int(old.sum())
        oldest = int(self.time[rows[~old]].min(initial=now))
        self._sweep_at = max(oldest + self.horizon, now + self.horizon // 16)

    def _ensure(self, n: int) -> None:
        """Make room for n more rows: for many, as rows that are never used take no memory."""
        if n <= len(self._free):
            return
        old = len(self.time)
        more = max(8 * n, 2 * old, 1024)
        self.features = _longer(self.features, more)
        self.time = _longer(self.time, more)
        self.sequence = _longer(self.sequence, more)
        self._free.extend(more)

    def state(self) -> tuple[dict[str, Any], I64]:
        """Return the waiting events as plain data, and the rows they have now.

        Restored, they have the rows 0, 1, … in this order.
        """
        prints, rows = self._rows.items()
        order = np.argsort(self.sequence[rows])
        rows = rows[order]
        return {
            "fingerprints": prints[order],
            "time": self.time[rows],
            "sequence": self.sequence[rows],
            "features": self.features[rows],
            "never_labelled": self.never_labelled,
            "sweep_at": self._sweep_at,
        }, rows

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.time = np.asarray(state["time"], np.int64).copy()
        self.sequence = np.asarray(state["sequence"], np.int64).copy()
        self.features = np.asarray(state["features"], np.float64).copy()
        self._rows = Numbering()
        self._rows.add(state["fingerprints"], np.arange(len(self.time)))
        self._free = _Free(len(self.time))
        self.never_labelled = int(state["never_labelled"])
        self._sweep_at = state["sweep_at"]


class _Free:
    """Rows that are free: the last that were freed first, then those that were never used."""

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self._again = np.empty(size, np.int64)
        self._count = 0
        self._fresh = size

    def __len__(self) -> int:
        return self._count + self.size - self._fresh

    def take(self, n: int) -> I64:
        again = min(n, self._count)
        rows = np.empty(n, np.int64)
        rows[:again] = self._again[self._count - again : self._count]
        rows[again:] = np.arange(self._fresh, self._fresh + n - again)
        self._count -= again
        self._fresh += n - again
        return rows

    def put(self, rows: I64) -> None:
        self._again[self._count : self._count + len(rows)] = rows
        self._count += len(rows)

    def extend(self, more: int) -> None:
        self.size += more
        self._again = _longer(self._again, more)


def _longer(array: npt.NDArray[Any], more: int) -> npt.NDArray[Any]:
    longer = np.empty((len(array) + more, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _duplicate(event_id: str) -> StreamError:
    return StreamError.of(
        f"the event id {event_id!r}, which comes twice",
        allowed="each event once",
        hint="import the source again: workbench import puts duplicates into quarantine",
    )
