"""River's Hoeffding trees as arrays, and the compiled walk through them.

The walk takes the same path as River's: left where the value is at most the threshold; where it
is missing, to the child that has seen more weight, the left one on a tie.

The kernels that call each other stand in this one file: numba keeps a compiled function until
its own file changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.detectors.protocol import Matrix, Vector

Index = npt.NDArray[np.int64]


class FlatTrees(NamedTuple):
    """Nodes of one or more trees, roots first to last; children come after their parent."""

    root: Index  # per tree, its first node; -1 for a tree that has learned nothing
    feature: Index  # per node, the column of its test; -1 for a leaf
    threshold: Vector
    left: Index
    right: Index
    common: Index  # the child that rows take where the value is missing
    alternate: Index  # the leaf that adaptive trees grow beside a branch; -1 without
    negative: Vector  # a leaf's vote for label 0
    positive: Vector  # a leaf's vote for label 1


def shares(stats: Mapping[bool, float]) -> tuple[float, float]:
    """Return the share of each label in a leaf, as River's ``normalize_values_in_dict`` does.

    Examples
    --------
    >>> shares({False: 3.0, True: 1.0})
    (0.75, 0.25)
    """
    negative, positive = stats.get(False, 0.0), stats.get(True, 0.0)
    total = negative + positive
    if total == 0.0:
        return negative, positive
    scale = 1 / total
    return negative * scale, positive * scale


def weighted_shares(leaf: Any) -> tuple[float, float]:
    """Return an adaptive leaf's vote: its shares, weighted by its squared error.

    River adds up the votes of the leaves that a row reaches; the better one counts more.
    """
    negative, positive = shares(leaf.stats)
    error = leaf._mean_error.get()
    factor = (negative + positive) * error * error
    if factor == 0.0:
        return negative, positive
    scale = 1 / factor
    return negative * scale, positive * scale


def flatten(trees: Sequence[Any], features: Sequence[str], *, adaptive: bool = False) -> FlatTrees:
    """Lay out River's trees with ``mc`` leaves as arrays.

    Parameters
    ----------
    trees
        Hoeffding trees of River.
    features
        Names of the columns that rows will have.
    adaptive
        Whether the trees have alternates and leaves weighted by their error.

    Raises
    ------
    NotImplementedError
        If an alternate is more than a leaf; River 0.26 cannot score such a tree either.
    """
    column = {name: i for i, name in enumerate(features)}
    vote = weighted_shares if adaptive else lambda leaf: shares(leaf.stats)
    rows: list[list[Any]] = []
    weight: list[float] = []

    def place(node: Any) -> int:
        at = len(rows)
        weight.append(0.0)
        children = getattr(node, "children", None)
        if children is None:
            rows.append([-1, 0.0, -1, -1, -1, -1, *vote(node)])
            weight[at] = node.total_weight
            return at
        row = [column[node.feature], node.threshold, -1, -1, -1, -1, 0.0, 0.0]
        rows.append(row)
        row[2], row[3] = left, right = place(children[0]), place(children[1])
        row[4] = right if weight[left] < weight[right] else left
        weight[at] = weight[left] + weight[right]
        grown = getattr(node, "_alternate_tree", None)
        if grown is not None:
            if hasattr(grown, "children"):
                raise NotImplementedError("an alternate tree that is not a leaf")
            row[5] = place(grown)
        return at

    root = [-1 if tree._root is None else place(tree._root) for tree in trees]
    table = np.array(rows, dtype=np.float64).reshape(-1, 8).T.copy()
    feature, left, right, common, alternate = table[[0, 2, 3, 4, 5]].astype(np.int64)
    return FlatTrees(
        root=np.array(root, dtype=np.int64),
        feature=feature,
        threshold=table[1],
        left=left,
        right=right,
        common=common,
        alternate=alternate,
        negative=table[6],
        positive=table[7],
    )


@njit(cache=True)
def votes(X: Matrix, i: int, tree: int, flat: FlatTrees) -> tuple[float, float]:
    """Return what one tree says of row ``i``: its votes for label 0 and label 1."""
    node = flat.root[tree]
    if node < 0:
        return 0.0, 0.0
    negative, positive = 0.0, 0.0
    times = 1
    while flat.feature[node] >= 0:
        other = flat.alternate[node]
        if other >= 0:
            # River's walk names a branch twice that was reached without a value, and so takes
            # its alternate twice.
            for _ in range(times):
                negative += flat.negative[other]
                positive += flat.positive[other]
        value = X[i, flat.feature[node]]
        times = 1
        if np.isnan(value):
            times = 2
            node = flat.common[node]
        elif value <= flat.threshold[node]:
            node = flat.left[node]
        else:
            node = flat.right[node]
    return negative + flat.negative[node], positive + flat.positive[node]


@njit(cache=True)
def tree_scores(X: Matrix, flat: FlatTrees, normalise: bool) -> Vector:
    """Return the first tree's vote for label 1, shape (n,); ``normalise`` makes it a share."""
    scores = np.empty(len(X))
    for i in range(len(X)):
        negative, positive = votes(X, i, 0, flat)
        total = negative + positive
        if normalise and total != 0.0:
            positive *= 1 / total
        scores[i] = positive
    return scores


@njit(cache=True)
def forest_scores(X: Matrix, flat: FlatTrees, weights: Vector) -> Vector:
    """Return the share of the trees' weighted votes that label 1 gets, shape (n,)."""
    scores = np.empty(len(X))
    for i in range(len(X)):
        negative, positive = 0.0, 0.0
        for tree in range(len(weights)):
            against, in_favour = votes(X, i, tree, flat)
            negative += against * weights[tree]
            positive += in_favour * weights[tree]
        total = negative + positive
        scores[i] = positive / total if total > 0.0 else positive
    return scores
