"""The one compiled entry point: answers each event, then learns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workbench.cases.recommend.engine.compiled import F64, I8, I32, I64, called, entry, inlined
from workbench.cases.recommend.engine.generators.baskets import (
    learn_together,
    score_baskets,
    score_history,
    solve_basket,
)
from workbench.cases.recommend.engine.generators.context import read_session, read_visitor
from workbench.cases.recommend.engine.generators.proposals import (
    BY_EMBEDDING,
    LONG,
    MIDDLE,
    choose_scored,
    propose_all,
    propose_arrivals,
    propose_popular,
)
from workbench.cases.recommend.engine.generators.similar import (
    find_query,
    learn_similar,
    score_similar,
)
from workbench.cases.recommend.engine.generators.transitions import (
    learn_transitions,
    score_neighbour_transitions,
    score_transitions,
)
from workbench.cases.recommend.engine.memory.catalogue import (
    add_item,
    count_item,
    is_full,
    next_slot,
)
from workbench.cases.recommend.engine.memory.counters import (
    BORN,
    CAPPED_EVENTS,
    CAPPED_SESSIONS,
    EVENTS,
    ITEMS,
    MOMENTS,
    NUMBERED,
)
from workbench.cases.recommend.engine.memory.embedding import begin_vectors, count_recent
from workbench.cases.recommend.engine.memory.memory import Memory, make_room
from workbench.cases.recommend.engine.memory.popularity import add_popularity, logarithm
from workbench.cases.recommend.engine.memory.sessions import (
    add_different,
    add_step,
    begin_session,
    place_in_session,
)
from workbench.cases.recommend.engine.memory.visitors import add_to_history, add_visitor
from workbench.cases.recommend.engine.ranking.features import read_features
from workbench.cases.recommend.engine.ranking.ranker import (
    Ranker,
    clear_gradient,
    find_gradient,
    learn_moments,
    order_list,
    score_list,
    set_of,
    step,
)
from workbench.detectors.recommender import STOCK

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.generators.workspace import Workspace
    from workbench.cases.recommend.engine.plan import Plan


class Batch(NamedTuple):
    """The columns of a batch of events that the kernel reads."""

    session: I32
    visitor: I32
    item: I32
    kind: I8
    price: I64
    on_hand: I64
    number: I64
    words: I32
    days_left: F64


# How a call treats its events.
LOOK, LEARN, LEARN_AND_STEP = range(3)


@entry
def advance(
    plan: Plan,
    memory: Memory,
    ranker: Ranker,
    ws: Workspace,
    batch: Batch,
    start: int,
    stop: int,
    mode: int,
    out: I32,
) -> None:
    """Recommend for the events from ``start`` until before ``stop``, one after the other.

    Parameters
    ----------
    plan, memory, ranker, ws
        What the engine is made of, its state, and room to work in.
    batch
        The events.
    mode
        LOOK learns nothing. LEARN leaves the gradient of the last event's list in the ranker,
        for the caller to step; LEARN_AND_STEP steps by itself.
    out
        Receives the codes of the recommended items, shape (n, items), int32, -1 where none.
    """
    for e in range(start, stop):
        clear_gradient(ranker)
        if mode != LOOK:
            _make_room(memory, ws, batch.item[e])
        if batch.kind[e] == STOCK:
            if mode != LOOK:
                _learn_stock(plan, memory, batch, e)
            continue
        _recommend(plan, memory, ranker, ws, batch, e, mode, out[e])
        if mode != LOOK:
            _learn(plan, memory, ws, batch, e)


@inlined
def _make_room(memory: Memory, ws: Workspace, code: int) -> None:
    """Forget items before a new one comes, so that an event sees one state from end to end."""
    catalogue = memory.catalogue
    if _slot(catalogue.slot_of, code) < 0 and is_full(catalogue, memory.counters):
        make_room(memory, ws.gone)


@inlined
def _slot(slot_of: I32, code: int) -> int:
    """Return the slot behind a code, -1 where there is none."""
    if code < 0 or code >= len(slot_of):
        return -1
    slot: int = slot_of[code]
    return max(slot, -1)


@called
def _recommend(
    plan: Plan,
    memory: Memory,
    ranker: Ranker,
    ws: Workspace,
    batch: Batch,
    e: int,
    mode: int,
    out: I32,
) -> None:
    catalogue, counters = memory.catalogue, memory.counters
    ws.stamp[0] += 1
    session = _slot(memory.sessions.slot_of, batch.session[e])
    visitor = _slot(memory.visitors.slot_of, batch.visitor[e])
    count, length, serial = 0, 0, -1
    if session >= 0:
        count = read_session(memory.sessions, ws, session)
        length = memory.sessions.length[session]
        serial = memory.sessions.serial[session]
    past = 0
    if visitor >= 0 and (plan.history > 0 or plan.bought > 0 or plan.similar > 0):
        past = read_visitor(
            memory.visitors, ws, visitor, serial, max(plan.bought, plan.history_items)
        )
    ws.counts[0], ws.counts[1] = count, past
    touched = 0
    if plan.transitions > 0:
        touched = score_transitions(plan, memory.follows, ws, count, touched)
    if plan.neighbour_transitions > 0:
        touched = score_neighbour_transitions(
            plan, catalogue, memory.follows, ws, counters[NUMBERED], count, touched
        )
    if plan.basket > 0 or plan.together > 0 or plan.basket_raw > 0:
        if plan.basket > 0 or plan.basket_raw > 0:
            solve_basket(plan, catalogue, memory.together, ws, min(count, plan.basket_items))
        touched = score_baskets(plan, catalogue, memory.together, ws, count, touched)
    looked = min(past, plan.history_items)
    if plan.history > 0:
        touched = score_history(catalogue, memory.together, ws, looked, touched)
    choose_scored(plan, catalogue, ws, touched)
    if plan.similar > 0 and count > 0:
        find_query(plan, memory.embedding, ws, count, min(past, plan.embedding_past), -1)
        score_similar(plan, catalogue, counters, memory.embedding, ws, BY_EMBEDDING)
    n = propose_all(plan, catalogue, memory.popularity, counters, ws, count, past)
    if n < plan.items:
        n = propose_popular(memory.popularity, catalogue, ws, n, MIDDLE, plan.items)
    if n < plan.items:
        n = propose_arrivals(catalogue, counters, ws, n, plan.items)
    if plan.ranks == 0 or n == 0:
        for k in range(min(n, plan.items)):
            out[k] = catalogue.code[ws.candidate[k]]
        return
    read_features(
        plan,
        catalogue,
        memory.popularity,
        memory.follows,
        memory.embedding,
        counters,
        ws,
        ranker.features,
        n,
        count,
        looked,
        visitor,
        touched,
    )
    own = set_of(length)
    score_list(ranker, n, own)
    found = order_list(ranker, n, plan.items)
    for k in range(found):
        out[k] = catalogue.code[ws.candidate[ranker.order[k]]]
    if mode == LOOK:
        return
    chosen = _slot(catalogue.slot_of, batch.item[e])
    if chosen >= 0 and ws.proposed[chosen] == ws.stamp[0]:
        place = 0
        while ws.candidate[place] != chosen:
            place += 1
        find_gradient(ranker, n, own, place)
        if mode == LEARN_AND_STEP:
            step(ranker, plan.learning_rate)
    learn_moments(ranker, n)


@called
def _item(plan: Plan, memory: Memory, batch: Batch, e: int) -> int:
    """Return the slot of an event's item, a new one if need be, and note what the event tells."""
    catalogue, counters = memory.catalogue, memory.counters
    slot = _slot(catalogue.slot_of, batch.item[e])
    if slot < 0:
        begin_vectors(memory.embedding, next_slot(catalogue, counters), plan.seed, counters[BORN])
        now = counters[EVENTS]
        slot = add_item(catalogue, counters, batch.item[e], batch.number[e], now)
    catalogue.moment[slot] = counters[MOMENTS]
    if batch.price[e] >= 0:
        catalogue.price[slot] = batch.price[e]
    if batch.days_left[e] >= 0:
        catalogue.days_left[slot] = batch.days_left[e]
    return slot


