"""The one compiled entry point: answers each event, then learns it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cases.recommend.engine.answering import recommend
from workbench.cases.recommend.engine.compiled import I32, entry
from workbench.cases.recommend.engine.learning import learn, learn_stock
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
    learns: bool,
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
    learns
        Whether each event is learned after it is answered.
    stepper
        Address of what steps the re-ranker's weights along the gradient, or COMPILED.
    out
        Receives the codes of the recommended items, shape (n, items), int32, -1 where none.
    """
    for e in range(len(batch.item)):
        if batch.kind[e] == STOCK:
            if learns:
                learn_stock(plan, memory, batch, e)
            continue
        recommend(plan, memory, ranker, ws, batch, e, learns, stepper, out[e])
        if learns:
            learn(plan, memory, ws, batch, e)
