"""Days until items are sold out, for the re-ranker: where stock levels are told at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.cases.recommend.demand import Demand
from workbench.detectors.recommender import STOCK

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.compiled import F64, I64
    from workbench.detectors.protocol import State
    from workbench.detectors.recommender import Interactions


class DaysLeft:
    """Follows the demand from the first stock level on; before, there is nothing to last."""

    def __init__(self) -> None:
        self._demand: Demand | None = None

    def follow(self, events: Interactions, slots: I64) -> F64 | None:
        """Return the days left of each event's item right after it, -1 where unknown.

        Items go by their ``slots`` (n,), which no cut into batches changes as it may codes.
        """
        first = 0
        if self._demand is None:
            levels = np.flatnonzero(events.kind == STOCK)
            if not len(levels):
                return None
            first = int(levels[0])
            self._demand = Demand()
        days = np.full(len(events), -1.0)
        outlook = self._demand.follow(
            time=events.time[first:],
            item=slots[first:].astype(np.int32),
            kind=events.kind[first:],
            quantity=events.quantity[first:],
            on_hand=events.on_hand[first:],
        )
        days[first:] = outlook.days_left
        return days

    def forget(self, slots: I64) -> None:
        """Forget items whose slots were given up."""
        if self._demand is not None:
            known = len(self._demand.items.last)
            self._demand.items.forget(slots[slots < known])

    def state(self) -> State:
        """Return the demand's state, if there is one."""
        return {"demand": None if self._demand is None else self._demand.state()}

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned."""
        self._demand = None
        if state["demand"] is not None:
            self._demand = Demand()
            self._demand.restore(state["demand"])
