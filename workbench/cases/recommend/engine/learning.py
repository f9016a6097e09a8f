"""Learning an event: what it adds to the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cases.recommend.engine.compiled import called, inlined
from workbench.cases.recommend.engine.generators.baskets import learn_together
from workbench.cases.recommend.engine.generators.proposals import LONG
from workbench.cases.recommend.engine.generators.similar import learn_similar
from workbench.cases.recommend.engine.generators.transitions import learn_transitions
from workbench.cases.recommend.engine.memory.attendance import attend
from workbench.cases.recommend.engine.memory.catalogue import add_item, count_item, next_slot
from workbench.cases.recommend.engine.memory.counters import (
    BORN,
    CAPPED_EVENTS,
    CAPPED_SESSIONS,
    EVENTS,
    ITEMS,
    MOMENTS,
)
from workbench.cases.recommend.engine.memory.embedding import begin_vectors, count_recent
from workbench.cases.recommend.engine.memory.popularity import add_popularity, logarithm
from workbench.cases.recommend.engine.memory.sessions import (
    add_different,
    add_step,
    begin_session,
    place_in_session,
)
from workbench.cases.recommend.engine.memory.slots import slot_behind
from workbench.cases.recommend.engine.memory.visitors import add_to_history, add_visitor
from workbench.cases.recommend.engine.memory.words import learn_title

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.batch import Batch
    from workbench.cases.recommend.engine.generators.workspace import Workspace
    from workbench.cases.recommend.engine.memory.memory import Memory
    from workbench.cases.recommend.engine.plan import Plan


@called
def _item(plan: Plan, memory: Memory, batch: Batch, e: int) -> int:
    """Return the slot of an event's item, a new one if need be, and note what the event tells."""
    catalogue, counters = memory.catalogue, memory.counters
    slot = slot_behind(catalogue.slot_of, batch.item[e])
    if slot < 0:
        begin_vectors(memory.embedding, next_slot(catalogue, counters), plan.seed, counters[BORN])
        now = counters[EVENTS]
        slot = add_item(catalogue, counters, batch.item[e], batch.number[e], now)
    catalogue.moment[slot] = counters[MOMENTS]
    if plan.titles > 0:
        learn_title(memory.words, catalogue, slot, batch.words[e])
    if batch.price[e] >= 0:
        catalogue.price[slot] = batch.price[e]
    if batch.days_left[e] >= 0:
        catalogue.days_left[slot] = batch.days_left[e]
    return slot


@called
def learn_stock(plan: Plan, memory: Memory, batch: Batch, e: int) -> None:
    """Note how many of an item are on hand."""
    slot = _item(plan, memory, batch, e)
    memory.catalogue.on_hand[slot] = batch.on_hand[e]
    memory.counters[MOMENTS] += 1


@called
def learn(plan: Plan, memory: Memory, ws: Workspace, batch: Batch, e: int) -> None:
    """Count an interaction in all that is remembered, unless its session is far too long."""
    counters, sessions = memory.counters, memory.sessions
    item = _item(plan, memory, batch, e)
    counters[MOMENTS] += 1
    session = slot_behind(sessions.slot_of, batch.session[e])
    if session >= 0 and sessions.length[session] >= plan.longest_session:
        counters[CAPPED_SESSIONS] += 1 - sessions.capped[session]
        sessions.capped[session] = 1
        counters[CAPPED_EVENTS] += 1
        return
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
    if session >= 0:
        if plan.transitions > 0 or plan.neighbour_transitions > 0:
            learn_transitions(plan, memory.follows, memory.precedes, sessions, session, item)
        if place_in_session(sessions, session, item) < 0:
            if plan.basket > 0 or plan.together > 0 or plan.history > 0:
                learn_together(plan, memory.together, sessions, session, item)
            if plan.nearest > 0:
                attend(memory.attendance, item, sessions.serial[session])
    visitor = slot_behind(memory.visitors.slot_of, batch.visitor[e])
    if visitor < 0 and batch.visitor[e] >= 0:
        visitor = add_visitor(memory.visitors, counters, batch.visitor[e])
    _append(memory, session, visitor, item, batch.kind[e])


@called
def follow_stock(memory: Memory, batch: Batch, e: int) -> None:
    """Note how many of an item are on hand, if it is known: so many more days they will last."""
    catalogue = memory.catalogue
    item = slot_behind(catalogue.slot_of, batch.item[e])
    if item < 0:
        return
    before, now = catalogue.on_hand[item], batch.on_hand[e]
    if before > 0 and now > 0 and catalogue.days_left[item] >= 0:
        catalogue.days_left[item] *= now / before
    catalogue.on_hand[item] = now


@called
def follow(plan: Plan, memory: Memory, batch: Batch, e: int) -> None:
    """Append a known item to its session and to its visitor's history, and note its price."""
    sessions, counters = memory.sessions, memory.counters
    session = slot_behind(sessions.slot_of, batch.session[e])
    if session < 0 and batch.session[e] >= 0:
        session = begin_session(sessions, counters, batch.session[e])
    item = slot_behind(memory.catalogue.slot_of, batch.item[e])
    if item < 0 or (session >= 0 and sessions.length[session] >= plan.longest_session):
        return
    counters[MOMENTS] += 1
    if batch.price[e] >= 0:
        memory.catalogue.price[item] = batch.price[e]
    visitor = slot_behind(memory.visitors.slot_of, batch.visitor[e])
    _append(memory, session, visitor, item, batch.kind[e])


@inlined
def _append(memory: Memory, session: int, visitor: int, item: int, kind: int) -> None:
    """Append an interaction to a session and to a visitor's history, where there are any."""
    sessions, serial = memory.sessions, -1
    if session >= 0:
        serial = sessions.serial[session]
        place = place_in_session(sessions, session, item)
        if place < 0:
            add_different(sessions, session, item, kind)
        else:
            sessions.furthest[session, place] = max(sessions.furthest[session, place], kind)
        add_step(sessions, session, item)
    if visitor >= 0:
        add_to_history(memory.visitors, memory.counters, visitor, item, serial)


@inlined
def _learn_vectors(plan: Plan, memory: Memory, ws: Workspace, item: int) -> None:
    """Learn what was recommended from: the workspace still holds the session as it was."""
    count, past = ws.counts[0], min(ws.counts[1], plan.embedding_past)
    learn_similar(plan, memory.counters, memory.embedding, ws, item, count, past)
