"""Half-space trees: River's, on features scaled by their range in the warm-up span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from workbench.detectors import codec
from workbench.detectors.protocol import DetectorSpec, Range
from workbench.detectors.rows import as_dicts, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.detectors.flat_trees import Index
    from workbench.detectors.protocol import Matrix, State, Vector


class _Cuts(NamedTuple):
    """All trees' nodes in depth-first order, each of shape (trees, nodes); they never change."""

    feature: Index
    threshold: Vector
    right: Index  # the left child is the next node


@njit(cache=True)
def _score(
    X: Matrix, cuts: _Cuts, reference: Index, latest: Index, height: int, window: int
) -> Vector:
    trees = len(cuts.feature)
    largest = trees * window * (2 ** (height + 1) - 1)
    scores = np.empty(len(X))
    for i in range(len(X)):
        total = 0.0
        for t in range(trees):
            node, power = 0, 1
            for _ in range(height):
                mass = reference[t, node]
                total += mass * power
                if mass < 0.1 * window:
                    power = 0
                    break
                value = X[i, cuts.feature[t, node]]
                left, right = node + 1, cuts.right[t, node]
                if np.isnan(value):
                    node = right if latest[t, left] < latest[t, right] else left
                else:
                    node = left if value < cuts.threshold[t, node] else right
                power *= 2
            total += reference[t, node] * power
        scores[i] = 1.0 - total / largest
    return scores


class HalfSpace:
    """River's half-space trees: how rare the neighbourhood of a row is; labels are not used.

    Every row that is delivered is learned, whatever its label: the detector must not depend on
    labels. Rows are scaled so that 1% and 99% of the warm-up span become 0 and 1 (in River that
    is left to a scaler); importance weights have no meaning here. Scores are 0 until the first
    window is full.

    Parameters
    ----------
    features
        Names of the feature columns.
    n_trees, height, window_size
        As in River.
    learn_warm_up
        Whether the last two windows of the warm-up span are learned: on a stream without labels
        nothing else ever is.
    seed
        For the random cuts.

    References
    ----------
    Tan, Ting, Liu (2011), Fast anomaly detection for streaming data.

    Examples
    --------
    >>> detector = SPEC.make(("amount",), window_size=50, height=3)
    >>> amount = np.tile(np.linspace(0.4, 0.5, 10), 10)[:, None]
    >>> detector.learn(amount, np.zeros(100, dtype=np.int8), np.ones(100))
    >>> detector.score(np.array([[0.45], [0.95]])).round(2)
    array([0.13, 0.87])
    """

    def __init__(
        self,
        features: tuple[str, ...],
        *,
        seed: int = 0,
        n_trees: int = 10,
        height: int = 8,
        window_size: int = 500,
        learn_warm_up: bool = False,
    ) -> None:
        from river import anomaly
        from river.tree import padded

        self.features = features
        self.learn_warm_up = learn_warm_up
        self.low = np.zeros(len(features))
        self.width = np.ones(len(features))
        self.model: Any = anomaly.HalfSpaceTrees(n_trees, height, window_size, seed=seed)
        # River would build them at the first row, from the features that it happens to have.
        grow: Any = padded.make_padded_tree
        unit = dict.fromkeys(sorted(features), (0.0, 1.0))
        trees: list[Any] = [
            grow(unit, height, padding=0.15, rng=self.model.rng, r_mass=0, l_mass=0)
            for _ in range(n_trees)
        ]
        self.model.trees = trees
        self.model._tree_nodes = [list(tree.iter_dfs()) for tree in trees]
        self._follow()

    def _follow(self) -> None:
        """Begin a snapshot of the present trees."""
        self._cuts = _cuts_of(self.model, self.features)
        # Rows of the last whole window, and of the present one, that came by each node.
        self._reference: Index | None = None
        self._latest: Index | None = None

    def warm_up(self, X: Matrix) -> None:
        """Fit the range of each feature."""
        X = checked(X, self.features)
        for j in range(len(self.features)):
            present = X[~np.isnan(X[:, j]), j]
            if len(present):
                self.low[j], high = np.quantile(present, (0.01, 0.99))
                self.width[j] = high - self.low[j] or 1.0
        if self.learn_warm_up:
            rows = X[-2 * self.model.window_size :]
            self.learn(rows, np.zeros(len(rows), np.int8), np.ones(len(rows)))

    def learn(self, X: Matrix, y: npt.NDArray[np.int8], w: Vector) -> None:  # noqa: ARG002 - see above
        """Learn rows one at a time with River's ``learn_one``, whatever their labels."""
        rows = as_dicts(self._scaled(X), self.features)
        if self.model.counter + len(rows) >= self.model.window_size:
            self._reference = None
        self._latest = None
        for row in rows:
            self.model.learn_one(row)

    def _scaled(self, X: Matrix) -> Matrix:
        scaled: Matrix = (checked(X, self.features) - self.low) / self.width
        return scaled

    def score(self, X: Matrix) -> Vector:
        """Return River's anomaly score for each row, shape (n,)."""
        X = self._scaled(X)
        model = self.model
        if model._first_window:
            return np.zeros(len(X))
        nodes = model._tree_nodes
        if self._reference is None:
            self._reference = np.array([[n.r_mass for n in tree] for tree in nodes])
        latest = self._reference
        if np.isnan(X).any():
            # Only a row without a value asks where most of the present rows went.
            if self._latest is None:
                self._latest = np.array([[n.l_mass for n in tree] for tree in nodes])
            latest = self._latest
        scores: Vector = _score(
            X, self._cuts, self._reference, latest, model.height, model.window_size
        )
        return scores

    def reference_score(self, x: Mapping[str, float]) -> float:
        """Score one row by River's own call; what :meth:`score` must equal."""
        scaled = {
            name: (x[name] - self.low[j]) / self.width[j]
            for j, name in enumerate(self.features)
            if name in x
        }
        return float(self.model.score_one(scaled))

    def state(self) -> State:
        """Return ranges and trees."""
        return {
            "low": self.low.copy(),
            "width": self.width.copy(),
            "model": codec.encode(self.model),
        }

    def restore(self, state: State) -> None:
        """Take over ranges and trees."""
        self.low, self.width = state["low"].copy(), state["width"].copy()
        self.model = codec.decode(state["model"])
        self._follow()


def _cuts_of(model: Any, features: tuple[str, ...]) -> _Cuts:
    column = {name: j for j, name in enumerate(features)}
    nodes = model._tree_nodes
    right = np.zeros(len(nodes[0]), dtype=np.int64)
    # A left subtree of height h has 2**h - 1 nodes: the right child comes after them.
    stack = [(0, model.height)]
    while stack:
        node, height = stack.pop()
        if height:
            right[node] = node + 2**height
            stack += [(node + 1, height - 1), (node + 2**height, height - 1)]
    feature = [
        [column[n.feature] if r else -1 for n, r in zip(tree, right, strict=True)] for tree in nodes
    ]
    threshold = [
        [n.threshold if r else 0.0 for n, r in zip(tree, right, strict=True)] for tree in nodes
    ]
    return _Cuts(np.array(feature), np.array(threshold), np.tile(right, (len(nodes), 1)))


SPEC = DetectorSpec(
    name="half-space-trees",
    title="Half-space trees, unsupervised (River)",
    build=HalfSpace,
    defaults={"n_trees": 10, "height": 8, "window_size": 500},
    space={
        "n_trees": Range(10, 50, integer=True),
        "height": Range(4, 10, integer=True),
        "window_size": Range(100, 5000, log=True, integer=True),
    },
)
