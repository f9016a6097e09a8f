"""Whom to propose: the best of each generator, each item once, none that is known to be out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cases.recommend.engine.compiled import I64, called, inlined
from workbench.cases.recommend.engine.generators.workspace import (
    BASKET,
    CANDIDATES,
    COSINE,
    HISTORY,
    KNN,
    LISTS,
    NEIGHBOUR,
    TITLE,
    TRANSITION,
    Workspace,
    keep,
    open_list,
)
from workbench.cases.recommend.engine.memory.catalogue import (
    ARRIVALS,
    BASKET_DAMPING,
    COSINE_DAMPING,
    Catalogue,
    is_out,
)
from workbench.cases.recommend.engine.memory.counters import BORN, NUMBERED

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.memory.popularity import Popularity
    from workbench.cases.recommend.engine.plan import Plan

(
    BY_TRANSITION,
    BY_BASKET,
    BY_BASKET_RAW,
    BY_HISTORY,
    BY_NEIGHBOUR,
    BY_COSINE,
    BY_TITLE,
    BY_SESSION,
    BY_EMBEDDING,
) = range(LISTS)
SHORT, MIDDLE, LONG, EVER = range(4)
"""The half-lives of the counts of popularity."""


@called
def choose_scored(plan: Plan, catalogue: Catalogue, ws: Workspace, touched: int) -> None:
    """List the best items by each of the scores."""
    for number in range(LISTS):
        ws.found[number] = 0
    open_list(ws, BY_TRANSITION, plan.transitions, 0.0)
    open_list(ws, BY_BASKET, plan.basket, 0.0)
    open_list(ws, BY_BASKET_RAW, plan.basket_raw, 0.0)
    open_list(ws, BY_COSINE, plan.together, 0.0)
    open_list(ws, BY_HISTORY, plan.history, 0.0)
    open_list(ws, BY_NEIGHBOUR, plan.neighbour_transitions, 0.0)
    open_list(ws, BY_TITLE, plan.titles, 0.0)
    open_list(ws, BY_SESSION, plan.nearest, 0.0)
    for t in range(touched):
        item = ws.touched[t]
        score, damping, least = ws.score[item], catalogue.damping[item], ws.least
        # Most items pass none of these, so that it matters what is asked first.
        raw = score[BASKET]
        basket = raw * damping[BASKET_DAMPING]
        cosine = score[COSINE] * damping[COSINE_DAMPING]
        history = score[HISTORY] * damping[COSINE_DAMPING]
        if (
            score[TRANSITION] <= least[BY_TRANSITION]
            and raw <= least[BY_BASKET_RAW]
            and basket <= least[BY_BASKET]
            and cosine <= least[BY_COSINE]
            and history <= least[BY_HISTORY]
            and score[NEIGHBOUR] <= least[BY_NEIGHBOUR]
            and score[TITLE] <= least[BY_TITLE]
            and score[KNN] <= least[BY_SESSION]
        ) or is_out(catalogue, item):
            continue
        _enter(ws, BY_TRANSITION, plan.transitions, score[TRANSITION], item)
        _enter(ws, BY_BASKET, plan.basket, basket, item)
        _enter(ws, BY_BASKET_RAW, plan.basket_raw, raw, item)
        _enter(ws, BY_COSINE, plan.together, cosine, item)
        _enter(ws, BY_HISTORY, plan.history, history, item)
        _enter(ws, BY_NEIGHBOUR, plan.neighbour_transitions, score[NEIGHBOUR], item)
        _enter(ws, BY_TITLE, plan.titles, score[TITLE], item)
        _enter(ws, BY_SESSION, plan.nearest, score[KNN], item)


@inlined
def _enter(ws: Workspace, number: int, limit: int, value: float, item: int) -> None:
    if value > ws.least[number]:
        keep(ws, number, limit, value, item)


@called
def propose_all(
    plan: Plan,
    catalogue: Catalogue,
    popularity: Popularity,
    counters: I64,
    ws: Workspace,
    count: int,
    past: int,
) -> int:
    """Write what all generators propose, the surest evidence first; return how many items."""
    n = 0
    for number in range(LISTS):
        for place in range(ws.found[number]):
            n = propose(catalogue, ws, n, ws.best_item[number, place])
    for k in range(min(count, plan.reminders)):
        n = propose(catalogue, ws, n, ws.context[k])
    for k in range(min(past, plan.bought)):
        n = propose(catalogue, ws, n, ws.past[k])
    n = propose_popular(popularity, catalogue, ws, n, SHORT, plan.popular_short)
    n = propose_popular(popularity, catalogue, ws, n, MIDDLE, plan.popular)
    n = propose_popular(popularity, catalogue, ws, n, EVER, plan.popular_ever)
    n = propose_arrivals(catalogue, counters, ws, n, plan.arrivals)
    for k in range(min(count, plan.numbered_items)):
        reach = plan.neighbours if k == 0 else plan.far_neighbours
        n = propose_neighbours(catalogue, ws, n, ws.context[k], reach, counters[NUMBERED])
    return n


@inlined
def propose(catalogue: Catalogue, ws: Workspace, n: int, item: int) -> int:
    """Add an item to the proposals, unless it is there, is out, or there is no more room."""
    if n == CANDIDATES or ws.proposed[item] == ws.stamp[0] or is_out(catalogue, item):
        return n
    ws.proposed[item] = ws.stamp[0]
    ws.candidate[n] = item
    return n + 1


@called
def propose_popular(
    popularity: Popularity, catalogue: Catalogue, ws: Workspace, n: int, h: int, limit: int
) -> int:
    """Propose the most popular items that are not known to be out."""
    wanted = limit
    for place in range(popularity.listed[h]):
        if wanted == 0:
            break
        item = popularity.top[h, place]
        if not is_out(catalogue, item):
            n = propose(catalogue, ws, n, item)
            wanted -= 1
    return n


@called
def propose_arrivals(catalogue: Catalogue, counters: I64, ws: Workspace, n: int, limit: int) -> int:
    """Propose the newest items that are not known to be out."""
    wanted = limit
    for back in range(min(counters[BORN], ARRIVALS)):
        if wanted == 0:
            break
        item = catalogue.arrivals[(counters[BORN] - 1 - back) % ARRIVALS]
        if item >= 0 and not is_out(catalogue, item):
            n = propose(catalogue, ws, n, item)
            wanted -= 1
    return n


@called
def propose_neighbours(
    catalogue: Catalogue, ws: Workspace, n: int, item: int, reach: int, numbered: int
) -> int:
    """Propose the items with the next article numbers, the nearest first."""
    rank = catalogue.rank[item]
    if rank < 0:
        return n
    for distance in range(1, reach + 1):
        if rank + distance < numbered:
            n = propose(catalogue, ws, n, catalogue.by_number[rank + distance])
        if rank - distance >= 0:
            n = propose(catalogue, ws, n, catalogue.by_number[rank - distance])
    return n
