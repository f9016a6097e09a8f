"""Score in bulk between two deliveries, learn one by one at each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.detectors.target import Lesson
from workbench.replay.pace import Sampled

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.detectors.protocol import Detector, Matrix, Vector
    from workbench.detectors.target import Delivered, Target
    from workbench.replay.pace import Pace

    Scored = Callable[[int, Matrix, Vector], None]

I64 = npt.NDArray[np.int64]
I8 = npt.NDArray[np.int8]
WARM_UP_ROWS = 200_000


class Learner:
    """A detector on its way along a stream of feature rows.

    Between two deliveries a detector does not change, so the rows in between are scored in one
    call.

    Parameters
    ----------
    detector
        What scores and learns.
    pace
        The warm-up, and which events are learned.
    target
        What chooses the events that are learned, where it is not the pace alone.
    learning
        Whether labels reach the detector.
    """

    def __init__(
        self,
        detector: Detector,
        pace: Pace,
        target: Target | None = None,
        *,
        learning: bool = True,
    ) -> None:
        self.detector = detector
        self.pace = pace
        self.target: Target = target or Sampled(pace)
        self.learning = learning
        self.learned = 0
        self._warm_until: int | None = None
        self._cold: _Cold | None = _Cold()

    def score(self, X: Matrix) -> Vector:
        """Score rows with the detector as it is now; 0 during the warm-up."""
        return np.zeros(len(X)) if self._cold is not None else self.detector.score(X)

    def step(
        self,
        X: Matrix,
        time: I64,
        delivered: Delivered,
        scored: Scored | None = None,
    ) -> Vector:
        """Score a batch and learn of what is delivered meanwhile.

        Parameters
        ----------
        X
            Feature rows of the batch, shape (n, f).
        time
            Their event times in µs, shape (n,).
        delivered
            The labels.
        scored
            Called after each bulk of rows is scored, with the index of the first, the rows and
            their scores.

        Returns
        -------
        ndarray
            Scores, shape (n,); 0 during the warm-up.
        """
        n = len(X)
        scores = np.zeros(n)
        begin = self._warm_up(X, time)
        rows, values, weights, at = self._lesson(delivered)
        self.learned += len(values)
        if self._cold is not None:
            self._cold.labels.append((rows, values, weights))
            return scores
        # What was delivered before the detector was warm is learned before its first score.
        at = np.maximum(at, begin)
        stops = np.unique(at)
        ends = np.searchsorted(at, stops, side="right").tolist()
        learn = self.detector.learn

        def score(begin: int, end: int) -> None:
            scores[begin:end] = self.detector.score(X[begin:end])
            if scored is not None:
                scored(begin, X[begin:end], scores[begin:end])

        first, a = 0, begin
        for b, end in zip(stops.tolist(), ends, strict=True):
            if b > a:
                score(a, b)
            learn(rows[first:end], values[first:end], weights[first:end])
            first, a = end, b
        if a < n:
            score(a, n)
        return scores

    def _lesson(self, delivered: Delivered) -> Lesson:
        if self.learning:
            return self.target.lesson(delivered)
        table, labels, at = delivered.table, delivered.labels, delivered.at
        return Lesson(table[:0], labels[:0], np.empty(0), at[:0])

    def _warm_up(self, X: Matrix, time: I64) -> int:
        """Gather rows until the warm-up span has passed; return the first row after it."""
        if self._cold is None:
            return 0
        if self._warm_until is None:
            self._warm_until = int(time[0]) + self.pace.warm_up
        end = int(np.searchsorted(time, self._warm_until, side="left"))
        end = min(end, WARM_UP_ROWS - self._cold.count)
        self._cold.count += end
        self._cold.rows.append(X[:end])
        if end == len(X):
            return end
        self.detector.warm_up(np.concatenate(self._cold.rows))
        for rows, values, weights in self._cold.labels:
            self.detector.learn(rows, values, weights)
        self._cold = None
        return end

    def state(self) -> dict[str, Any]:
        """Return everything that later scores depend on, as plain data."""
        cold = self._cold
        return {
            "detector": self.detector.state() if cold is None else None,
            "warm_until": self._warm_until,
            "cold": None if cold is None else cold.state(),
            "learned": self.learned,
            "target": self.target.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self._warm_until = state["warm_until"]
        self._cold = None if state["cold"] is None else _Cold.of(state["cold"])
        if state["detector"] is not None:
            self.detector.restore(state["detector"])
        self.learned = int(state["learned"])
        self.target.restore(state["target"])


class _Cold:
    """What is gathered until the detector is warm."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[Matrix] = []
        self.labels: list[tuple[Matrix, I8, Vector]] = []

    def state(self) -> dict[str, Any]:
        return {
            "rows": [np.ascontiguousarray(rows) for rows in self.rows],
            "labels": [list(part) for part in self.labels],
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> _Cold:
        cold = cls()
        cold.rows = list(state["rows"])
        cold.count = sum(len(rows) for rows in cold.rows)
        cold.labels = [(part[0], part[1], part[2]) for part in state["labels"]]
        return cold
