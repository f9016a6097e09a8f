"""The one path: events become features and scores, labels become known and are learned.

A recorded replay, a live worker and a Flink job drive this object. It reads no clock and
knows neither its driver nor its case.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.detectors.target import Delivered
from workbench.errors import StreamError
from workbench.features.engine import FORGET_AFTER, FeatureEngine
from workbench.replay.learner import Learner
from workbench.replay.pending import GONE, Pending
from workbench.replay.queue import LabelQueue
from workbench.replay.reasons import reasons
from workbench.streams.frames import instants

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from workbench.detectors.protocol import Detector, Matrix, Vector
    from workbench.detectors.target import Target
    from workbench.features.vocabulary import Feature
    from workbench.replay.learner import Scored
    from workbench.replay.pace import Pace
    from workbench.streams.schema import Schema

I64 = npt.NDArray[np.int64]


#: So many events' features are computed while those before are scored and learned of; and so many
#: first, while there is nothing to do beside it.
STEP, SHORT = 16_384, 2_048


@dataclass(slots=True)
class Counts:
    """What has passed along the path."""

    events: int = 0
    labels: int = 0
    without_event: int = 0
    before_event: int = 0


@dataclass(slots=True)
class _Step:
    """Some events of a batch on their way.

    ``first`` is the index of the first one; ``time`` and ``rows`` are their times and rows.
    ``due``, ``values``, ``known`` and ``at`` are the labels that are delivered meanwhile. ``X``
    holds the features when ``compute`` has returned; ``delivered`` is gathered then.
    """

    first: int
    time: I64
    rows: I64
    due: I64
    values: npt.NDArray[np.int8]
    known: I64
    at: I64
    X: Matrix
    compute: Callable[[], None]
    delivered: Delivered = field(init=False)


def _cuts(n: int) -> list[int]:
    """Return where a batch is cut into steps."""
    if n <= STEP:
        return [0, n] if n else []
    return [0, *range(SHORT, n, STEP), n]


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
    forget_after
        Entities that were not seen for so long (µs) are forgotten, though not while a label of
        theirs may come, nor within their longest window.
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
        forget_after: int = FORGET_AFTER,
        learning: bool = True,
        strict: bool = True,
    ) -> None:
        self.strict = strict
        self.engine = FeatureEngine(features, schema, max(forget_after, pace.horizon))
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
        self.delays = self.delays[:0]
        scores = np.empty(events.height)
        before: _Step | None = None
        with ThreadPoolExecutor(1) as beside:
            for begin, end in pairwise(_cuts(events.height)):
                step = self._begin(events[begin:end], begin)
                if before is None:
                    step.compute()
                else:
                    computing = beside.submit(step.compute)
                    self._learn(before, scores, scored)
                    computing.result()
                self._gather(step)
                before = step
        if before is not None:
            self._learn(before, scores, scored)
            self.counts.events += events.height
            self.last = (int(before.time[-1]), events["event_id"][-1])
        return scores

    def _begin(self, events: pl.DataFrame, first: int) -> _Step:
        """Give events their rows, find the labels due meanwhile, and prepare the features."""
        time = instants(events["event_time"])
        rows = self.pending.add(events["event_id"], time, self.engine.absorbed)
        last = self.pace.last_delivery(time)
        known, due, values = self._due(int(last[-1]))
        at = np.searchsorted(last, known, side="left")
        compute, X = self.engine.prepare(events, rows, None, due, values, known, at)
        return _Step(first, time, rows, due, values, known, at, X, compute)

    def _gather(self, step: _Step) -> None:
        """Put away the features, which are computed now, and gather what is known of the labels."""
        self.pending.features[step.rows] = step.X
        step.delivered = Delivered(
            table=self.pending.features,
            rows=step.due,
            labels=step.values,
            time=self.pending.time[step.due],
            known=step.known,
            entity=self.engine.entity_of(step.due, self._entity),
            sequence=self.pending.sequence[step.due],
            at=step.at,
        )
        # Their features stay in the table until the next step's are put away: after they are
        # learned of.
        self.pending.free(step.due)

    def _learn(self, step: _Step, scores: Vector, scored: Scored | None) -> None:
        """Score a step's events, and learn of what is delivered meanwhile."""

        def tell(row: int, X: Matrix, found: Vector) -> None:
            if scored is not None:
                scored(step.first + row, X, found)

        scores[step.first : step.first + len(step.X)] = self.learner.step(
            step.X, step.time, step.delivered, tell
        )

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
        delays = known - self.pending.time[rows]
        self.delays = np.concatenate([self.delays, delays])
        if (delays < 0).any():
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
