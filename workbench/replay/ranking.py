"""ROC AUC and average precision of presorted scores, for any weights of the entities.

The bootstrap asks for these two metrics hundreds of times on the same scores, with other
weights each time. What does not depend on the weights (the order, which scores are equal,
where the positives stand) is found once; a replicate is then one pass of integer sums over
the negatives and a short one over the positives. Integer sums are exact, so the result does
not depend on the order of events with equal scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from workbench.replay.estimates import Floats, Weights

Integers = npt.NDArray[np.integer[Any]]
Codes = npt.NDArray[np.uint32]
Indices = npt.NDArray[np.int64]


def descending(score: Floats, section: Integers | None = None) -> Indices:
    """Return the order by section and then by score, highest first; equal ones keep theirs.

    Examples
    --------
    >>> descending(np.array([0.1, 0.9, 0.1]), np.array([1, 0, 0]))
    array([1, 2, 0])
    """
    order = np.argsort(-score, kind="stable")
    if section is None:
        return order
    # NumPy sorts 16-bit integers by radix, five times as fast.
    narrow = section.astype(np.int16) if section.max(initial=0) < 2**15 else section
    return order[np.argsort(narrow[order], kind="stable")]


class Ranking:
    """Scores that compete with each other, sorted once.

    Equal scores form one threshold; average precision is the step-wise sum, ROC AUC counts
    equal scores as half: both as scikit-learn defines them.

    Parameters
    ----------
    score
        Finite scores, higher is more suspicious, shape (n,).
    label
        1 for a positive, 0 for a negative, shape (n,).
    entity
        Codes of the entities that weights are given for, from 0, shape (n,).
    section
        Codes from 0 of spans that are ranked apart, for instance days; one section if left out.
    part
        Codes from 0 of the curves that are asked for, by default the sections. The positives of
        one part, all of one section, are ranked against all negatives of that section: so a
        pattern of fraud is measured against all that is genuine. Negatives' parts are ignored.
    parts
        Number of parts; by default as many as there are codes.

    Examples
    --------
    >>> ranking = Ranking(np.array([0.9, 0.8, 0.8, 0.1]), np.array([1, 1, 0, 0]), np.arange(4))
    >>> roc_auc, average_precision = ranking(np.ones(4, np.uint8))
    >>> roc_auc, average_precision.round(3)
    (array([0.875]), array([0.833]))
    """

    def __init__(
        self,
        score: Floats,
        label: Integers,
        entity: Integers,
        section: Integers | None = None,
        part: Integers | None = None,
        parts: int | None = None,
    ) -> None:
        order = descending(score, section)
        section = np.zeros(len(score), np.int64) if section is None else section
        part = section if part is None else part
        self.parts = int(part.max(initial=-1)) + 1 if parts is None else parts

        score, section, positive = score[order], section[order], label[order] == 1
        self._negatives = entity[order][~positive].astype(np.uint32)
        negatives_before = np.concatenate(([0], np.cumsum(~positive)))

        first = np.concatenate(([True], np.diff(section) != 0)) if len(score) else section > 0
        tied = ~first
        tied[1:] &= score[1:] == score[:-1]
        tie_starts = np.flatnonzero(~tied)
        tie_ends = np.append(tie_starts[1:], len(score))
        section_starts = np.flatnonzero(first)
        section_ends = np.append(section_starts[1:], len(score))

        # A step of a curve: the positives of one part that share one score.
        tie = np.cumsum(~tied)[positive] - 1
        within = np.cumsum(first)[positive] - 1
        part = part[order][positive]
        steps = np.lexsort((tie, part))
        tie, within, part = tie[steps], within[steps], part[steps]
        new = np.ones(len(tie), np.bool_)
        new[1:] = (np.diff(tie) != 0) | (np.diff(part) != 0)
        self._positives = entity[order][positive][steps].astype(np.uint32)
        self._steps = np.append(np.flatnonzero(new), len(tie))
        self._part = part[new].astype(np.int64)
        bounds = negatives_before[
            np.stack(
                (
                    tie_starts[tie[new]],
                    tie_ends[tie[new]],
                    section_starts[within[new]],
                    section_ends[within[new]],
                )
            )
        ]
        self._positions, places = np.unique(bounds, return_inverse=True)
        self._bounds = places.reshape(bounds.shape)

    def __call__(self, weights: Weights) -> tuple[Floats, Floats]:
        """Return ROC AUC and average precision of each part, shape (parts,) both.

        ``NaN`` where a part has no positives or its section no negatives.
        """
        passed = _sums(self._negatives, self._positions, weights)
        return _curves(
            passed, self._bounds, self._steps, self._part, self._positives, weights, self.parts
        )


@njit(cache=True)
def _sums(codes: Codes, positions: Indices, weights: Weights) -> Indices:
    """Sum the weights of ``codes[:position]`` for each of the ascending positions."""
    sums = np.empty(len(positions), np.int64)
    total = np.int64(0)
    start = np.int64(0)
    for i in range(len(positions)):
        # A sum of its own for each stretch, over unsigned codes, takes a third of the time.
        stretch = np.int64(0)
        for code in codes[start : positions[i]]:
            stretch += weights[code]
        total += stretch
        start = positions[i]
        sums[i] = total
    return sums


@njit(cache=True)
def _curves(
    passed: Indices,
    bounds: Indices,
    steps: Indices,
    part: Indices,
    codes: Codes,
    weights: Weights,
    parts: int,
) -> tuple[Floats, Floats]:
    """Integrate the ROC and the precision-recall curve of each part."""
    area, precision = np.zeros(parts), np.zeros(parts)
    found, genuine = np.zeros(parts, np.int64), np.zeros(parts, np.int64)
    for i in range(len(part)):
        p = part[i]
        gain = np.int64(0)
        for j in range(steps[i], steps[i + 1]):
            gain += weights[codes[j]]
        start, end = passed[bounds[2, i]], passed[bounds[3, i]]
        above, reached = passed[bounds[0, i]] - start, passed[bounds[1, i]] - start
        genuine[p] = end - start
        found[p] += gain
        if gain > 0:
            precision[p] += gain * (found[p] / (found[p] + reached))
            area[p] += gain * (genuine[p] - 0.5 * (above + reached))
    for p in range(parts):
        if found[p] > 0 and genuine[p] > 0:
            area[p] /= float(found[p]) * genuine[p]
            precision[p] /= found[p]
        else:
            area[p] = precision[p] = np.nan
    return area, precision
