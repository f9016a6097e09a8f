"""The engine behind the protocol of recommenders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.recommend.engine.generators.workspace import empty_workspace
from workbench.cases.recommend.engine.kernel import LEARN, LEARN_AND_STEP, LOOK, Batch, advance
from workbench.cases.recommend.engine.memory import counters
from workbench.cases.recommend.engine.memory.memory import Bounds, empty_memory
from workbench.cases.recommend.engine.memory.packing import packed, unpack
from workbench.cases.recommend.engine.memory.slots import longer, told
from workbench.cases.recommend.engine.plan import Plan
from workbench.cases.recommend.engine.ranking.ranker import EPSILON, empty_ranker
from workbench.detectors.recommender import NONE, Interactions, Released
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    step
        Who makes the re-ranker's steps: ``river`` (its AdaGrad), or ``compiled``, which gives
        the same bits and needs no River.
    seed
        Of the embedding.
    bounds
        How much is remembered.
    half_lives
        Of the counts of popularity, in interactions; 0 is for ever.
    settings
        Of :class:`workbench.cases.recommend.engine.plan.Plan`.
    """

    def __init__(
        self,
        features: tuple[str, ...] = (),  # noqa: ARG002 - part of every detector's signature
        *,
        seed: int = 0,
        step: str = "river",
        bounds: Mapping[str, int] | None = None,
        half_life_short: float = 2_000.0,
        half_life: float = 10_000.0,
        half_life_long: float = 50_000.0,
        **settings: Any,
    ) -> None:
        if step not in STEPS:
            raise ParameterError.of(
                f"step={step!r}", allowed=" or ".join(STEPS), hint="choose one of these"
            )
        self.plan = Plan(seed=seed, **settings)
        self.items = self.plan.items
        self._bounds = Bounds(**(bounds or {}))
        self._half_lives = (half_life_short, half_life, half_life_long, 0.0)
        self.memory = empty_memory(self._bounds, self._half_lives)
        self.ranker = empty_ranker()
        self._workspace = empty_workspace(self._bounds.items)
        self._step = step

    def process(self, events: Interactions) -> I32:
        """Recommend for each event, then learn it."""
        self._make_room_for_codes(events)
        out = np.full((len(events), self.items), NONE, np.int32)
        batch = self._batch(events)
        if self._step == "compiled" or not self.plan.ranks:
            self._advance(batch, 0, len(events), LEARN_AND_STEP, out)
            return out
        from workbench.cases.recommend.engine.ranking.adagrad import VectorAdaGrad

        ranker = self.ranker
        optimizer = VectorAdaGrad(ranker.squares, self.plan.learning_rate, EPSILON)
        for i in range(len(events)):
            self._advance(batch, i, i + 1, LEARN, out)
            if ranker.touched[0]:
                optimizer.step(ranker.weight, ranker.gradient)
        return out

    def recommend(self, events: Interactions) -> I32:
        """Return what would be recommended now, and learn nothing."""
        out = np.full((len(events), self.items), NONE, np.int32)
        self._advance(self._batch(events), 0, len(events), LOOK, out)
        return out

    def _advance(self, batch: Batch, start: int, stop: int, mode: int, out: I32) -> None:
        advance(self.plan, self.memory, self.ranker, self._workspace, batch, start, stop, mode, out)

    def _batch(self, events: Interactions) -> Batch:
        return Batch(
            session=events.session,
            visitor=events.visitor,
            item=events.item,
            kind=events.kind,
            price=events.price,
            on_hand=events.on_hand,
            number=events.number,
            words=events.words,
            days_left=np.full(len(events), -1.0),
        )

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
        """Return the memory and the re-ranker's weights and moments."""
        learned = {name: getattr(self.ranker, name).copy() for name in LEARNED}
        return {"memory": packed(self.memory), "ranker": learned}

    def restore(self, state: State) -> None:
        """Take over a state."""
        self.memory = unpack(state["memory"], empty_memory(self._bounds, self._half_lives))
        for name in LEARNED:
            getattr(self.ranker, name)[:] = state["ranker"][name]
