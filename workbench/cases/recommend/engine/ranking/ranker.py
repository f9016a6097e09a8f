"""The listwise re-ranker: an additive model of the features, learned one list at a time.

Each feature is scaled by its running mean and deviation, cut at three deviations, and read off a
piecewise linear curve with seven knots. The curves are the sum of one shared set and one for the
length of the session. Of the proposed items one was chosen; the loss of a list is the negative
logarithm of its softmax (Cao et al., 2007, "Learning to rank: from pairwise approach to listwise
approach", with the top-one probability), whose gradient in the scores is p - 1(chosen). An event
whose item was not proposed has no such loss, and moves no weight.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Final, NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import F32, F64, I32, I64, called, inlined
from workbench.cases.recommend.engine.generators.workspace import CANDIDATES
from workbench.cases.recommend.engine.ranking.features import FEATURES

KNOTS: Final = 7
REACH: Final = 3.0
"""Deviations from the mean at which the curves end."""
SETS: Final = 7
"""Sets of curves: the shared one, then by the session's length 0, 1, 2, 3-4, 5-9, 10 and more."""
OPENING: Final = 1
"""The set of sessions without events. Most features say nothing then, so the shared curves and the
moments are used but not learned."""
OWN_SHARE: Final = 0.7
"""What a curve of one length counts; under AdaGrad that is its share of the learning rate."""
EPSILON: Final = 0.01
"""AdaGrad's: a first small gradient makes no step of full length."""
MEMORY: Final = 5000.0
"""Lists over which means and deviations are taken."""
LEAST: Final = 1e-6
"""Candidates that are less probable than this add nothing to the gradient."""


class Ranker(NamedTuple):
    """Weights and moments, and room for one list.

    Attributes
    ----------
    weight
        Values at the knots, float64 (sets, features, knots).
    squares
        Sums of squared gradients, AdaGrad's, of the same shape.
    gradient
        The gradient of the latest list, of the same shape.
    touched
        The set that the latest gradient is in beside the shared one; 0 where there is none,
        int64 (1,).
    mean, variance
        Running moments of the features, float64 (features,).
    lists
        How many lists the moments have seen, int64 (1,).
    features, knot, fraction
        Features of the items, the knot below each and how far it is to the next: float32, int32
        and float32 (256, features).
    curve, slope
        The curves of the latest session's length, float64 (features, knots).
    score, probability
        Float64 (256,).
    order
        Places of the candidates, best first, int32 (256,).
    """

    weight: F64
    squares: F64
    gradient: F64
    touched: I64
    mean: F64
    variance: F64
    lists: I64
    features: F32
    knot: I32
    fraction: F32
    curve: F64
    slope: F64
    score: F64
    probability: F64
    order: I32


def empty_ranker() -> Ranker:
    """Return a ranker whose weights are all 0."""
    shape = (SETS, FEATURES, KNOTS)
    return Ranker(
        weight=np.zeros(shape),
        squares=np.zeros(shape),
        gradient=np.zeros(shape),
        touched=np.zeros(1, np.int64),
        mean=np.zeros(FEATURES),
        variance=np.ones(FEATURES),
        lists=np.zeros(1, np.int64),
        features=np.zeros((CANDIDATES, FEATURES), np.float32),
        knot=np.zeros((CANDIDATES, FEATURES), np.int32),
        fraction=np.zeros((CANDIDATES, FEATURES), np.float32),
        curve=np.zeros((FEATURES, KNOTS)),
        slope=np.zeros((2, FEATURES)),
        score=np.zeros(CANDIDATES),
        probability=np.zeros(CANDIDATES),
        order=np.zeros(CANDIDATES, np.int32),
    )


@inlined
def set_of(length: int) -> int:
    """Return the set of curves for a session with so many events."""
    if length <= 2:
        return length + 1
    return 4 if length <= 4 else (5 if length <= 9 else 6)


