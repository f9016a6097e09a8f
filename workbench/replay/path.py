"""The one path: events become features and scores, labels become known and are learned.

A recorded replay, a live worker and a Flink job drive this object. It reads no clock and
knows neither its driver nor its case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.durations import DAY
from workbench.errors import StreamError
from workbench.features.engine import FeatureEngine
from workbench.replay.learner import Learner
from workbench.replay.pending import GONE, Pending
from workbench.replay.queue import LabelQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from workbench.detectors.protocol import Detector, Vector
    from workbench.features.vocabulary import Feature
    from workbench.replay.pace import Pace
    from workbench.streams.schema import Schema

I64 = npt.NDArray[np.int64]


@dataclass(slots=True)
class Counts:
    """What has passed along the path."""

    events: int = 0
    labels: int = 0
    without_event: int = 0


class Path:
    """Features, detector, and the events that wait for their labels.

    Parameters
    ----------
    features
        Declared features, in the detector's column order.
    schema
        The events' schema.
    detector
        What scores and learns.
    pace
        When labels are delivered and which are learned.
    learning
        Whether labels reach the detector. They always reach the features: what is known is
        data, not a part of the model.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        schema: Schema,
        detector: Detector,
        pace: Pace,
        *,
        learning: bool = True,
    ) -> None:
        self.engine = FeatureEngine(features, schema, max(400 * DAY, pace.horizon))
        self.learner = Learner(detector, pace, learning=learning)
        self.pace = pace
        self.counts = Counts()
        self.last: tuple[int, str] | None = None
        self.pending = Pending(len(self.engine.names), pace.horizon)
        self._queue = LabelQueue()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The event columns that are read, beside id and time."""
        return self.engine.inputs

    def process(
        self, events: pl.DataFrame, labels: pl.DataFrame, late: npt.NDArray[np.bool_] | None = None
    ) -> Vector:
        """Score a batch and let the labels that are delivered meanwhile be learned.

        Parameters
        ----------
        events
            Events after all earlier ones in the total order (but for late ones), each once.
        labels
            Labels with ``known_at``, in the order (``known_at``, ``event_id``), continuing
            earlier ones: at least those known by the batch's last event.
        late
            Which events came too late: they are scored with the state of the moment, and
            kept out of it.

        Returns
        -------
        ndarray
            Scores of shape (n,), float64.
        """
        self._queue.add(labels)
        n = events.height
        if n == 0:
            return np.empty(0)
        time = events["event_time"].to_physical().to_numpy().astype(np.int64, copy=False)
        ids = events["event_id"].to_list()
        rows = self._wait(ids, time, late)
        last = self.pace.last_delivery(np.maximum.accumulate(time))
        known, due_rows, values = self._due(int(last[-1]))
        at = np.searchsorted(last, known, side="left")
        X = self.engine.advance(
            events,
            rows,
            None if late is None else (~late).astype(np.uint8),
            due_rows,
            values,
            known,
            at,
        )
        waiting = rows >= 0
        self.pending.features[rows[waiting]] = X if waiting.all() else X[waiting]
        chosen = self.learner.chosen(self.pending.sequence[due_rows], values)
        learned = self.pending.features[due_rows[chosen]]
        scores = self.learner.step(X, time, learned, values[chosen], at[chosen])
        self.pending.free(due_rows)
        self.counts.events += n
        self.last = (int(time[-1]), ids[-1])
        return scores

    def _wait(self, ids: list[str], time: I64, late: npt.NDArray[np.bool_] | None) -> I64:
        first = self.engine.absorbed
        if late is None or not late.any():
            return self.pending.add(ids, time, first)
        rows = np.full(len(ids), GONE, np.int64)
        timely = np.flatnonzero(~late)
        rows[timely] = self.pending.add([ids[i] for i in timely], time[timely], first)
        return rows

    def _due(self, until: int) -> tuple[I64, I64, npt.NDArray[np.int8]]:
        """Take the labels delivered by ``until`` and find their events."""
        ids, known, values = self._queue.take(until)
        rows = self.pending.take(ids, known)
        found = rows != GONE
        self.counts.labels += len(rows)
        if not found.all():
            self.counts.without_event += int((~found).sum())
            known, rows, values = known[found], rows[found], values[found]
        if (known < self.pending.time[rows]).any():
            raise StreamError(
                "A label became known before its event happened. Labels must have a known_at at "
                "or after their event's event_time; import the source again, which puts such "
                "labels into quarantine."
            )
        return known, rows, values

    def state(self) -> dict[str, Any]:
        """Return everything that later scores depend on, as plain data."""
        pending, rows = self.pending.state()
        return {
            "engine": self.engine.state(rows),
            "learner": self.learner.state(),
            "pending": pending,
            "queue": self._queue.state(),
            "counts": [getattr(self.counts, name) for name in Counts.__slots__],
            "last": None if self.last is None else list(self.last),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned; the future is then the same bit for bit."""
        self.engine.restore(state["engine"])
        self.pending.restore(state["pending"])
        self._queue.restore(state["queue"])
        self.learner.restore(state["learner"])
        self.counts = Counts(*(int(c) for c in state["counts"]))
        last = state["last"]
        self.last = None if last is None else (int(last[0]), str(last[1]))
