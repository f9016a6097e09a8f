"""Gaussian naive Bayes: River's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from workbench.detectors.protocol import DetectorSpec
from workbench.detectors.rows import as_dicts, checked
from workbench.detectors.wrapped import Wrapped

if TYPE_CHECKING:
    from workbench.detectors.flat_trees import Index
    from workbench.detectors.protocol import Matrix, Vector

FLOOR = 10e-10
"""River adds this to every density. A signal without spread has density 0 and so says nothing."""


class _Snapshot(NamedTuple):
    label: Index  # per class that was met, in the order in which River met them
    prior: Vector  # per class, its log-probability
    mean: Vector  # per class and feature
    deviation: Vector  # per class and feature; 0 where there is no spread yet


@njit(cache=True)
def _score(X: Matrix, met: _Snapshot) -> Vector:
    classes = len(met.label)
    scores = np.zeros(len(X))
    root = np.sqrt(2.0 * np.pi)
    likelihood = np.empty(classes)
    for i in range(len(X)):
        for c in range(classes):
            total = 0.0
            for j in range(X.shape[1]):
                if np.isnan(X[i, j]):
                    continue
                density = 0.0
                deviation = met.deviation[c, j]
                if deviation > 0.0:
                    z = (X[i, j] - met.mean[c, j]) / deviation
                    density = np.exp(-0.5 * z * z) / root / deviation
                total += np.log(FLOOR + density)
            likelihood[c] = met.prior[c] + total
        largest = likelihood.max()
        evidence = 0.0
        for c in range(classes):
            evidence += np.exp(likelihood[c] - largest)
        evidence = largest + np.log(evidence)
        for c in range(classes):
            if met.label[c] == 1:
                scores[i] = np.exp(likelihood[c] - evidence)
    return scores


class NaiveBayes(Wrapped):
    """River's Gaussian naive Bayes; a score is the posterior probability of label 1.

    River's estimator takes no weights. Here a row of weight w counts as w rows, in the class
    counts and in the Gaussians; with weight 1 it is River's own ``learn_one``.

    Parameters
    ----------
    features
        Names of the feature columns.
    seed
        Not used: nothing here is random.

    Examples
    --------
    >>> detector = SPEC.make(("amount",))
    >>> amount = np.array([1.0, 2.0, 3.0, 7.0, 8.0, 9.0])
    >>> detector.learn(amount[:, None], (amount > 5).astype(np.int8), np.ones(6))
    >>> detector.score(np.array([[2.0], [5.0], [8.0]])).round(3)
    array([0. , 0.5, 1. ])
    """

    def __init__(self, features: tuple[str, ...], *, seed: int = 0) -> None:  # noqa: ARG002 - part of every detector's signature
        from river import naive_bayes

        self.features = features
        self.model: Any = naive_bayes.GaussianNB()  # type: ignore[no-untyped-call]  # River's own
        self._snapshot: _Snapshot | None = None

    def warm_up(self, X: Matrix) -> None:
        """Do nothing: means and deviations are learned as rows come."""

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:
        """Learn rows one at a time."""
        rows = as_dicts(checked(X, self.features), self.features)
        for row, label, weight in zip(rows, y.astype(bool).tolist(), w.tolist(), strict=True):
            if weight == 1.0:
                self.model.learn_one(row, label)
            else:
                self.model.class_counts[label] += weight
                gaussians = self.model.gaussians[label]
                for name, value in row.items():
                    gaussians[name].update(value, weight)
        self._snapshot = None

    def score(self, X: Matrix) -> Vector:
        """Return posterior probabilities of shape (n,)."""
        X = checked(X, self.features)
        if not self.model.class_counts:
            return np.zeros(len(X))
        if self._snapshot is None:
            self._snapshot = self._parameters()
        scores: Vector = _score(X, self._snapshot)
        return scores

    def _parameters(self) -> _Snapshot:
        labels = list(self.model.class_counts)
        mean = np.zeros((len(labels), len(self.features)))
        deviation = np.zeros_like(mean)
        for c, label in enumerate(labels):
            gaussians = self.model.gaussians.get(label, {})
            for j, name in enumerate(self.features):
                if name in gaussians:
                    mean[c, j] = gaussians[name].mu
                    deviation[c, j] = max(gaussians[name]._var.get(), 0.0) ** 0.5
        prior = np.array([math.log(self.model.p_class(label)) for label in labels])
        return _Snapshot(np.array(labels, dtype=np.int64), prior, mean, deviation)


SPEC = DetectorSpec(name="naive-bayes", title="Gaussian naive Bayes (River)", build=NaiveBayes)
