"""Vector session kNN: what the sessions most like this one had beside it.

As in Ludewig and Jannach, "Evaluation of session-based recommendation algorithms" (2018): of the
latest sessions that share an item with this one, those count most that share its last items; what
they hold scores by their likeness and by how late in this session the latest shared item is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.recommend.engine.compiled import called
from workbench.cases.recommend.engine.generators.workspace import (
    KNN,
    PLACE,
    Workspace,
    in_session,
    touch,
)
from workbench.cases.recommend.engine.memory.attendance import LATEST, Attendance
from workbench.cases.recommend.engine.plan import DIFFERENT

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.memory.sessions import Sessions
    from workbench.cases.recommend.engine.plan import Plan

NEAREST: Final = 100
"""Sessions that are looked at."""
STEP: Final = 0.1
"""What each place back takes from a shared item's weight, down to as much."""


@called
def score_nearest(
    plan: Plan,
    attendance: Attendance,
    sessions: Sessions,
    ws: Workspace,
    slot: int,
    count: int,
    touched: int,
) -> int:
    """Score what the nearest sessions hold; return how many items have scores."""
    size = min(count, plan.nearest_items)
    met = 0
    for k in range(size):
        item = ws.context[k]
        weight = np.float32((size - k) / size)
        for back in range(min(attendance.sessions[item], LATEST)):
            serial = attendance.session[item, (attendance.sessions[item] - 1 - back) % LATEST]
            other = serial % len(sessions.serial)
            if other == slot or sessions.serial[other] != serial:
                continue
            if ws.compared[other] != ws.stamp[0]:
                ws.compared[other] = ws.stamp[0]
                ws.likeness[other] = np.float32(0.0)
                ws.alike[met] = other
                met += 1
            ws.likeness[other] += weight
    found = 0
    for m in range(met):
        other = ws.alike[m]
        value = ws.likeness[other]
        if found == NEAREST:
            if value <= ws.likeness[ws.nearest[found - 1]]:
                continue
            found -= 1
        place = found
        while place > 0 and ws.likeness[ws.nearest[place - 1]] < value:
            ws.nearest[place] = ws.nearest[place - 1]
            place -= 1
        ws.nearest[place] = other
        found += 1
    for m in range(found):
        other = ws.nearest[m]
        held = min(sessions.different[other], DIFFERENT)
        latest = 1 << 30
        for place in range(held):
            item = sessions.item[other, place]
            if item >= 0 and in_session(ws, item):
                latest = min(latest, ws.mark[item, PLACE])
        worth = ws.likeness[other] * np.float32(max(1.0 - STEP * latest, STEP))
        for place in range(held):
            if sessions.item[other, place] >= 0:
                held_item: Any = np.uint32(sessions.item[other, place])
                touched = touch(ws, held_item, touched)
                ws.score[held_item, KNN] += worth
    return touched
