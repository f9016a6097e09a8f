"""What followed: directed transitions between items, nearer ones counting more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.recommend.engine.compiled import called
from workbench.cases.recommend.engine.generators.workspace import (
    FOLLOWS,
    NEIGHBOUR,
    PRECEDES,
    TRANSITION,
    Workspace,
    touch,
)
from workbench.cases.recommend.engine.memory.rows import Rows, add
from workbench.cases.recommend.engine.memory.sessions import STEPS, Sessions, latest_step

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.memory.catalogue import Catalogue
    from workbench.cases.recommend.engine.plan import Plan

SECOND = 0.4
"""What a neighbour of the last but one item counts."""
PRIOR = 5.0
"""Transitions that a neighbour must have had to count half."""


@called
def learn_transitions(
    plan: Plan, follows: Rows, precedes: Rows, sessions: Sessions, slot: int, item: int
) -> None:
    """Count that an item follows the last ones of its session, by 1 over the distance."""
    for back in range(min(sessions.length[slot], plan.transition_gap, STEPS)):
        before = latest_step(sessions, slot, back)
        if before >= 0:
            add(follows, before, item, 1.0 / (back + 1))
            add(precedes, item, before, 1.0 / (back + 1))


@called
def score_transitions(
    plan: Plan, follows: Rows, precedes: Rows, ws: Workspace, count: int, touched: int
) -> int:
    """Score what followed the last items of the session; return how many items have scores."""
    worth = 1.0
    for k in range(min(count, plan.transition_items)):
        row = ws.context[k]
        factor = np.float32(worth / (follows.total[row] + 1e-6))
        for place in range(follows.filled[row]):
            item = follows.item[row, place]
            touched = touch(ws, item, touched)
            ws.score[item, TRANSITION] += factor * follows.weight[row, place]
            if k == 0:
                ws.score[item, FOLLOWS] = follows.weight[row, place]
        worth *= plan.transition_decay
    if count > 0 and plan.ranks > 0:
        last = ws.context[0]
        for place in range(precedes.filled[last]):
            item = precedes.item[last, place]
            touched = touch(ws, item, touched)
            ws.score[item, PRECEDES] = precedes.weight[last, place]
    return touched


@called
def score_neighbour_transitions(
    plan: Plan,
    catalogue: Catalogue,
    follows: Rows,
    ws: Workspace,
    numbered: int,
    count: int,
    touched: int,
) -> int:
    """Score what followed the items with article numbers next to the last two items'."""
    for k in range(min(count, 2)):
        rank = catalogue.rank[ws.context[k]]
        if rank < 0:
            continue
        worth = 1.0 if k == 0 else SECOND
        low = max(rank - plan.neighbour_reach, 0)
        for other in range(low, min(rank + plan.neighbour_reach + 1, numbered)):
            if other == rank:
                continue
            row = catalogue.by_number[other]
            factor = np.float32(worth / (abs(other - rank) * (follows.total[row] + PRIOR)))
            for place in range(follows.filled[row]):
                item = follows.item[row, place]
                touched = touch(ws, item, touched)
                ws.score[item, NEIGHBOUR] += factor * follows.weight[row, place]
    return touched
