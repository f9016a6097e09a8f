"""Additive logistic regression: River's, on one-hot bins of features and their crosses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.detectors import codec
from workbench.detectors.binning import Binning, quantile_terms
from workbench.detectors.kernels import additive_scores, distinct
from workbench.detectors.optimizers import EPS, SPACE, logistic_regression
from workbench.detectors.protocol import Choice, DetectorSpec, Range
from workbench.detectors.rows import checked
from workbench.detectors.twin import Twin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.detectors.binning import Cross, Term
    from workbench.detectors.protocol import Matrix, State, Vector


class Additive:
    """River's logistic regression on the bins of a row, one weight a bin.

    Parameters
    ----------
    features
        Names of the feature columns.
    terms, crosses
        Declarations of bins; without terms, quantile bins of every feature.
    quantiles
        Equal parts of the warm-up span where no terms are given.
    use_crosses
        Whether the declared crosses are used.
    optimizer, lr, l2, intercept_lr, eps
        As in :func:`workbench.detectors.optimizers.logistic_regression`.
    groups
        Feature to what it speaks of. Explanations are then by group, and relative to what was
        usual in the warm-up span; a cross belongs to its last term's feature. Without groups they
        are by term.
    twin
        Whether rows are learned by a compiled twin of River's estimator
        (:mod:`workbench.detectors.twin`); the state is River's estimator in any case.
    seed
        Not used: nothing here is random.

    Examples
    --------
    >>> detector = SPEC.make(("amount",))
    >>> detector.warm_up(np.arange(100.0)[:, None])
    >>> detector.learn(np.array([[99.0]]), np.array([1], dtype=np.int8), np.ones(1))
    >>> detector.score(np.array([[99.0], [1.0]])).round(3)
    array([0.576, 0.501])
    """

    def __init__(
        self,
        features: tuple[str, ...],
        *,
        seed: int = 0,  # noqa: ARG002 - part of every detector's signature
        terms: Sequence[Term] | None = None,
        crosses: Sequence[Cross] = (),
        quantiles: int = 20,
        use_crosses: bool = True,
        optimizer: str = "adagrad",
        lr: float = 0.3,
        l2: float = 0.0,
        intercept_lr: float = 0.01,
        eps: float = EPS,
        twin: bool = False,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        self.features = features
        self.twin = twin
        self._groups = groups
        self.binning = Binning(
            features,
            quantile_terms(features, quantiles) if terms is None else terms,
            crosses if use_crosses else (),
        )
        self._model = logistic_regression(optimizer, lr, l2, intercept_lr, eps)
        self._reset()

    @property
    def model(self) -> Any:
        """River's estimator as it is now."""
        return self._model if self._twin is None else self._twin.write()

    def _reset(self) -> None:
        """Size the snapshot for the present edges and mark all learned weights as due."""
        width = self.binning.width
        self._weights = np.zeros(width)
        self._plain = bool((self.binning.values == 1.0).all())
        self._twin = Twin(self._model, range(width)) if self.twin else None
        # One key object per id: dicts find a key that is the same object, not just an equal one,
        # a third faster, and River looks each key up about ten times for a row that it learns.
        self._keys = np.arange(width).astype(object)
        learned = list(self._model.weights)
        self._keys[learned] = learned
        self._due = [np.array(learned, dtype=np.int64)]
        # How often each id was met in the warm-up span.
        self._usual = np.zeros(width)

    def warm_up(self, X: Matrix) -> None:
        """Fit the edges that depend on data."""
        X = checked(X, self.features)
        self.binning.fit(X)
        self._reset()
        if self._groups is not None and len(X):
            met = np.bincount(self.binning.encode(X).ravel(), minlength=self.binning.width)
            self._usual = met / len(X)

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:
        """Learn rows one at a time with River's ``learn_one``, or with its twin."""
        ids = self.binning.encode(checked(X, self.features))
        if self._twin is not None:
            self._twin.learn(ids, self.binning.column_values, y, w)
            self._due.append(ids[:0].ravel())
            return
        learn_one = self._model.learn_one
        rows = self._keys[ids].tolist()
        labels, weights = y.astype(bool).tolist(), w.tolist()
        if self._plain:
            for row, label, weight in zip(rows, labels, weights, strict=True):
                learn_one(dict.fromkeys(row, 1.0), label, weight)
        else:
            values = self.binning.column_values.tolist()
            for row, label, weight in zip(rows, labels, weights, strict=True):
                learn_one(dict(zip(row, values, strict=True)), label, weight)
        # The snapshot takes these over when it is next needed: several batches may come first.
        self._due.append(ids.ravel())

    def _snapshot(self) -> Vector:
        if self._due and self._twin is not None:
            np.multiply(self._twin.weights, self.binning.values, out=self._weights)
            self._due.clear()
        if self._due:
            due = distinct(np.concatenate(self._due), len(self._weights))
            weight = self._model._weights.__getitem__
            self._weights[due] = np.fromiter(map(weight, self._keys[due].tolist()), float)
            if not self._plain:
                self._weights[due] *= self.binning.values[due]
            self._due.clear()
        return self._weights

    @property
    def _intercept(self) -> float:
        return float(self._model.intercept) if self._twin is None else self._twin.intercept

    def score(self, X: Matrix) -> Vector:
        """Return probabilities of shape (n,)."""
        X = checked(X, self.features)
        scores: Vector = additive_scores(X, self.binning.layout, self._snapshot(), self._intercept)
        return scores

    def reference_score(self, x: Mapping[str, float]) -> float:
        """Score one row by River's own call; what :meth:`score` must equal."""
        ids = self.binning.encode_one(x)
        row = {i: float(self.binning.values[i]) for i in ids}
        return float(self.model.predict_proba_one(row)[True])

    def explain(self, X: Matrix) -> tuple[tuple[str, ...], Matrix]:
        """Return names of terms or groups, and what each adds to the log-odds, shape (n, names)."""
        ids = self.binning.encode(checked(X, self.features))
        weights = self._snapshot()
        if self._groups is None:
            return self.binning.names, weights[ids]
        offset = self.binning.layout.offset
        usual = np.add.reduceat(self._usual * weights, offset[:-1])
        groups = [self._groups.get(feature, feature) for feature in self.binning.speaks_of]
        names = tuple(dict.fromkeys(groups))
        parts = np.zeros((len(ids), len(names)))
        for column, group in enumerate(groups):
            parts[:, names.index(group)] += weights[ids[:, column]] - usual[column]
        return names, parts

    def state(self) -> State:
        """Return the edges and the estimator."""
        state = {"edges": list(self.binning.edges), "model": codec.encode(self.model)}
        return state if self._groups is None else state | {"usual": self._usual.copy()}

    def restore(self, state: State) -> None:
        """Take over edges and estimator."""
        self.binning.set_edges(state["edges"])
        self._model = codec.decode(state["model"])
        self._reset()
        if self._groups is not None:
            self._usual = state["usual"].copy()


SPEC = DetectorSpec(
    name="additive",
    title="Additive logistic regression on bins (River, AdaGrad)",
    build=Additive,
    defaults={
        "optimizer": "adagrad",
        "lr": 0.3,
        "l2": 0.0,
        "intercept_lr": 0.01,
        "quantiles": 20,
        "use_crosses": True,
    },
    space={**SPACE, "quantiles": Range(5, 50, integer=True), "use_crosses": Choice((True, False))},
)
