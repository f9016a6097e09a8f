"""The feature engine: declarations, the compiled kernel and its state, as one object."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.durations import DAY
from workbench.features import kernel
from workbench.features.compiler import Compiler
from workbench.features.entities import Entities
from workbench.features.memory import (
    EVENTS,
    PENDING_SLOTS,
    Memory,
    blank,
    empty,
    ensure,
    packed,
    unpacked,
)
from workbench.features.structures import MISSING, NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from workbench.features.vocabulary import Feature
    from workbench.streams.schema import Schema

I64 = npt.NDArray[np.int64]
FORGET_AFTER = 400 * DAY
FEW = 4096


class FeatureEngine:
    """Computes declared features over a stream, in batches of any size.

    Parameters
    ----------
    features
        The declarations; their order is the order of the matrix's columns.
    schema
        The events' schema.
    forget_after
        Entities not seen for so long are forgotten (µs), though not within their longest
        window, so that memory grows with the live ones. When exactly their memory is given back
        changes no result.

    Examples
    --------
    >>> import polars as pl
    >>> from workbench.case import get_case
    >>> from workbench.features.vocabulary import Count
    >>> engine = FeatureEngine([Count("card", "1d")], get_case("fraud").schema)
    >>> events = pl.DataFrame({"event_id": ["a", "b"], "event_time": [0, 1], "card": ["x", "x"],
    ...                        "terminal": ["t", "t"], "amount": [1, 2], "area": ["A", "A"]})
    >>> engine.advance(events, np.array([0, 1])).tolist()
    [[1.0], [2.0]]
    """

    def __init__(
        self, features: Sequence[Feature], schema: Schema, forget_after: int = FORGET_AFTER
    ) -> None:
        compiler = Compiler(features, schema, forget_after)
        self.program = compiler.compile()
        self.names = tuple(f.name for f in features)
        self._places = compiler.columns
        self.columns = tuple(self._places)
        self.entities = Entities(compiler.entities)
        self.memory: Memory = empty(self.program)
        self._blank = blank(self.program)
        self._reclaim_at = FEW

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns of the events that are read."""
        return (*self.entities.names, *self.columns)

    @property
    def absorbed(self) -> int:
        """How many events have entered the state."""
        return int(self.memory.counters[EVENTS])

    def advance(
        self,
        events: pl.DataFrame,
        rows: I64,
        absorbed: npt.NDArray[np.uint8] | None = None,
        label_rows: I64 | None = None,
        label_values: npt.NDArray[np.int8] | None = None,
        label_times: I64 | None = None,
        label_at: I64 | None = None,
    ) -> npt.NDArray[np.float64]:
        """Compute the features of a batch of events and move the state past it.

        Parameters
        ----------
        events
            Events in the total order.
        rows
            Row of each event in the pending table (n,); -1 where no label is waited for.
        absorbed
            Whether each event enters the state (n,), uint8; all of them where left out.
        label_rows, label_values, label_times, label_at
            Labels in delivery order: their events' pending rows, values, times (µs) of becoming
            known, and the index of the first event that may see each (below n).

        Returns
        -------
        ndarray
            Features of shape (n, features), float64; NaN is missing.
        """
        compute, out = self.prepare(
            events, rows, absorbed, label_rows, label_values, label_times, label_at
        )
        compute()
        return out

    def prepare(
        self,
        events: pl.DataFrame,
        rows: I64,
        absorbed: npt.NDArray[np.uint8] | None = None,
        label_rows: I64 | None = None,
        label_values: npt.NDArray[np.int8] | None = None,
        label_times: I64 | None = None,
        label_at: I64 | None = None,
    ) -> tuple[Callable[[], None], npt.NDArray[np.float64]]:
        """Prepare what :meth:`advance` does, for another thread to do while this one runs on.

        Returns
        -------
        compute : callable
            Computes the features without holding the interpreter's lock. Nothing else may be
            asked of the engine before it has returned.
        out : ndarray
            Receives the features, shape (n, features).
        """
        n = events.height
        labels = 0 if label_rows is None else len(label_rows)
        if labels and label_at is not None and label_at[-1] >= n:
            raise ValueError("a label comes with the first event that may see it: label_at < n")
        if len(self.entities) >= self._reclaim_at:
            self._reclaim()
        slots = self.entities.slots(events)
        highest = int(rows.max(initial=NONE)) + 1
        self.memory = ensure(
            self.memory,
            self.program,
            slots=self.entities.size,
            events=n,
            labels=labels,
            pending=highest,
        )
        out = np.empty((n, len(self.names)))
        compute = partial(
            kernel.advance,
            self.program,
            self.memory,
            self._blank,
            # A copy: numba compiles again for an array that it may not write to.
            events["event_time"].to_numpy().astype(np.int64),
            slots,
            self._values(events),
            rows,
            np.ones(n, np.uint8) if absorbed is None else absorbed,
            _NO_ROWS if label_rows is None else label_rows,
            _NO_LABELS if label_values is None else label_values,
            _NO_ROWS if label_times is None else label_times,
            _NO_ROWS if label_at is None else label_at,
            np.empty((2, len(self.program.habits))),
            out,
        )
        return compute, out

    def entity_of(self, rows: I64, name: str) -> I64:
        """Return the slot of an entity of the events in some rows of the pending table, (n,).

        -1 where an event has none, or no feature speaks of that entity.
        """
        if name not in self.entities.names:
            return np.full(len(rows), NONE, np.int64)
        column = PENDING_SLOTS + self.entities.names.index(name)
        slots: I64 = self.memory.pending[rows, column]
        return slots

    def _values(self, events: pl.DataFrame) -> I64:
        values = np.empty((events.height, self.program.values), np.int64)
        for name, place in self._places.items():
            column = events[name]
            values[:, place] = column.fill_null(MISSING) if column.null_count() else column
        return values

    def _reclaim(self) -> None:
        stale = np.zeros(self.entities.size, np.uint8)
        kinds = self.entities.kinds()
        kernel.forget_stale(self.program, self.memory, self._blank, kinds, stale)
        self.entities.release(np.flatnonzero(stale))
        # Not again before the live ones have doubled, so that it costs a constant share.
        self._reclaim_at = max(FEW, 2 * len(self.entities))

    def state(self, pending: I64) -> dict[str, Any]:
        """Return everything that later features depend on, as plain data.

        Parameters
        ----------
        pending
            The rows of the events that still wait for a label; restored, they are 0, 1, ….
        """
        return {
            "memory": packed(self.memory, pending),
            "entities": self.entities.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.memory = unpacked(state["memory"])
        self.entities.restore(state["entities"])


_NO_ROWS = np.zeros(0, np.int64)
_NO_LABELS = np.zeros(0, np.int8)
