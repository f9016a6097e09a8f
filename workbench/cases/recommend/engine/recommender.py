"""The engine behind the protocol of recommenders."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.recommend.engine.answering import COMPILED
from workbench.cases.recommend.engine.batch import FOLLOW, LEARN, NOTHING, Batch
from workbench.cases.recommend.engine.days_left import DaysLeft
from workbench.cases.recommend.engine.generators.workspace import empty_workspace
from workbench.cases.recommend.engine.kernel import advance
from workbench.cases.recommend.engine.memory import counters
from workbench.cases.recommend.engine.memory.catalogue import slots_to_be
from workbench.cases.recommend.engine.memory.memory import (
    Bounds,
    checked_bounds,
    empty_memory,
    make_room,
)
from workbench.cases.recommend.engine.memory.packing import packed, unpack
from workbench.cases.recommend.engine.memory.slots import longer, told
from workbench.cases.recommend.engine.plan import Plan, checked, half_lives
from workbench.cases.recommend.engine.ranking.callback import Callback
from workbench.cases.recommend.engine.ranking.ranker import EPSILON, empty_ranker
from workbench.detectors.recommender import NONE, Interactions, Released
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.cases.recommend.engine.compiled import F64
    from workbench.detectors.protocol import State
    from workbench.detectors.recommender import I32

STEPS: Final = ("river", "compiled")
LEARNED: Final = ("weight", "squares", "mean", "variance", "lists")
#: What people are told was capped or forgotten.
TOLD: Final = {
    "sessions that were capped": counters.CAPPED_SESSIONS,
    "events of capped sessions": counters.CAPPED_EVENTS,
    "items forgotten": counters.FORGOTTEN_ITEMS,
    "sessions forgotten": counters.FORGOTTEN_SESSIONS,
    "visitors forgotten": counters.FORGOTTEN_VISITORS,
}


class Engine:
    """Generators of candidates, and an online listwise re-ranker over what they propose.

    Parameters
    ----------
    features
        Not used: a recommender reads the events themselves.
    seed
        Of the embedding.
    step
        Who makes the re-ranker's steps: ``river`` (its AdaGrad), or ``compiled``, which gives
        the same bits without a call out of compiled code.
    bounds
        How much is remembered, as in
        :class:`workbench.cases.recommend.engine.memory.memory.Bounds`.
    settings
        Of :class:`workbench.cases.recommend.engine.plan.Plan`.

    Raises
    ------
    ParameterError
        If ``step`` is neither, or another setting is out of range.
    """

    def __init__(
        self,
        features: tuple[str, ...] = (),  # noqa: ARG002 - part of every detector's signature
        *,
        seed: int = 0,
        step: str = "river",
        bounds: Mapping[str, int] | None = None,
        **settings: Any,
    ) -> None:
        if step not in STEPS:
            raise ParameterError.of(
                f"step={step!r}", allowed=" or ".join(STEPS), hint="choose one of these"
            )
        self.plan = checked(Plan(seed=seed, **settings))
        self.items = self.plan.items
        self._bounds = checked_bounds(Bounds(**(bounds or {})))
        self.memory = empty_memory(self._bounds, half_lives(self.plan))
        self.ranker = empty_ranker()
        self._workspace = empty_workspace(self._bounds.items, self._bounds.sessions)
        self._days_left = DaysLeft()
        self._stepper = self._river() if step == "river" and self.plan.ranks else None

    def _river(self) -> Callback:
        """Return what makes River's step along the re-ranker's gradient."""
        from workbench.cases.recommend.engine.ranking.adagrad import VectorAdaGrad

        ranker = self.ranker
        optimizer = VectorAdaGrad(ranker.squares, self.plan.learning_rate, EPSILON)
        return Callback(partial(optimizer.step, ranker.weight, ranker.gradient))

    def process(self, events: Interactions) -> I32:
        """Recommend for each event, then learn it."""
        self._make_room_for_codes(events)
        out = np.full((len(events), self.items), NONE, np.int32)
        start = 0
        while start < len(events):
            rest = events.part(start, len(events))
            slots = slots_to_be(self.memory.catalogue, self.memory.counters, rest.item)
            if not len(slots):
                self._forget_items()
                continue
            here = rest.part(0, len(slots))
            days_left = self._days_left.follow(here, slots) if self.plan.ranks else None
            self._advance(here, out[start : start + len(here)], days_left, LEARN)
            start += len(here)
        return out

    def follow(self, events: Interactions) -> I32:
        """Recommend for each event, then note where sessions are and what is on hand."""
        self._make_room_for_codes(events)
        return self._answered(events, FOLLOW)

    def recommend(self, events: Interactions) -> I32:
        """Return what would be recommended now, and learn nothing."""
        return self._answered(events, NOTHING)

    def _answered(self, events: Interactions, takes: int) -> I32:
        out = np.full((len(events), self.items), NONE, np.int32)
        self._advance(events, out, None, takes)
        return out

    def _advance(self, events: Interactions, out: I32, days_left: F64 | None, takes: int) -> None:
        given = (getattr(events, name) for name in Batch._fields[:-1])
        days = np.full(len(events), -1.0) if days_left is None else days_left
        # Polars gives some arrays that may not be written to, for which numba would compile the
        # kernel once more; a copy costs nothing beside that.
        columns = [np.require(column, requirements=("C", "W")) for column in given]
        batch = Batch._make([*columns, days])
        stepper = self._stepper.address if self._stepper else COMPILED
        advance(self.plan, self.memory, self.ranker, self._workspace, batch, takes, stepper, out)
        if self._stepper:
            self._stepper.check()

    def _forget_items(self) -> None:
        gone = self._workspace.gone
        make_room(self.memory, gone)
        self._days_left.forget(np.flatnonzero(gone))

    def _make_room_for_codes(self, events: Interactions) -> None:
        for name, codes in (
            ("catalogue", events.item),
            ("sessions", events.session),
            ("visitors", events.visitor),
        ):
            table = getattr(self.memory, name)
            slot_of = longer(table.slot_of, int(codes.max(initial=NONE)))
            if slot_of is not table.slot_of:
                self.memory = self.memory._replace(**{name: table._replace(slot_of=slot_of)})

    def released(self) -> Released:
        """Return the codes that were given up since the last call."""
        memory = self.memory
        return Released(
            sessions=told(memory.sessions.slot_of),
            visitors=told(memory.visitors.slot_of),
            items=told(memory.catalogue.slot_of),
        )

    def counts(self) -> dict[str, int]:
        """Return what was capped or forgotten so far."""
        return {name: int(self.memory.counters[place]) for name, place in TOLD.items()}

    def state(self) -> State:
        """Return the memory, the re-ranker's weights and moments, and the demand's."""
        learned = {name: getattr(self.ranker, name).copy() for name in LEARNED}
        return {
            "memory": packed(self.memory),
            "ranker": learned,
            "days_left": self._days_left.state(),
        }

    def restore(self, state: State) -> None:
        """Take over a state."""
        self.memory = unpack(state["memory"], empty_memory(self._bounds, half_lives(self.plan)))
        for name in LEARNED:
            getattr(self.ranker, name)[:] = state["ranker"][name]
        self._days_left.restore(state["days_left"])
