"""Logistic regression on standardised features: River's StandardScaler and LogisticRegression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.detectors import codec
from workbench.detectors.kernels import linear_scores
from workbench.detectors.optimizers import SPACE, logistic_regression
from workbench.detectors.protocol import DetectorSpec, Range
from workbench.detectors.rows import as_dicts, checked
from workbench.detectors.twin import Scaler, Twin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.protocol import Matrix, State, Vector


class Linear:
    """What River's pipeline ``StandardScaler() | LogisticRegression()`` does, scored in bulk.

    As in that pipeline, a learned row first updates the scaler, is then scaled, then learned.

    Parameters
    ----------
    features
        Names of the feature columns.
    optimizer, lr, l2, intercept_lr
        As in :func:`workbench.detectors.optimizers.logistic_regression`.
    twin
        Whether rows are learned by a compiled twin of scaler and estimator
        (:mod:`workbench.detectors.twin`); the state is River's own in any case.
    seed
        Not used: nothing here is random.

    Examples
    --------
    >>> detector = SPEC.make(("amount",))
    >>> rows = np.array([[1.0], [9.0], [2.0], [8.0]])
    >>> for _ in range(100):
    ...     detector.learn(rows, np.array([0, 1, 0, 1], dtype=np.int8), np.ones(4))
    >>> detector.score(rows).round(2)
    array([0.19, 0.81, 0.25, 0.75])
    """

    def __init__(
        self,
        features: tuple[str, ...],
        *,
        seed: int = 0,  # noqa: ARG002 - part of every detector's signature
        optimizer: str = "sgd",
        lr: float = 0.01,
        l2: float = 0.0,
        intercept_lr: float = 0.01,
        twin: bool = False,
    ) -> None:
        from river import preprocessing

        self.features = features
        self.twin = twin
        self._scaler: Any = preprocessing.StandardScaler()
        self._model = logistic_regression(optimizer, lr, l2, intercept_lr)
        self._follow()

    def _follow(self) -> None:
        """Go on from the present scaler and estimator."""
        self._snapshot: tuple[Vector, Vector, Vector] | None = None
        self._twin: Twin | None = None
        if self.twin:
            self._twin = Twin(self._model, self.features)
            parts = (self._scaler.counts, self._scaler.means, self._scaler.vars)
            counts, means, variances = (
                np.array([part.get(f, 0) for f in self.features]) for part in parts
            )
            self._scaled = Scaler(
                counts.astype(np.int64), means.astype(np.float64), variances.astype(np.float64)
            )

    @property
    def scaler(self) -> Any:
        """River's scaler as it is now."""
        if self._twin is not None:
            met = np.flatnonzero(self._scaled.counts).tolist()
            names = ("counts", "means", "vars")
            for name, part in zip(names, self._scaled, strict=True):
                known = getattr(self._scaler, name)
                for j in met:
                    known[self.features[j]] = part[j].item()
        return self._scaler

    @property
    def model(self) -> Any:
        """River's estimator as it is now."""
        return self._model if self._twin is None else self._twin.write()

    def warm_up(self, X: Matrix) -> None:
        """Do nothing: the scaler learns as it goes."""

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:
        """Learn rows one at a time: scaler, then estimator."""
        X = checked(X, self.features)
        self._snapshot = None
        if self._twin is not None:
            self._twin.learn_scaled(X, y, w, self._scaled)
            return
        rows = as_dicts(X, self.features)
        for row, label, weight in zip(rows, y.astype(bool).tolist(), w.tolist(), strict=True):
            self._scaler.learn_one(row)
            self._model.learn_one(self._scaler.transform_one(row), label, weight)

    def score(self, X: Matrix) -> Vector:
        """Return probabilities of shape (n,)."""
        X = checked(X, self.features)
        intercept = self._model.intercept if self._twin is None else self._twin.intercept
        scores: Vector = linear_scores(X, *self._parameters(), intercept)
        return scores

    def _parameters(self) -> tuple[Vector, Vector, Vector]:
        if self._snapshot is None and self._twin is not None:
            means, deviations = self._scaled.means, self._scaled.variances**0.5
            self._snapshot = (means.copy(), deviations, self._twin.weights.copy())
        if self._snapshot is None:
            means, variances = self.scaler.means, self.scaler.vars
            self._snapshot = (
                np.array([means.get(f, 0.0) for f in self.features]),
                np.array([variances.get(f, 0.0) ** 0.5 for f in self.features]),
                self.model._weights.to_numpy(list(self.features)),
            )
        return self._snapshot

    def reference_score(self, x: Mapping[str, float]) -> float:
        """Score one row by River's own call; what :meth:`score` must equal."""
        # River's scaler would store a zero for each feature that it has not met; it must not here.
        scaler = self.scaler
        scaled = scaler.transform_one({f: v for f, v in x.items() if f in scaler.vars})
        return float(self.model.predict_proba_one(scaled)[True])

    def explain(self, X: Matrix) -> tuple[tuple[str, ...], Matrix]:
        """Return the features' names and what each adds to the log-odds, shape (n, f)."""
        X = checked(X, self.features)
        mean, deviation, weights = self._parameters()
        scaled = np.where(deviation > 0, X - mean, 0.0) / np.where(deviation > 0, deviation, 1.0)
        return self.features, np.where(np.isnan(X), 0.0, weights * scaled)

    def state(self) -> State:
        """Return scaler and estimator."""
        return {"scaler": codec.encode(self.scaler), "model": codec.encode(self.model)}

    def restore(self, state: State) -> None:
        """Take over scaler and estimator."""
        self._scaler = codec.decode(state["scaler"])
        self._model = codec.decode(state["model"])
        self._follow()


SPEC = DetectorSpec(
    name="logistic",
    title="Logistic regression on standardised features (River)",
    build=Linear,
    defaults={"optimizer": "sgd", "lr": 0.01, "l2": 0.0, "intercept_lr": 0.01},
    space={**SPACE, "lr": Range(0.001, 1.0, log=True), "l2": Range(1e-8, 1e-2, log=True)},
)
