"""What the session and the visitor's earlier visits hold, marked for the generators."""

from __future__ import annotations

from workbench.cases.recommend.engine.compiled import called
from workbench.cases.recommend.engine.generators.workspace import (
    BOUGHT_TIMES,
    BOUGHT_VISITS,
    FURTHEST,
    PLACE,
    TIMES,
    Workspace,
    in_session,
)
from workbench.cases.recommend.engine.memory.sessions import (
    STEPS,
    Sessions,
    latest_step,
)
from workbench.cases.recommend.engine.memory.visitors import KEPT, Visitors
from workbench.cases.recommend.engine.plan import DIFFERENT

OLDER = STEPS
"""The place of items that a session met before its last 64 events."""


@called
def read_session(sessions: Sessions, ws: Workspace, slot: int) -> int:
    """Mark the items of a session; return how many different ones its last events had."""
    count = 0
    for back in range(min(sessions.length[slot], STEPS)):
        item = latest_step(sessions, slot, back)
        if item < 0:
            continue
        if not in_session(ws, item):
            ws.marked_session[item] = ws.stamp[0]
            ws.mark[item, PLACE] = count
            ws.mark[item, TIMES] = 0
            ws.context[count] = item
            count += 1
        ws.mark[item, TIMES] += 1
    for place in range(min(sessions.different[slot], DIFFERENT)):
        item = sessions.item[slot, place]
        if item < 0:
            continue
        if not in_session(ws, item):
            ws.marked_session[item] = ws.stamp[0]
            ws.mark[item, PLACE] = OLDER
            ws.mark[item, TIMES] = 1
        ws.mark[item, FURTHEST] = sessions.furthest[slot, place]
    return count


@called
def read_visitor(visitors: Visitors, ws: Workspace, slot: int, session: int, most: int) -> int:
    """Mark the items of a visitor's interactions; return how many of earlier visits there are.

    Of these the latest ``most`` that the present session has not met are listed.
    """
    visits = visitors.visits[slot]
    # The session is the latest visit, unless nothing of it has been learned yet.
    earlier = visits if visitors.session[slot] == session else visits + 1
    count = 0
    for back in range(min(visitors.length[slot], KEPT)):
        place = (visitors.length[slot] - 1 - back) % KEPT
        item = visitors.item[slot, place]
        if item < 0:
            continue
        if ws.marked_visitor[item] != ws.stamp[0]:
            ws.marked_visitor[item] = ws.stamp[0]
            ws.mark[item, BOUGHT_TIMES] = 0
            ws.mark[item, BOUGHT_VISITS] = earlier - visitors.visit[slot, place]
            if visitors.visit[slot, place] < earlier and count < most and not in_session(ws, item):
                ws.past[count] = item
                count += 1
        ws.mark[item, BOUGHT_TIMES] += 1
    return count
