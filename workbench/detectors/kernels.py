"""Compiled kernels of the logistic detectors.

They stand in one file because numba keeps a compiled function until its own file changes: a
kernel whose callees lived elsewhere would go on running their old versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from workbench.detectors.protocol import Matrix, Vector

Ids = npt.NDArray[np.int64]
LANES = 16
"""Edges that are compared side by side."""


class Layout(NamedTuple):
    """What the compiled kernels need: terms, then columns that mix the bins of their parts."""

    feature: Ids  # per term, its column in X
    start: Ids  # per term, where its edges begin; one more at the end
    edges: Vector  # all terms' edges, each padded with infinities to a multiple of LANES
    size: Ids  # per term, its number of bins
    part_start: Ids  # per column, where its parts begin; one more at the end
    part: Ids  # the terms that columns are made of
    offset: Ids  # per column, the id of its first bin; one more at the end: the number of ids


@njit(cache=True)
def bins_of(X: Matrix, i: int, layout: Layout, bins: Ids) -> None:
    """Write the bin of each term for row ``i``."""
    for t in range(len(bins)):
        value = X[i, layout.feature[t]]
        if np.isnan(value):
            bins[t] = layout.size[t] - 1
            continue
        first, base = layout.start[t], layout.start[t]
        count = layout.start[t + 1] - first
        while count > 48:
            half = count >> 1
            if layout.edges[base + half - 1] < value:
                base += half
            count -= half
        # The last few edges are compared side by side, which beats halving on. The slice and the
        # spelled-out choice are what lets the compiler do so.
        below = base - first
        edges = layout.edges[base : base + count]
        for e in range(len(edges)):
            below += 1 if edges[e] < value else 0
        bins[t] = below


@njit(cache=True)
def column_id(column: int, bins: Ids, layout: Layout) -> np.int64:
    """Return the id of the bin that a row falls into in one column."""
    mixed = np.int64(0)
    for p in range(layout.part_start[column], layout.part_start[column + 1]):
        term = layout.part[p]
        mixed = mixed * layout.size[term] + bins[term]
    return np.int64(layout.offset[column] + mixed)


@njit(cache=True)
def encode(X: Matrix, layout: Layout) -> Ids:
    """Return the ids of rows, shape (n, columns)."""
    columns = len(layout.offset) - 1
    bins = np.empty(len(layout.feature), np.int64)
    ids = np.empty((len(X), columns), np.int64)
    for i in range(len(X)):
        bins_of(X, i, layout, bins)
        for c in range(columns):
            ids[i, c] = column_id(c, bins, layout)
    return ids


@njit(cache=True)
def sigmoid(z: float) -> np.float64:
    """Return 1/(1+exp(-z)) as ``river.utils.math.sigmoid`` does: exactly 0 or 1 beyond ±30."""
    if z < -30.0:
        return np.float64(0.0)
    if z > 30.0:
        return np.float64(1.0)
    return np.float64(1.0 / (1.0 + np.exp(-z)))


@njit(cache=True)
def additive_scores(X: Matrix, layout: Layout, weights: Vector, intercept: float) -> Vector:
    """Return River's probabilities from the weight of each bin, shape (n,)."""
    columns = len(layout.offset) - 1
    bins = np.empty(len(layout.feature), np.int64)
    scores = np.empty(len(X))
    for i in range(len(X)):
        bins_of(X, i, layout, bins)
        # One order for every row: the cut into batches can change no bit.
        total = 0.0
        for c in range(columns):
            total += weights[column_id(c, bins, layout)]
        scores[i] = sigmoid(total + intercept)
    return scores


@njit(cache=True)
def distinct(ids: Ids, width: int) -> Ids:
    """Return the ids that occur, each once, in increasing order."""
    met = np.zeros(width, np.bool_)
    for i in ids:
        met[i] = True
    return np.flatnonzero(met)


@njit(cache=True)
def linear_scores(
    X: Matrix, mean: Vector, deviation: Vector, weights: Vector, intercept: float
) -> Vector:
    """Return River's probabilities from scaled features and their weights, shape (n,)."""
    scores = np.empty(len(X))
    for i in range(len(X)):
        total = 0.0
        for j in range(len(weights)):
            # A missing feature is no key in River's dict; one without spread is scaled to 0.
            if deviation[j] != 0.0 and not np.isnan(X[i, j]):
                total += weights[j] * ((X[i, j] - mean[j]) / deviation[j])
        scores[i] = sigmoid(total + intercept)
    return scores
