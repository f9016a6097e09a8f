"""Room that the generators work in; nothing in it outlives an event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import F32, F64, I32, I64, U8, U32, called, inlined
from workbench.cases.recommend.engine.memory.embedding import LANES, SIZE
from workbench.cases.recommend.engine.memory.sessions import STEPS
from workbench.cases.recommend.engine.plan import LOOKED_AT, PROPOSED
from workbench.detectors.articles import BUCKETS

# Columns of the scores that are added up for each item.
TRANSITION, FOLLOWS, PRECEDES, COSINE, CONDITIONAL, STRONGEST, BASKET = range(7)
HISTORY, STRONGEST_PAST, NEIGHBOUR, TITLE, KNN = range(7, 12)
SCORES = 16
"""How many there is room for: one line of a processor's cache for each item."""
CANDIDATES = PROPOSED
DRAWN = LOOKED_AT
LISTS = 9
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
        The best of each list, best first, float32 and int32 (9, 256).
    candidate, proposed
        Items that were proposed, int32 (256,), and the event that each item was last proposed
        in, int64 (items,).
    counts
        How many items the context and the past have, int64 (2,).
    found, least
        How many there are in each list, int64 (9,), and what must be passed to enter it, float32.
    query
        The embedding's query, its gradient, and room, float32 (3, 16).
    similar
        Inner products of all items with the query, float32 (items,).
    drawn, probability
        The next item and others that are drawn, int32 (65,), and how probable each is, float32.
    word, word_times, worded
        Words of the session's titles, int32 (256,), how many of its items have each, int32
        (words,), and the event that this belongs to, int64.
    alike, likeness, compared
        Sessions that share an item, int32, how alike they are, float32, and the event that this
        belongs to, int64 (sessions,).
    nearest
        The most alike, int32 (101,).
    gone
        Items that are being forgotten, uint8 (items,).
    """

    stamp: I64
    score: F32
    scored: I64
    touched: U32
    mark: I32
    marked_session: I64
    marked_visitor: I64
    context: U32
    past: U32
    ranks: I64
    product: F64
    coefficient: F64
    best_value: F32
    best_item: U32
    candidate: U32
    proposed: I64
    counts: I64
    found: I64
    least: F32
    query: F32
    similar: F32
    drawn: I32
    probability: F32
    word: I32
    word_times: I32
    worded: I64
    alike: I32
    likeness: F32
    compared: I64
    nearest: I32
    gone: U8


def empty_workspace(items: int, sessions: int) -> Workspace:
    """Return room for so many items and sessions."""
    return Workspace(
        stamp=np.zeros(1, np.int64),
        score=np.zeros((items, SCORES), np.float32),
        scored=np.zeros(items, np.int64),
        touched=np.zeros(items, np.uint32),
        mark=np.zeros((items, 5), np.int32),
        marked_session=np.zeros(items, np.int64),
        marked_visitor=np.zeros(items, np.int64),
        context=np.zeros(LOOKED_AT, np.uint32),
        past=np.zeros(LOOKED_AT, np.uint32),
        ranks=np.zeros(STEPS, np.int64),
        product=np.zeros((STEPS, STEPS)),
        coefficient=np.zeros(STEPS),
        best_value=np.zeros((LISTS, PROPOSED), np.float32),
        best_item=np.zeros((LISTS, PROPOSED), np.uint32),
        candidate=np.zeros(CANDIDATES, np.uint32),
        proposed=np.zeros(items, np.int64),
        counts=np.zeros(2, np.int64),
        found=np.zeros(LISTS, np.int64),
        least=np.zeros(LISTS, np.float32),
        query=np.zeros((3, SIZE), np.float32),
        similar=np.zeros(items + LANES, np.float32),
        drawn=np.zeros(DRAWN + 1, np.int32),
        probability=np.zeros(DRAWN + 1, np.float32),
        word=np.zeros(256, np.int32),
        word_times=np.zeros(BUCKETS, np.int32),
        worded=np.zeros(BUCKETS, np.int64),
        alike=np.zeros(sessions, np.int32),
        likeness=np.zeros(sessions, np.float32),
        compared=np.zeros(sessions, np.int64),
        nearest=np.zeros(101, np.int32),
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


@called
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
    if ws.found[number] == limit:
        ws.least[number] = ws.best_value[number, limit - 1]


@inlined
def open_list(ws: Workspace, number: int, limit: int, least: float) -> None:
    """Empty a list of the best; none at or below ``least`` is entered, and none at all for 0."""
    ws.found[number] = 0
    ws.least[number] = np.float32(least if limit > 0 else np.inf)
