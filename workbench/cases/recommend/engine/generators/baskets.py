"""What occurs together: co-occurrence in sessions, and a regression that explains it away.

Two items that often stand in the same basket, and both with a third, count their evidence twice
when cosines are added up. The regression of an indicator of the next item on the basket's items
does not: with the matrix of co-occurrences within the basket, its weights ``a`` solve
``(C + diag(ridge * count + floor)) a = 1``, and a candidate's score is the sum of its
co-occurrences with the basket's items, each times its weight if that is positive. This is the
normal equation of ridge regression, restricted to the basket at hand.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.recommend.engine.compiled import called
from workbench.cases.recommend.engine.generators.workspace import (
    BASKET,
    CONDITIONAL,
    COSINE,
    HISTORY,
    STRONGEST,
    STRONGEST_PAST,
    Workspace,
    touch,
)
from workbench.cases.recommend.engine.memory.catalogue import COSINE_DAMPING, Catalogue
from workbench.cases.recommend.engine.memory.rows import Rows, add, weight_of
from workbench.cases.recommend.engine.plan import DIFFERENT

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.memory.sessions import Sessions
    from workbench.cases.recommend.engine.plan import Plan

PRIOR = 2.0
"""Interactions that are added to an item's own in its conditional probabilities."""
KNOWN_ALREADY = 0.2
"""What the basket's own items keep of their score."""


@called
def learn_together(plan: Plan, together: Rows, sessions: Sessions, slot: int, item: int) -> None:
    """Pair a session's new item with the ones before it; a pair in a long session counts less."""
    different = sessions.different[slot]
    weight = (1.0 + different) ** -plan.pair_decay
    for number in range(max(0, different - min(plan.pair_window, DIFFERENT)), different):
        other = sessions.item[slot, number % DIFFERENT]
        if other >= 0:
            add(together, item, other, weight)
            add(together, other, item, weight)


@called
def solve_basket(
    plan: Plan, catalogue: Catalogue, together: Rows, ws: Workspace, size: int
) -> None:
    """Solve for the weights of the basket's first ``size`` items, by Cholesky's factors."""
    u, a = ws.product, ws.coefficient
    for k in range(size):
        row = ws.context[k]
        u[k, k] = plan.basket_ridge * catalogue.interactions[row] + plan.basket_floor
        for m in range(k):
            u[m, k] = weight_of(together, row, ws.context[m])
    for k in range(size):
        # Rows that have forgotten their weaker half may leave the matrix not quite definite.
        least = 0.1 * (catalogue.interactions[ws.context[k]] + 1.0)
        pivot = sqrt(max(u[k, k], least))
        u[k, k] = pivot
        for m in range(k + 1, size):
            u[k, m] /= pivot
        for m in range(k + 1, size):
            factor = u[k, m]
            for n in range(m, size):
                u[m, n] -= factor * u[k, n]
    for k in range(size):
        a[k] = 1.0
    for k in range(size):
        a[k] /= u[k, k]
        for m in range(k + 1, size):
            a[m] -= a[k] * u[k, m]
    for k in range(size - 1, -1, -1):
        value = a[k]
        for m in range(k + 1, size):
            value -= u[k, m] * a[m]
        a[k] = value / u[k, k]


@called
def score_baskets(
    plan: Plan, catalogue: Catalogue, together: Rows, ws: Workspace, count: int, touched: int
) -> int:
    """Score what occurs with the session's items; return how many items have scores."""
    size = min(count, plan.basket_items)
    for k in range(min(count, plan.context)):
        row = ws.context[k]
        cosine = np.float32(catalogue.damping[row, COSINE_DAMPING])
        conditional = np.float32(1.0 / (catalogue.interactions[row] + PRIOR))
        regression = np.float32(max(ws.coefficient[k], 0.0) if k < size else 0.0)
        for place in range(together.filled[row]):
            item = together.item[row, place]
            weight = together.weight[row, place]
            touched = touch(ws, item, touched)
            ws.score[item, COSINE] += cosine * weight
            share = conditional * weight
            ws.score[item, CONDITIONAL] += share
            ws.score[item, STRONGEST] = max(ws.score[item, STRONGEST], share)
            ws.score[item, BASKET] += regression * weight
    for k in range(size):
        if ws.scored[ws.context[k]] == ws.stamp[0]:
            ws.score[ws.context[k], BASKET] *= np.float32(KNOWN_ALREADY)
    return touched


@called
def score_history(
    catalogue: Catalogue, together: Rows, ws: Workspace, past: int, touched: int
) -> int:
    """Score what occurs with the items of the visitor's earlier visits."""
    for k in range(past):
        row = ws.past[k]
        cosine = np.float32(catalogue.damping[row, COSINE_DAMPING])
        conditional = np.float32(1.0 / (catalogue.interactions[row] + PRIOR))
        for place in range(together.filled[row]):
            item = together.item[row, place]
            weight = together.weight[row, place]
            touched = touch(ws, item, touched)
            ws.score[item, HISTORY] += cosine * weight
            share = conditional * weight
            ws.score[item, STRONGEST_PAST] = max(ws.score[item, STRONGEST_PAST], share)
    return touched
