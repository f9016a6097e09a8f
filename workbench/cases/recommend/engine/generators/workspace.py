"""Room that the generators work in; nothing in it outlives an event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import F32, F64, I32, I64, U8, inlined
from workbench.cases.recommend.engine.memory.embedding import LANES, SIZE
from workbench.cases.recommend.engine.memory.sessions import STEPS

# Columns of the scores that are added up for each item.
TRANSITION, FOLLOWS, COSINE, CONDITIONAL, STRONGEST, BASKET = range(6)
HISTORY, STRONGEST_PAST, NEIGHBOUR, TITLE, KNN = range(6, 11)
SCORES = 16
"""How many there is room for: one line of a processor's cache for each item."""
CANDIDATES = 256
DRAWN = 64
"""How many items are drawn for the embedding, at most."""
LISTS = 8
DEPTH = 256
"""How many items one generator proposes at most."""
PAST = 64
"""How many items of earlier visits are looked at, at most."""
PLACE, TIMES, FURTHEST, BOUGHT_TIMES, BOUGHT_VISITS = range(5)
"""What is marked for an item: in the session, and among the visitor's interactions."""


class Workspace(NamedTuple):
    """Arrays that every event writes anew. An item's are valid where its stamp is today's.

    Attributes
    ----------
    stamp
        The number of the present event, int64 (1,).
    score, scored
        Scores of items, float32 (items, 16), and the event that they belong to, int64 (items,).
    touched
        Items with scores in the order of touching, int32 (items,).
    mark, marked_session, marked_visitor
        Marks of items, int32 (items, 5), and the events that they belong to, int64 (items,).
    context
        The session's different items, latest first, int32 (64,).
    past
        Different items of earlier visits, latest first, int32 (64,).
    ranks
        Places in the catalogue of the context's items, in increasing order, int64 (64,).
    product, coefficient
        The regression's matrix and solution, float64 (64, 64) and (64,).
    best_value, best_item
        The best of each list, best first, float32 and int32 (8, 256).
    candidate, proposed
        Items that were proposed, int32 (256,), and the event that each item was last proposed
        in, int64 (items,).
    counts
        How many items the context and the past have, int64 (2,).
    found
        How many there are in each list, int64 (8,).
    query
        The embedding's query, its gradient, and room, float32 (3, 32).
    similar
        Inner products of all items with the query, float32 (items,).
    drawn, probability
        The next item and others that are drawn, int32 (65,), and how probable each is, float32.
    gone
        Items that are being forgotten, uint8 (items,).
    """

    stamp: I64
    score: F32
    scored: I64
    touched: I32
    mark: I32
    marked_session: I64
    marked_visitor: I64
    context: I32
    past: I32
    ranks: I64
    product: F64
    coefficient: F64
    best_value: F32
    best_item: I32
    candidate: I32
    proposed: I64
    counts: I64
    found: I64
    query: F32
    similar: F32
    drawn: I32
    probability: F32
    gone: U8


def empty_workspace(items: int) -> Workspace:
    """Return room for so many items."""
    return Workspace(
        stamp=np.zeros(1, np.int64),
        score=np.zeros((items, SCORES), np.float32),
        scored=np.zeros(items, np.int64),
        touched=np.zeros(items, np.int32),
        mark=np.zeros((items, 5), np.int32),
        marked_session=np.zeros(items, np.int64),
        marked_visitor=np.zeros(items, np.int64),
        context=np.zeros(STEPS, np.int32),
        past=np.zeros(PAST, np.int32),
        ranks=np.zeros(STEPS, np.int64),
        product=np.zeros((STEPS, STEPS)),
        coefficient=np.zeros(STEPS),
        best_value=np.zeros((LISTS, DEPTH), np.float32),
        best_item=np.zeros((LISTS, DEPTH), np.int32),
        candidate=np.zeros(CANDIDATES, np.int32),
        proposed=np.zeros(items, np.int64),
        counts=np.zeros(2, np.int64),
        found=np.zeros(LISTS, np.int64),
        query=np.zeros((3, SIZE), np.float32),
        similar=np.zeros(items + LANES, np.float32),
        drawn=np.zeros(DRAWN + 1, np.int32),
        probability=np.zeros(DRAWN + 1, np.float32),
        gone=np.zeros(items, np.uint8),
    )


@inlined
def touch(ws: Workspace, item: int, touched: int) -> int:
    """Set an item's scores to 0 if this event has not met it; return how many it has met."""
    if ws.scored[item] == ws.stamp[0]:
        return touched
    ws.scored[item] = ws.stamp[0]
    for column in range(SCORES):
        ws.score[item, column] = np.float32(0.0)
    ws.touched[touched] = item
    return touched + 1


@inlined
def in_session(ws: Workspace, item: int) -> bool:
    """Return whether the present session has met an item."""
    return bool(ws.marked_session[item] == ws.stamp[0])


@inlined
def keep(ws: Workspace, number: int, limit: int, value: float, item: int) -> None:
    """Enter an item into a list of the best, if it is one; of equal ones the first stays first."""
    found = ws.found[number]
    if found == limit:
        if limit == 0 or value <= ws.best_value[number, found - 1]:
            return
        found -= 1
    else:
        ws.found[number] += 1
    while found > 0 and ws.best_value[number, found - 1] < value:
        ws.best_value[number, found] = ws.best_value[number, found - 1]
        ws.best_item[number, found] = ws.best_item[number, found - 1]
        found -= 1
    ws.best_value[number, found] = np.float32(value)
    ws.best_item[number, found] = item