@called
def _learn_stock(plan: Plan, memory: Memory, batch: Batch, e: int) -> None:
    slot = _item(plan, memory, batch, e)
    memory.catalogue.on_hand[slot] = batch.on_hand[e]
    memory.counters[MOMENTS] += 1


@called
def _learn(plan: Plan, memory: Memory, ws: Workspace, batch: Batch, e: int) -> None:
    counters, sessions = memory.counters, memory.sessions
    counters[MOMENTS] += 1
    session = _slot(sessions.slot_of, batch.session[e])
    if session >= 0 and sessions.length[session] >= plan.longest_session:
        counters[CAPPED_SESSIONS] += 1 if sessions.length[session] == plan.longest_session else 0
        sessions.length[session] = plan.longest_session + 1
        counters[CAPPED_EVENTS] += 1
        return
    item = _item(plan, memory, batch, e)
    if session < 0 and batch.session[e] >= 0:
        session = begin_session(sessions, counters, batch.session[e])
        memory.catalogue.openings[item] += 1.0
    if plan.similar > 0 and session >= 0:
        _learn_vectors(plan, memory, ws, item)
    add_popularity(memory.popularity, item, counters[ITEMS])
    if plan.similar > 0:
        weight = memory.popularity.weight[item, LONG]
        share = logarithm(memory.popularity, weight, LONG)
        count_recent(memory.embedding, item, counters[EVENTS], share)
    count_item(memory.catalogue, plan, item, counters[EVENTS])
    counters[EVENTS] += 1
    serial = -1
    if session >= 0:
        serial = sessions.serial[session]
        if plan.transitions > 0 or plan.neighbour_transitions > 0:
            learn_transitions(plan, memory.follows, sessions, session, item)
        place = place_in_session(sessions, session, item)
        if place < 0:
            if plan.basket > 0 or plan.together > 0 or plan.history > 0:
                learn_together(plan, memory.together, sessions, session, item)
            add_different(sessions, session, item, batch.kind[e])
        else:
            sessions.furthest[session, place] = max(
                sessions.furthest[session, place], batch.kind[e]
            )
        add_step(sessions, session, item)
    if batch.visitor[e] >= 0:
        visitor = _slot(memory.visitors.slot_of, batch.visitor[e])
        if visitor < 0:
            visitor = add_visitor(memory.visitors, counters, batch.visitor[e])
        add_to_history(memory.visitors, counters, visitor, item, serial)


@inlined
def _learn_vectors(plan: Plan, memory: Memory, ws: Workspace, item: int) -> None:
    """Learn what was recommended from: the workspace still holds the session as it was."""
    count, past = ws.counts[0], min(ws.counts[1], plan.embedding_past)
    learn_similar(plan, memory.counters, memory.embedding, ws, item, count, past)
