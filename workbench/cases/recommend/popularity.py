"""The most popular items, the same for everybody: the baseline that anyone can check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.detectors.protocol import DetectorSpec, Range
from workbench.detectors.recommender import NONE, STOCK, Interactions, Released

if TYPE_CHECKING:
    from workbench.detectors.protocol import State
    from workbench.detectors.recommender import I32

_NO_CODES = np.zeros(0, np.int32)


class Popularity:
    """Recommends the items with most interactions, newest counts halved every so many events.

    Parameters
    ----------
    features
        Not used: a recommender reads the events themselves.
    items
        How many to recommend.
    half_life
        Events after which an interaction counts half; 0 counts all alike.
    seed
        Not used: nothing here is random.

    Examples
    --------
    >>> recommender = SPEC.make((), items=2)
    >>> recommender.items
    2
    """

    def __init__(
        self,
        features: tuple[str, ...] = (),  # noqa: ARG002 - part of every detector's signature
        *,
        seed: int = 0,  # noqa: ARG002 - part of every detector's signature
        items: int = 20,
        half_life: float = 0.0,
    ) -> None:
        self.items = items
        self.half_life = half_life
        self._growth = 2.0 ** (1 / half_life) if half_life else 1.0
        self._worth = 1.0
        self._count = np.zeros(0)
        self._out = np.zeros(0, np.bool_)

    def process(self, events: Interactions) -> I32:
        """Recommend for each event, then count it."""
        self._room(int(events.item.max(initial=NONE)) + 1)
        rows = np.full((len(events), self.items), NONE, np.int32)
        for i, (item, kind) in enumerate(zip(events.item, events.kind, strict=True)):
            if kind == STOCK:
                self._out[item] = events.on_hand[i] == 0
                continue
            self._best(rows[i])
            self._worth *= self._growth
            self._count[item] += self._worth
        return rows

    def recommend(self, events: Interactions) -> I32:
        """Recommend what is most popular now."""
        rows = np.full((len(events), self.items), NONE, np.int32)
        for i in np.flatnonzero(events.kind != STOCK):
            self._best(rows[i])
        return rows

    def _best(self, row: I32) -> None:
        order = np.argsort(-np.where(self._out, 0.0, self._count), kind="stable")[: self.items]
        order = order[(self._count[order] > 0) & ~self._out[order]]
        row[: len(order)] = order

    def _room(self, size: int) -> None:
        more = max(0, size - len(self._count))
        self._count = np.append(self._count, np.zeros(more))
        self._out = np.append(self._out, np.zeros(more, np.bool_))

    def released(self) -> Released:
        """Return no codes: every item that was ever seen is kept."""
        return Released(_NO_CODES, _NO_CODES, _NO_CODES)

    def counts(self) -> dict[str, int]:
        """Return nothing: nothing is capped or forgotten."""
        return {}

    def state(self) -> State:
        """Return the counts."""
        return {"count": self._count.copy(), "out": self._out.copy(), "worth": self._worth}

    def restore(self, state: State) -> None:
        """Take over counts."""
        self._count, self._out = state["count"].copy(), state["out"].copy()
        self._worth = state["worth"]


SPEC = DetectorSpec(
    name="popularity",
    title="The most popular items",
    build=Popularity,  # type: ignore[arg-type] # the specification is of detectors and recommenders
    defaults={"items": 20, "half_life": 0.0},
    space={"half_life": Range(100, 100_000, log=True)},
    features="none",
)
