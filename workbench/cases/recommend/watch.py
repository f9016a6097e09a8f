"""Watching items: what is foreseen after each event, and which of it is an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from workbench.cases.recommend.demand import Demand, Outlook
from workbench.cases.recommend.signals import F64, days
from workbench.detectors.recommender import KINDS
from workbench.replay.codes import NONE, Codes
from workbench.streams.schema import EVENT_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.detectors.protocol import State
    from workbench.detectors.recommender import I32, I64

_KINDS: Final = {kind: code for code, kind in enumerate(KINDS)}


class Silent(NamedTuple):
    """Which items have been alerted: when (µs; -1 if not) and with how much on hand, by code."""

    since: I64
    level: I64

    def longer(self, size: int) -> Silent:
        """Return the same with room for codes below ``size``."""
        if size <= len(self.since):
            return self
        more = np.full(size - len(self.since), -1, np.int64)
        return Silent(np.append(self.since, more), np.append(self.level, more))


class Part(NamedTuple):
    """Events of one day in their order, as the alerts see them; each of length n.

    Attributes
    ----------
    first
        Row of the first one.
    item
        Codes, which hold within the day.
    time
        µs.
    outlook
        What is foreseen.
    forgotten
        Codes whose items were forgotten before it.
    """

    first: int
    item: I32
    time: I64
    outlook: Outlook
    forgotten: I32


class Watch:
    """Follows the events of a shop, and gives its items codes."""

    def __init__(self) -> None:
        self._demand = Demand()
        self._codes = Codes()

    def __len__(self) -> int:
        """Return the number of codes that were given."""
        return len(self._codes.texts)

    def follow(self, events: pl.DataFrame) -> Iterator[Part]:
        """Take in the next events, day by day."""
        time = events[EVENT_TIME].to_physical().to_numpy().astype(np.int64, copy=False)
        kind = events["kind"].replace_strict(_KINDS, return_dtype=pl.Int8).to_numpy()
        quantity, on_hand = (
            events[name].fill_null(NONE).to_numpy() for name in ("quantity", "on_hand")
        )
        for part in days(time):
            gone = self._demand.pass_midnight(int(time[part.start]))
            self._codes.release(gone)
            item = self._codes.of(events["item"][part])
            outlook = self._demand.follow(
                time[part], item, kind[part], quantity[part], on_hand[part]
            )
            yield Part(part.start, item, time[part], outlook, gone)

    def state(self) -> State:
        """Return all that is known of the items."""
        return {"demand": self._demand.state(), "items": self._codes.state()}

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned."""
        self._demand.restore(state["demand"])
        self._codes.restore(state["items"])


class Alarms:
    """Which scores are alerts: those that reach a threshold, of items that are not silent.

    Parameters
    ----------
    threshold
        The lowest score.
    span
        For how long an item is silent (µs).
    """

    def __init__(self, threshold: float, span: int) -> None:
        self._threshold = threshold
        self._span = span
        self.silent = Silent(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def raised(self, part: Part, score: F64, codes: int) -> npt.NDArray[np.intp]:
        """Return the rows of a day's alerts; ``codes`` is the number that were given."""
        self.silent.since[part.forgotten] = -1
        self.silent = self.silent.longer(codes)
        marks = np.zeros(len(score), np.bool_)
        _raise(part.item, part.time, part.outlook.on_hand, score, self._threshold, self._span,
               self.silent, marks)  # fmt: skip
        return np.flatnonzero(marks)


@njit(cache=True)
def _raise(
    item: I32,
    time: I64,
    on_hand: I64,
    score: F64,
    threshold: float,
    within: int,
    silent: Silent,
    raised: npt.NDArray[np.bool_],
) -> None:
    """Mark the events after which an alert is raised."""
    for e in range(len(item)):
        code = item[e]
        if silent.since[code] >= 0:
            if on_hand[e] == 0:
                silent.level[code] = 0
            if on_hand[e] > silent.level[code] or time[e] >= silent.since[code] + within:
                silent.since[code] = -1
        if silent.since[code] < 0 and score[e] >= threshold:
            raised[e] = True
            silent.since[code], silent.level[code] = time[e], on_hand[e]
