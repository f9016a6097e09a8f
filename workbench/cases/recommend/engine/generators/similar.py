"""What the session leads to by an embedding: the next item from its last, its others, the past.

The query is the last item's vector, the mean-like sum of the session's (over the root of their
number) and that of the earlier visits; an item's score is its inner product with the query. It
is learned by softmax against items drawn from the latest interactions, so a candidate is as
probable as its share times the exponential of its score. AdaGrad keeps one number for a vector.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.cases.recommend.engine.compiled import F32, I64, called, inlined
from workbench.cases.recommend.engine.generators.workspace import DRAWN, Workspace, keep, open_list
from workbench.cases.recommend.engine.memory.catalogue import Catalogue, is_out
from workbench.cases.recommend.engine.memory.counters import EVENTS, ITEMS
from workbench.cases.recommend.engine.memory.embedding import (
    LANES,
    LAST,
    NEVER_MET,
    PAST,
    RECENT,
    SIZE,
    TARGET,
    WITHIN,
    Embedding,
    mirror,
)
from workbench.cases.recommend.engine.memory.randomness import below

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.plan import Plan

LOG2_E: Final = 1.4426950408889634
QUERY, CHANGE, SCALED = range(3)
"""Rows of the room to work in: the query, its gradient, and a sum."""


@called
def find_query(
    plan: Plan, embedding: Embedding, ws: Workspace, count: int, past: int, without: int
) -> int:
    """Write the query of a session; return how many of its items are in it.

    The item ``without`` is left out: one that is to be predicted.
    """
    query = ws.query[QUERY]
    last = ws.context[0]
    size = 0
    for k in range(min(count, plan.embedding_items)):
        size += 1 if ws.context[k] != without else 0
    within = np.float32(1.0 / sqrt(max(size, 1)))
    before = np.float32(1.0 / sqrt(max(past, 1)))
    for d in range(SIZE):
        query[d] = embedding.vector[last, LAST, d]
    for k in range(min(count, plan.embedding_items)):
        item = ws.context[k]
        if item != without:
            for d in range(SIZE):
                query[d] += within * embedding.vector[item, WITHIN, d]
    for k in range(past):
        item = ws.past[k]
        for d in range(SIZE):
            query[d] += before * embedding.vector[item, PAST, d]
    return size


@called
def score_similar(
    plan: Plan,
    catalogue: Catalogue,
    counters: I64,
    embedding: Embedding,
    ws: Workspace,
    number: int,
) -> None:
    """Score all items by the query, and list the most probable ones."""
    query = ws.query[QUERY]
    items = counters[ITEMS]
    for block in range((items + LANES - 1) // LANES):
        lanes = ws.similar[block * LANES : (block + 1) * LANES]
        for lane in range(LANES):
            lanes[lane] = np.float32(0.0)
        # Four at a time: the lanes are read and written a quarter as often.
        for d in range(0, SIZE, 4):
            q0, q1, q2, q3 = query[d], query[d + 1], query[d + 2], query[d + 3]
            v0, v1 = embedding.blocks[block, d], embedding.blocks[block, d + 1]
            v2, v3 = embedding.blocks[block, d + 2], embedding.blocks[block, d + 3]
            for lane in range(LANES):
                lanes[lane] += (q0 * v0[lane] + q1 * v1[lane]) + (q2 * v2[lane] + q3 * v3[lane])
    open_list(ws, number, plan.similar, NEVER_MET / 2)
    for item in range(items):
        value = ws.similar[item] * np.float32(LOG2_E) + embedding.prior[item]
        if value > ws.least[number] and not is_out(catalogue, item):
            keep(ws, number, plan.similar, value, item)


@inlined
def _product(a: F32, b: F32, room: F32) -> np.float32:
    """Return the inner product of two vectors, summed in one order that is fast."""
    half = SIZE // 2
    for d in range(half):
        room[d] = a[d] * b[d] + a[d + half] * b[d + half]
    while half > 1:
        half //= 2
        for d in range(half):
            room[d] += room[d + half]
    return np.float32(room[0])


@called
def learn_similar(
    plan: Plan,
    counters: I64,
    embedding: Embedding,
    ws: Workspace,
    item: int,
    count: int,
    past: int,
) -> None:
    """Make the next item more probable than others that are drawn."""
    met = counters[EVENTS]
    drawn = plan.drawn
    if count == 0 or met <= 2 * drawn:
        return
    size = find_query(plan, embedding, ws, count, past, item)
    if size == 0:
        return
    query, change, room = ws.query[QUERY], ws.query[CHANGE], ws.query[SCALED]
    p, target = ws.probability, ws.drawn
    target[0] = item
    for k in range(1, drawn + 1):
        other = embedding.recent[below(min(met, RECENT), plan.seed, met * DRAWN + k)]
        target[k] = other if other != item else -1
    highest = np.float32(-1e30)
    for k in range(drawn + 1):
        if target[k] >= 0:
            p[k] = _product(query, embedding.vector[target[k], TARGET], room)
            highest = max(highest, p[k])
    total = np.float32(0.0)
    for k in range(drawn + 1):
        p[k] = np.float32(exp(p[k] - highest)) if target[k] >= 0 else np.float32(0.0)
        total += p[k]
    for k in range(drawn + 1):
        p[k] /= total
    p[0] -= np.float32(1.0)
    rate = np.float32(plan.embedding_rate)
    length = _product(query, query, room) / np.float32(SIZE)
    for d in range(SIZE):
        change[d] = np.float32(0.0)
    for k in range(drawn + 1):
        g = p[k]
        if abs(g) < 1e-5:
            continue
        row = target[k]
        vector = embedding.vector[row, TARGET]
        embedding.squares[row, TARGET] += g * g * length
        pace = rate * g / np.float32(sqrt(embedding.squares[row, TARGET]))
        for d in range(SIZE):
            change[d] += g * vector[d]
            vector[d] -= pace * query[d]
        mirror(embedding, row)
    steepness = _product(change, change, room) / np.float32(SIZE)
    _step(embedding, ws.context[0], LAST, change, steepness, rate, 1.0)
    share = 1.0 / sqrt(size)
    for k in range(min(count, plan.embedding_items)):
        if ws.context[k] != item:
            _step(embedding, ws.context[k], WITHIN, change, steepness, rate, share)
    share = 1.0 / sqrt(max(past, 1))
    for k in range(past):
        _step(embedding, ws.past[k], PAST, change, steepness, rate, share)


@inlined
def _step(
    embedding: Embedding,
    item: int,
    role: int,
    change: F32,
    steepness: np.float32,
    rate: np.float32,
    share: float,
) -> None:
    embedding.squares[item, role] += np.float32(share * share) * steepness
    pace = rate * np.float32(share) / np.float32(sqrt(embedding.squares[item, role]))
    vector = embedding.vector[item, role]
    for d in range(SIZE):
        vector[d] -= pace * change[d]
