"""Hoeffding trees and adaptive Hoeffding trees: River's, with majority-class leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.detectors.flat_trees import FlatTrees, flatten, tree_scores
from workbench.detectors.protocol import Choice, DetectorSpec, Range
from workbench.detectors.rows import as_dicts, checked
from workbench.detectors.wrapped import Wrapped

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.detectors.protocol import Matrix, Vector

NEVER = 2**62
"""River can measure a tree's memory every so many rows. How large Python objects are is not part
of their state, so a restored tree would grow differently: ``max_depth`` bounds trees instead."""


class HoeffdingTree(Wrapped):
    """One of River's Hoeffding trees; a score is the share of label 1 in the leaf.

    Parameters
    ----------
    features
        Names of the feature columns.
    adaptive
        Whether it is the adaptive kind, which replaces branches whose error rises (ADWIN).
    grace_period
        Weight that a leaf sees between attempts to split it.
    delta
        Allowed probability of a wrong split (Hoeffding bound).
    tau
        Below this bound a tie is split.
    max_depth
        Depth at which leaves stop splitting.
    split_criterion
        ``info_gain``, ``gini`` or ``hellinger``.
    drift_window_threshold
        Rows that an alternate branch sees before it may replace the old one (adaptive only).
    seed
        For the bootstrap of the adaptive kind.

    References
    ----------
    Hulten, Spencer, Domingos (2001), Mining time-changing data streams. Bifet, Gavaldà (2009),
    Adaptive learning from evolving data streams.

    Examples
    --------
    >>> import numpy as np
    >>> detector = SPEC.make(("amount",), grace_period=20, tau=0.5)
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
        adaptive: bool = False,
        grace_period: int = 200,
        delta: float = 1e-7,
        tau: float = 0.05,
        max_depth: int = 20,
        split_criterion: str = "info_gain",
        drift_window_threshold: int = 300,
    ) -> None:
        from river import tree

        self.features = features
        self.adaptive = adaptive
        settings: dict[str, Any] = {
            "grace_period": grace_period,
            "delta": delta,
            "tau": tau,
            "max_depth": max_depth,
            "split_criterion": split_criterion,
            # River's default, naive Bayes in the leaves, collapses on rare labels.
            "leaf_prediction": "mc",
            "memory_estimate_period": NEVER,
        }
        if adaptive:
            settings |= {"seed": seed, "drift_window_threshold": drift_window_threshold}
            self.model: Any = tree.HoeffdingAdaptiveTreeClassifier(**settings)
        else:
            self.model = tree.HoeffdingTreeClassifier(**settings)
        self._snapshot: FlatTrees | None = None

    def warm_up(self, X: Matrix) -> None:
        """Do nothing: a tree needs no preparation."""

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:
        """Learn rows one at a time with River's ``learn_one``."""
        rows = as_dicts(checked(X, self.features), self.features)
        for row, label, weight in zip(rows, y.astype(bool).tolist(), w.tolist(), strict=True):
            self.model.learn_one(row, label, w=weight)
        self._snapshot = None

    def score(self, X: Matrix) -> Vector:
        """Return the share of label 1 for each row, shape (n,)."""
        X = checked(X, self.features)
        if self._snapshot is None:
            self._snapshot = flatten([self.model], self.features, adaptive=self.adaptive)
        scores: Vector = tree_scores(X, self._snapshot, self.adaptive)
        return scores


_DEFAULTS = {
    "grace_period": 200,
    "delta": 1e-7,
    "tau": 0.05,
    "max_depth": 20,
    "split_criterion": "info_gain",
}
_SPACE: dict[str, Choice | Range] = {
    "grace_period": Range(50, 1000, log=True, integer=True),
    "delta": Range(1e-9, 1e-1, log=True),
    "tau": Range(0.01, 0.2, log=True),
    "split_criterion": Choice(("info_gain", "gini", "hellinger")),
}


def _adaptive(features: tuple[str, ...], *, seed: int = 0, **parameters: Any) -> HoeffdingTree:
    return HoeffdingTree(features, seed=seed, adaptive=True, **parameters)


SPEC = DetectorSpec(
    name="hoeffding-tree",
    title="Hoeffding tree with majority-class leaves (River)",
    build=HoeffdingTree,
    defaults=_DEFAULTS,
    space=_SPACE,
)
ADAPTIVE_SPEC = DetectorSpec(
    name="adaptive-tree",
    title="Adaptive Hoeffding tree with majority-class leaves (River)",
    build=_adaptive,
    defaults={**_DEFAULTS, "drift_window_threshold": 300},
    space={**_SPACE, "drift_window_threshold": Range(100, 2000, log=True, integer=True)},
)
