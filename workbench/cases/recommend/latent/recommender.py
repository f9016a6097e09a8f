"""A model of latent factors behind the protocol of recommenders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.cases.recommend.engine.memory.randomness import draw_below
from workbench.cases.recommend.engine.plan import (
    LONGEST_SESSION,
    LOOKED_AT,
    PROPOSED,
    check_ranges,
)
from workbench.cases.recommend.latent.factors import F64, ITEM, USER, Factors
from workbench.cases.recommend.latent.scoring import best, score_all
from workbench.cases.recommend.latent.slots import Slots
from workbench.detectors.recommender import NONE, STOCK, Interactions, Released

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.detectors.protocol import State
    from workbench.detectors.recommender import I32


#: Settings, and what they may be: from, to.
_RANGES: Final = {
    "items": (1, PROPOSED),
    "drawn": (0, LOOKED_AT),
    "factors": (1, 256),
    "lr": (1e-6, 1.0),
    "l2": (0.0, 1.0),
}


class Latent:
    """Learns one event at a time with River, and scores all items from a snapshot of its arrays.

    The user is the visitor, or the session where there is none. What was chosen is learned as 1,
    and as 0 items that are drawn from all that are known, each as likely.

    Parameters
    ----------
    features
        Not used: a recommender reads the events themselves.
    model
        Makes the model from a seed and the remaining settings.
    seed
        Of first vectors, and of the items that are drawn.
    items
        How many are recommended.
    drawn
        Items that are learned as not chosen for each one that was.
    most_items, most_users
        How many are remembered; those that were not met for longest are forgotten.
    longest_session
        Further events of a session are not learned: no visitor clicks so often.
    settings
        Of the model.

    Raises
    ------
    ParameterError
        If a setting is out of range.
    """

    def __init__(
        self,
        features: tuple[str, ...] = (),  # noqa: ARG002 - part of every detector's signature
        *,
        model: Callable[..., Factors],
        seed: int = 0,
        items: int = 20,
        drawn: int = 2,
        most_items: int = 32_768,
        most_users: int = 65_536,
        longest_session: int = LONGEST_SESSION,
        **settings: Any,
    ) -> None:
        check_ranges({"items": items, "drawn": drawn, **settings}, _RANGES)
        self.items = items
        self.factors = model(seed=seed, **settings)
        self._seed, self._drawn = seed, drawn
        self._items, self._users = Slots(most_items), Slots(most_users)
        self._sessions = Slots(most_users)
        # The snapshot: a row for each slot of an item.
        self._bias, self._out = np.zeros(0), np.zeros(0, np.uint8)
        self._latent: F64 = np.zeros((0, self.factors.size))
        self._last = np.full(most_users, NONE, np.int64)
        self._length = np.zeros(most_users, np.int64)
        self._longest = longest_session
        self._learned = 0
        self._capped = {"sessions that were capped": 0, "events of capped sessions": 0}
        self._forgotten = {ITEM: 0, USER: 0}

    def process(self, events: Interactions) -> I32:
        """Recommend for each event, then learn it."""
        return self._answered(events, learns=True)

    def follow(self, events: Interactions) -> I32:
        """Recommend for each event, then note where sessions are and what is on hand."""
        return self._answered(events, learns=False)

    def _answered(self, events: Interactions, *, learns: bool) -> I32:
        rows = np.full((len(events), self.items), NONE, np.int32)
        code_of = np.full(self._items.limit, NONE, np.int32)
        known = self._items.codes()
        code_of[: len(known)] = known
        for i in range(len(events)):
            item, kind = int(events.item[i]), events.kind[i]
            session, visitor = int(events.session[i]), int(events.visitor[i])
            if kind != STOCK:
                self._answer(self._user(visitor, session), self._after(session), rows[i], code_of)
            slot = self._item(item) if learns else self._items.known(item)
            if slot != NONE:
                code_of[slot] = item
            if kind == STOCK:
                if slot != NONE:
                    self._out[slot] = events.on_hand[i] == 0
            elif learns:
                self._learn(visitor, session, slot)
            elif session >= 0:
                self._follow(session, slot)
        return rows

    def recommend(self, events: Interactions) -> I32:
        """Return what would be recommended now, and learn nothing."""
        rows = np.full((len(events), self.items), NONE, np.int32)
        code_of = self._items.codes()
        for i in np.flatnonzero(events.kind != STOCK):
            session, visitor = int(events.session[i]), int(events.visitor[i])
            self._answer(self._user(visitor, session), self._after(session), rows[i], code_of)
        return rows

    def _user(self, visitor: int, session: int) -> int:
        code = _user_code(visitor, session)
        return self._users.known(code) if code >= 0 else NONE

    def _after(self, session: int) -> int:
        """Return the slot of the session's last item, -1 where there is none."""
        slot = self._sessions.known(session) if session >= 0 else NONE
        return int(self._last[slot]) if slot >= 0 else NONE

    def _answer(self, user: int, last: int, row: I32, code_of: I32) -> None:
        constant, query = self.factors.query(user, last)
        count = self._items.size
        scores, found = np.empty(count), np.empty(self.items, np.int64)
        score_all(constant, self._bias, self._latent, query, scores)
        n = best(scores, self._out, found)
        row[:n] = code_of[found[:n]]

    def _item(self, code: int) -> int:
        slot, other = self._items.of(code)
        if slot >= len(self._bias):
            more = max(64, len(self._bias))
            self._bias = np.append(self._bias, np.zeros(more))
            self._out = np.append(self._out, np.zeros(more, np.uint8))
            self._latent = np.append(self._latent, np.zeros((more, self.factors.size)), axis=0)
        if other != NONE:
            self.factors.forget(ITEM, slot)
            self._read(slot)
            self._out[slot] = 0
            self._last[self._last == slot] = NONE
            self._forgotten[ITEM] += 1
        return slot

    def _read(self, item: int) -> None:
        """Take an item's parameters over into the snapshot."""
        self._bias[item], self._latent[item] = self.factors.item(item)

    def _learn(self, visitor: int, session: int, item: int) -> None:
        if self._is_capped(session):
            return
        last, user, code = self._after(session), NONE, _user_code(visitor, session)
        if code >= 0:
            user, other = self._users.of(code)
            if other != NONE:
                self._forget_user(user)
        self._teach(user, last, item, 1.0)
        for k in range(self._drawn):
            # Items lose a slot only to another item, so every slot up to here holds one.
            other = draw_below(self._items.size, self._seed, self._learned * 64 + k)
            if other != item:
                self._teach(user, last, other, 0.0)
        self._learned += 1
        if session >= 0:
            self._follow(session, item)

    def _is_capped(self, session: int) -> bool:
        """Return whether a session is longer than is learned from, and count what is left out."""
        slot = self._sessions.known(session) if session >= 0 else NONE
        if slot < 0 or self._length[slot] < self._longest:
            return False
        self._capped["sessions that were capped"] += int(self._length[slot] == self._longest)
        self._capped["events of capped sessions"] += 1
        self._length[slot] = self._longest + 1
        return True

    def _follow(self, session: int, item: int) -> None:
        """Note the last item of a session; where there is no room, forget the stalest."""
        known = self._sessions.known(session) != NONE
        slot, other = self._sessions.of(session)
        if other != NONE and (gone := self._users.drop(_user_code(NONE, other))) != NONE:
            self._forget_user(gone)
        self._last[slot] = item
        self._length[slot] = self._length[slot] + 1 if known else 1

    def _forget_user(self, user: int) -> None:
        self.factors.forget(USER, user)
        self._forgotten[USER] += 1

    def _teach(self, user: int, last: int, item: int, y: float) -> None:
        self.factors.learn(user, last, item, y)
        self._read(item)

    def released(self) -> Released:
        """Return the codes that were given up since the last call."""
        users = self._users.told()
        return Released(
            sessions=self._sessions.told(),
            visitors=users[users % 2 == 0] // 2,
            items=self._items.told(),
        )

    def counts(self) -> dict[str, int]:
        """Return what was forgotten so far."""
        forgotten = {f"{kind}s forgotten": count for kind, count in self._forgotten.items()}
        return {**self._capped, **forgotten}

    def state(self) -> State:
        """Return parameters, slots and what was met last; the snapshot is made of these."""
        return {
            "factors": self.factors.state(),
            "items": self._items.state(),
            "users": self._users.state(),
            "sessions": self._sessions.state(),
            "out": self._out[: self._items.size].copy(),
            "last": self._last[: self._sessions.size].copy(),
            "length": self._length[: self._sessions.size].copy(),
            "learned": self._learned,
            "forgotten": dict(self._forgotten),
            "capped": dict(self._capped),
        }

    def restore(self, state: State) -> None:
        """Take over a state."""
        self.factors.restore(state["factors"])
        self._items.restore(state["items"])
        self._users.restore(state["users"])
        self._sessions.restore(state["sessions"])
        self._out = state["out"].copy()
        self._bias = np.zeros(len(self._out))
        self._latent = np.zeros((len(self._out), self.factors.size))
        for slot in range(len(self._out)):
            self._read(slot)
        self._last[:] = NONE
        self._last[: len(state["last"])] = state["last"]
        self._length[: len(state["length"])] = state["length"]
        self._learned = int(state["learned"])
        self._forgotten = {kind: int(count) for kind, count in state["forgotten"].items()}
        self._capped = {name: int(count) for name, count in state["capped"].items()}


def _user_code(visitor: int, session: int) -> int:
    """Return one code for both kinds of users: even for visitors, odd for sessions, -1 for none."""
    if visitor >= 0:
        return 2 * visitor
    return 2 * session + 1 if session >= 0 else NONE
