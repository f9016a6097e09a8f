"""Adaptive random forest: River's, with majority-class leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.detectors.flat_trees import FlatTrees, flatten, forest_scores
from workbench.detectors.protocol import Choice, DetectorSpec, Range
from workbench.detectors.rows import as_dicts, checked
from workbench.detectors.trees import NEVER
from workbench.detectors.wrapped import Wrapped

if TYPE_CHECKING:
    from workbench.detectors.protocol import Matrix, Vector


class AdaptiveForest(Wrapped):
    """River's adaptive random forest; a score is the trees' vote, weighted by their accuracy.

    Parameters
    ----------
    features
        Names of the feature columns.
    n_models
        Number of trees.
    max_features
        Features that a leaf looks at: ``sqrt``, ``log2`` or ``all`` of their number.
    lambda_value
        Mean of the Poisson weight with which a tree learns a row. An importance weight
        multiplies it (River's forest takes no weights itself).
    grace_period, delta, tau, max_depth, split_criterion
        As in :class:`workbench.detectors.trees.HoeffdingTree`.
    seed
        For the bootstrap and the choice of features.

    References
    ----------
    Gomes et al. (2017), Adaptive random forests for evolving data stream classification.

    Examples
    --------
    >>> detector = SPEC.make(("amount",), n_models=2)
    >>> amount = np.tile(np.arange(10.0), 20)
    >>> detector.learn(amount[:, None], (amount > 6).astype(np.int8), np.ones(200))
    >>> detector.score(np.array([[1.0], [9.0]]))
    array([0., 1.])
    """

    def __init__(
        self,
        features: tuple[str, ...],
        *,
        seed: int = 0,
        n_models: int = 5,
        max_features: str = "sqrt",
        lambda_value: float = 6.0,
        grace_period: int = 50,
        delta: float = 0.01,
        tau: float = 0.05,
        max_depth: int = 20,
        split_criterion: str = "info_gain",
    ) -> None:
        from river import forest

        self.features = features
        self.rate = lambda_value
        settings: dict[str, Any] = {
            "max_features": len(features) if max_features == "all" else max_features,
            "lambda_value": lambda_value,
            "grace_period": grace_period,
            "delta": delta,
            "tau": tau,
            "max_depth": max_depth,
            "split_criterion": split_criterion,
        }
        self.model: Any = forest.ARFClassifier(
            n_models,
            leaf_prediction="mc",
            memory_estimate_period=NEVER,
            seed=seed,
            **settings,
        )
        # River would do so at the first row, and take the features that it has for all there are.
        self.model._init_ensemble(sorted(features))
        self._snapshot: tuple[FlatTrees, Vector] | None = None

    def warm_up(self, X: Matrix) -> None:
        """Do nothing: trees need no preparation."""

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:
        """Learn rows one at a time with River's ``learn_one``."""
        rows = as_dicts(checked(X, self.features), self.features)
        for row, label, weight in zip(rows, y.astype(bool).tolist(), w.tolist(), strict=True):
            self.model.lambda_value = self.rate * weight
            self.model.learn_one(row, label)
        self.model.lambda_value = self.rate
        self._snapshot = None

    def score(self, X: Matrix) -> Vector:
        """Return the weighted vote for label 1 for each row, shape (n,)."""
        X = checked(X, self.features)
        if self._snapshot is None:
            accuracy = np.array([metric.get() for metric in self.model._metrics])
            # A tree that was never right yet votes with weight 1, as in River.
            weights = np.where(accuracy > 0.0, accuracy, 1.0)
            self._snapshot = flatten(self.model.data, self.features), weights
        scores: Vector = forest_scores(X, *self._snapshot)
        return scores


SPEC = DetectorSpec(
    name="adaptive-forest",
    title="Adaptive random forest with majority-class leaves (River)",
    build=AdaptiveForest,
    defaults={
        "n_models": 5,
        "max_features": "sqrt",
        "lambda_value": 6.0,
        "grace_period": 50,
        "delta": 0.01,
        "tau": 0.05,
        "max_depth": 20,
        "split_criterion": "info_gain",
    },
    space={
        "n_models": Choice((3, 5, 10)),
        "max_features": Choice(("sqrt", "log2", "all")),
        "lambda_value": Range(1.0, 6.0),
        "grace_period": Range(50, 500, log=True, integer=True),
        "delta": Range(1e-5, 0.1, log=True),
    },
)
