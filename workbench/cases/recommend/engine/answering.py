"""Answering an event: read its context, score the evidence, propose, rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cases.recommend.engine.compiled import I32, called, inlined
from workbench.cases.recommend.engine.generators.baskets import (
    score_baskets,
    score_history,
    solve_basket,
)
from workbench.cases.recommend.engine.generators.context import read_session, read_visitor
from workbench.cases.recommend.engine.generators.nearest import score_nearest
from workbench.cases.recommend.engine.generators.proposals import (
    BY_EMBEDDING,
    MIDDLE,
    choose_scored,
    propose_all,
    propose_arrivals,
    propose_popular,
)
from workbench.cases.recommend.engine.generators.similar import find_query, score_similar
from workbench.cases.recommend.engine.generators.titles import score_titles
from workbench.cases.recommend.engine.generators.transitions import (
    score_neighbour_transitions,
    score_transitions,
)
from workbench.cases.recommend.engine.memory.counters import FREE_ITEMS, ITEMS, NUMBERED
from workbench.cases.recommend.engine.memory.slots import slot_behind
from workbench.cases.recommend.engine.ranking.callback import call
from workbench.cases.recommend.engine.ranking.features import read_features
from workbench.cases.recommend.engine.ranking.ranker import (
    OPENING,
    Ranker,
    find_gradient,
    learn_moments,
    order_list,
    score_list,
    set_of,
    step,
)

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.batch import Batch
    from workbench.cases.recommend.engine.generators.workspace import Workspace
    from workbench.cases.recommend.engine.memory.memory import Memory
    from workbench.cases.recommend.engine.plan import Plan

COMPILED = 0
"""Instead of the address of a callback: the re-ranker's steps are compiled, too."""


@called
def recommend(
    plan: Plan,
    memory: Memory,
    ranker: Ranker,
    ws: Workspace,
    batch: Batch,
    e: int,
    learns: bool,
    stepper: int,
    out: I32,
) -> None:
    """Propose items for an event, rank them, and learn from what was chosen how to rank."""
    catalogue = memory.catalogue
    ws.stamp[0] += 1
    session = slot_behind(memory.sessions.slot_of, batch.session[e])
    visitor = slot_behind(memory.visitors.slot_of, batch.visitor[e])
    _read_context(plan, memory, ws, session, visitor)
    touched = _score_evidence(plan, memory, ws, session)
    n = _propose(plan, memory, ws, touched)
    if plan.ranks == 0 or n == 0:
        for k in range(min(n, plan.items)):
            out[k] = catalogue.code[ws.candidate[k]]
        return
    _read_features(plan, memory, ranker, ws, visitor, touched, n)
    length = memory.sessions.length[session] if session >= 0 else 0
    own = set_of(length)
    score_list(ranker, n, own)
    found = order_list(ranker, n, plan.items)
    for k in range(found):
        out[k] = catalogue.code[ws.candidate[ranker.order[k]]]
    if not learns or length >= plan.longest_session:
        return
    chosen = slot_behind(catalogue.slot_of, batch.item[e])
    if chosen >= 0 and ws.proposed[chosen] == ws.stamp[0]:
        place = 0
        while ws.candidate[place] != chosen:
            place += 1
        find_gradient(ranker, n, own, place)
        if stepper == COMPILED:
            step(ranker, plan.learning_rate)
        else:
            call(stepper)  # type: ignore[call-arg] # numba gives the first one
    if own != OPENING:
        learn_moments(ranker, n)


@called
def _read_context(plan: Plan, memory: Memory, ws: Workspace, session: int, visitor: int) -> None:
    """Mark what the session and the visitor's earlier visits hold."""
    count, past, serial = 0, 0, -1
    if session >= 0:
        count = read_session(memory.sessions, ws, session)
        serial = memory.sessions.serial[session]
    if visitor >= 0 and (plan.history > 0 or plan.bought > 0 or plan.similar > 0):
        most = max(plan.bought, plan.history_items)
        past = read_visitor(memory.visitors, ws, visitor, serial, most)
    ws.counts[0], ws.counts[1] = count, past


@called
def _score_evidence(plan: Plan, memory: Memory, ws: Workspace, session: int) -> int:
    """Add up the scores of each kind of evidence; return how many items have any."""
    catalogue, counters = memory.catalogue, memory.counters
    count, past = ws.counts[0], ws.counts[1]
    touched = 0
    if plan.transitions > 0:
        touched = score_transitions(plan, memory.follows, memory.precedes, ws, count, touched)
    if plan.neighbour_transitions > 0:
        touched = score_neighbour_transitions(
            plan, catalogue, memory.follows, ws, counters[NUMBERED], count, touched
        )
    if plan.basket > 0 or plan.together > 0 or plan.basket_raw > 0:
        if plan.basket > 0 or plan.basket_raw > 0:
            solve_basket(plan, catalogue, memory.together, ws, min(count, plan.basket_items))
        touched = score_baskets(plan, catalogue, memory.together, ws, count, touched)
    if plan.history > 0:
        looked = min(past, plan.history_items)
        touched = score_history(catalogue, memory.together, ws, looked, touched)
    if plan.titles > 0:
        living = counters[ITEMS] - counters[FREE_ITEMS]
        touched = score_titles(plan, catalogue, memory.words, ws, living, count, touched)
    if plan.nearest > 0:
        touched = score_nearest(
            plan, memory.attendance, memory.sessions, ws, session, count, touched
        )
    return touched


@called
def _propose(plan: Plan, memory: Memory, ws: Workspace, touched: int) -> int:
    """Gather the best of each generator, filled up with what is popular; return how many."""
    catalogue, counters, popularity = memory.catalogue, memory.counters, memory.popularity
    count, past = ws.counts[0], ws.counts[1]
    choose_scored(plan, catalogue, ws, touched)
    if plan.similar > 0 and count > 0:
        find_query(plan, memory.embedding, ws, count, min(past, plan.embedding_past), -1)
        score_similar(plan, catalogue, counters, memory.embedding, ws, BY_EMBEDDING)
    n = propose_all(plan, catalogue, popularity, counters, ws, count, past)
    if n < plan.items:
        n = propose_popular(popularity, catalogue, ws, n, MIDDLE, plan.items)
    if n < plan.items:
        n = propose_arrivals(catalogue, counters, ws, n, plan.items)
    return n


@inlined
def _read_features(
    plan: Plan,
    memory: Memory,
    ranker: Ranker,
    ws: Workspace,
    visitor: int,
    touched: int,
    n: int,
) -> None:
    read_features(
        plan,
        memory.catalogue,
        memory.popularity,
        memory.follows,
        memory.embedding,
        memory.counters,
        ws,
        ranker.features,
        n,
        ws.counts[0],
        min(ws.counts[1], plan.history_items),
        visitor,
        touched,
    )