@called
def score_list(ranker: Ranker, n: int, own: int) -> None:
    """Score ``n`` items by their features."""
    for f in range(FEATURES):
        ranker.slope[0, f] = 1.0 / (sqrt(ranker.variance[f]) + 1e-3)
        ranker.slope[1, f] = REACH - ranker.mean[f] * ranker.slope[0, f]
        for k in range(KNOTS):
            ranker.curve[f, k] = ranker.weight[0, f, k] + OWN_SHARE * ranker.weight[own, f, k]
    for z in range(n):
        for f in range(FEATURES):
            x = ranker.features[z, f] * ranker.slope[0, f] + ranker.slope[1, f]
            x = min(max(x, 1e-3), 2 * REACH - 1e-3)
            knot = np.int32(x)
            ranker.knot[z, f] = knot
            ranker.fraction[z, f] = np.float32(x - knot)
    for z in range(n):
        total = 0.0
        for f in range(FEATURES):
            low = ranker.curve[f, ranker.knot[z, f]]
            high = ranker.curve[f, ranker.knot[z, f] + 1]
            total += low + (high - low) * ranker.fraction[z, f]
        ranker.score[z] = total


@called
def order_list(ranker: Ranker, n: int, most: int) -> int:
    """Write the places of the best items, best first, of equal ones the first proposed."""
    found = 0
    for z in range(n):
        score = ranker.score[z]
        if found == most:
            if score <= ranker.score[ranker.order[found - 1]]:
                continue
            found -= 1
        place = found
        while place > 0 and ranker.score[ranker.order[place - 1]] < score:
            ranker.order[place] = ranker.order[place - 1]
            place -= 1
        ranker.order[place] = z
        found += 1
    return found


@called
def find_gradient(ranker: Ranker, n: int, own: int, chosen: int) -> None:
    """Write the gradient of the loss of a scored list of which one item was chosen."""
    highest = ranker.score[0]
    for z in range(1, n):
        highest = max(highest, ranker.score[z])
    total = 0.0
    for z in range(n):
        ranker.probability[z] = exp(ranker.score[z] - highest)
        total += ranker.probability[z]
    for z in range(n):
        ranker.probability[z] /= total
    ranker.probability[chosen] -= 1.0
    clear_gradient(ranker)
    ranker.touched[0] = own
    shared, particular = ranker.gradient[0], ranker.gradient[own]
    for z in range(n):
        p = ranker.probability[z]
        if abs(p) < LEAST:
            continue
        for f in range(FEATURES):
            knot = ranker.knot[z, f]
            upper = p * ranker.fraction[z, f]
            shared[f, knot] += p - upper
            shared[f, knot + 1] += upper
    for f in range(FEATURES):
        for k in range(KNOTS):
            particular[f, k] = OWN_SHARE * shared[f, k]
            if own == OPENING:
                shared[f, k] = 0.0


@inlined
def clear_gradient(ranker: Ranker) -> None:
    """Set the gradient to 0."""
    if ranker.touched[0] > 0:
        for f in range(FEATURES):
            for k in range(KNOTS):
                ranker.gradient[0, f, k] = 0.0
                ranker.gradient[ranker.touched[0], f, k] = 0.0
        ranker.touched[0] = 0


@called
def step(ranker: Ranker, learning_rate: float) -> None:
    """Make AdaGrad's step along the latest gradient, bit for bit as River's optimizer does."""
    own = ranker.touched[0]
    for number in (0, own):
        for f in range(FEATURES):
            for k in range(KNOTS):
                g = ranker.gradient[number, f, k]
                ranker.squares[number, f, k] += g * g
                root = sqrt(ranker.squares[number, f, k] + EPSILON)
                ranker.weight[number, f, k] -= learning_rate / root * g


@called
def learn_moments(ranker: Ranker, n: int) -> None:
    """Move the running moments towards those of a list."""
    rate = 1.0 / min(ranker.lists[0] + 1.0, MEMORY)
    ranker.lists[0] += 1
    mean, spread = ranker.slope[0], ranker.slope[1]
    for f in range(FEATURES):
        mean[f] = 0.0
        spread[f] = 0.0
    for z in range(n):
        for f in range(FEATURES):
            mean[f] += ranker.features[z, f]
    for z in range(n):
        for f in range(FEATURES):
            d = ranker.features[z, f] - ranker.mean[f]
            spread[f] += d * d
    for f in range(FEATURES):
        ranker.mean[f] += rate * (mean[f] / n - ranker.mean[f])
        ranker.variance[f] += rate * (spread[f] / n - ranker.variance[f])
