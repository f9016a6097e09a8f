"""The one compiled entry point: answers each event, then learns it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cases.recommend.engine.answering import recommend
from workbench.cases.recommend.engine.batch import FOLLOW, LEARN
from workbench.cases.recommend.engine.compiled import I32, entry
from workbench.cases.recommend.engine.learning import follow, follow_stock, learn, learn_stock
from workbench.detectors.recommender import STOCK

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.batch import Batch
    from workbench.cases.recommend.engine.generators.workspace import Workspace
    from workbench.cases.recommend.engine.memory.memory import Memory
    from workbench.cases.recommend.engine.plan import Plan
    from workbench.cases.recommend.engine.ranking.ranker import Ranker


@entry
def advance(
    plan: Plan,
    memory: Memory,
    ranker: Ranker,
    ws: Workspace,
    batch: Batch,
    takes: int,
    stepper: int,
    out: I32,
) -> None:
    """Recommend for events, one after the other.

    Parameters
    ----------
    plan, memory, ranker, ws
        What the engine is made of, its state, and room to work in.
    batch
        The events.
    takes
        What is taken in of each event after it is answered: NOTHING, FOLLOW or LEARN.
    stepper
        Address of what steps the re-ranker's weights along the gradient, or COMPILED.
    out
        Receives the codes of the recommended items, shape (n, items), int32, -1 where none.
    """
    for e in range(len(batch.item)):
        if batch.kind[e] == STOCK:
            if takes == LEARN:
                learn_stock(plan, memory, batch, e)
            elif takes == FOLLOW:
                follow_stock(memory, batch, e)
            continue
        recommend(plan, memory, ranker, ws, batch, e, takes == LEARN, stepper, out[e])
        if takes == LEARN:
            learn(plan, memory, ws, batch, e)
        elif takes == FOLLOW:
            follow(plan, memory, batch, e)
