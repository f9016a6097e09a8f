"""The one path: events become features and scores, labels become known and are learned.

A recorded replay, a live worker and a Flink job drive this object. It reads no clock and
knows neither its driver nor its case.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.detectors.target import Delivered
from workbench.durations import DAY
from workbench.errors import StreamError
from workbench.features.engine import FeatureEngine
from workbench.replay.learner import Learner
from workbench.replay.pending import GONE, Pending
from workbench.replay.queue import LabelQueue
from workbench.replay.reasons import reasons
from workbench.streams.frames import instants

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from workbench.detectors.protocol import Detector, Vector
    from workbench.detectors.target import Target
    from workbench.features.vocabulary import Feature
    from workbench.replay.learner import Scored
    from workbench.replay.pace import Pace
    from workbench.streams.schema import Schema

I64 = npt.NDArray[np.int64]


@dataclass(slots=True)
class Counts:
    """What has passed along the path."""

    events: int = 0
    labels: int = 0
    without_event: int = 0
    before_event: int = 0


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
    target
        What chooses the labels that are learned, where it is not the pace alone.
    learning
        Whether labels reach the detector. They always reach the features: what is known is
        data, not a part of the model.
    strict
        Whether a label that became known before its event is an error; otherwise it is counted
        and used for nothing.

    Attributes
    ----------
    delays
        From their events to the labels that were delivered last (µs), shape (m,).
    """

    def __init__(
        self,
        features: Sequence[Feature],
        schema: Schema,
        detector: Detector,
        pace: Pace,
        *,
        target: Target | None = None,
        learning: bool = True,
        strict: bool = True,
    ) -> None:
        self.strict = strict
        self.engine = FeatureEngine(features, schema, max(400 * DAY, pace.horizon))
        self.learner = Learner(detector, pace, target, learning=learning)
        self._entity = schema.routing
        self.pace = pace
        self.counts = Counts()
        self.last: tuple[int, str] | None = None
        self.pending = Pending(len(self.engine.names), pace.horizon)
        self.delays = np.empty(0, np.int64)
        self._queue = LabelQueue()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The event columns that are read, beside id and time."""
        return self.engine.inputs

    def process(
        self, events: pl.DataFrame, labels: pl.DataFrame, scored: Scored | None = None
    ) -> Vector:
        """Score a batch and let the labels that are delivered meanwhile be learned.

        Parameters
        ----------
        events
            Events after all earlier ones in the total order, each once.
        labels
            Labels with ``known_at``, in the order (``known_at``, ``event_id``), continuing
            earlier ones: at least those known by the batch's last event.
        scored
            Called after each bulk of rows is scored and before the detector learns on, with the
            index of the first row, the feature rows and their scores: what explains a score
            asks the detector that made it.

        Returns
        -------
        ndarray
            Scores of shape (n,), float64.
        """
        self._queue.add(labels)
        n = events.height
        if n == 0:
            self.delays = self.delays[:0]
            return np.empty(0)
        time = instants(events["event_time"])
        ids = events["event_id"]
        rows = self.pending.add(ids, time, self.engine.absorbed)
        last = self.pace.last_delivery(time)
        known, due_rows, values = self._due(int(last[-1]))
        at = np.searchsorted(last, known, side="left")
        X = self.engine.advance(events, rows, None, due_rows, values, known, at)
        self.pending.features[rows] = X
        delivered = Delivered(
            table=self.pending.features,
            rows=due_rows,
            labels=values,
            time=self.pending.time[due_rows],
            known=known,
            entity=self.engine.entity_of(due_rows, self._entity),
            sequence=self.pending.sequence[due_rows],
            at=at,
        )
        scores = self.learner.step(X, time, delivered, scored)
        self.pending.free(due_rows)
        self.counts.events += n
        self.last = (int(time[-1]), ids[-1])
        return scores

    def score_late(self, events: pl.DataFrame) -> Vector:
        """Score events that came too late: with the state of the moment, and kept out of it.

        Returns
        -------
        ndarray
            Scores of shape (n,), float64.
        """
        n = events.height
        outside = np.full(n, GONE, np.int64)
        return self.learner.score(self.engine.advance(events, outside, np.zeros(n, np.uint8)))

    def _due(self, until: int) -> tuple[I64, I64, npt.NDArray[np.int8]]:
        """Take the labels delivered by ``until`` and find their events."""
        prints, known, values = self._queue.take(until)
        if not self.strict:
            possible = known >= self.pending.time_of(prints)
            self.counts.before_event += int((~possible).sum())
            prints, known, values = prints[possible], known[possible], values[possible]
        rows = self.pending.take(prints, known)
        found = rows != GONE
        self.counts.labels += len(rows)
        if not found.all():
            self.counts.without_event += int((~found).sum())
            known, rows, values = known[found], rows[found], values[found]
        self.delays = known - self.pending.time[rows]
        if (self.delays < 0).any():
            raise StreamError(
                "A label became known before its event happened. Labels must have a known_at at "
                "or after their event's event_time; import the source again, which puts such "
                "labels into quarantine."
            )
        return known, rows, values

    def explain(self, x: Vector) -> list[dict[str, Any]]:
        """Return what drives the score of a feature row, as the detector is now."""
        return reasons(self.learner.detector, self.engine.names, x)

    def tally(self) -> dict[str, int]:
        """Return what has passed, by name, for the run's document."""
        learned, unlabelled = self.learner.learned, self.pending.never_labelled
        return asdict(self.counts) | {"learned": learned, "never_labelled": unlabelled}

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
