"""A bounded number of slots for codes; the one that was not used for longest is given up."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.detectors.recommender import NONE

if TYPE_CHECKING:
    from workbench.detectors.recommender import I32


class Slots:
    """Slots from 0 for codes, in the order of their coming.

    Examples
    --------
    >>> slots = Slots(2)
    >>> [slots.of(code) for code in (7, 8, 7, 9)]
    [(0, -1), (1, -1), (0, -1), (1, 8)]
    >>> slots.known(8), slots.told().tolist()
    (-1, [8])
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._slots: OrderedDict[int, int] = OrderedDict()
        self._free: list[int] = []
        self._given_up: dict[int, None] = {}

    @property
    def size(self) -> int:
        """How many slots were ever in use."""
        return len(self._slots) + len(self._free)

    def known(self, code: int) -> int:
        """Return the slot of a code, -1 where it has none."""
        return self._slots.get(code, NONE)

    def of(self, code: int) -> tuple[int, int]:
        """Return the slot of a code, and the code that it was taken from just now, or -1."""
        slot, other = self._slots.get(code), NONE
        if slot is not None:
            self._slots.move_to_end(code)
            return slot, other
        self._given_up.pop(code, None)
        if self._free:
            slot = self._free.pop()
        elif len(self._slots) < self.limit:
            slot = len(self._slots)
        else:
            other, slot = self._slots.popitem(last=False)
            self._given_up[other] = None
        self._slots[code] = slot
        return slot, other

    def drop(self, code: int) -> int:
        """Give up a code; return the slot that it had, or -1."""
        slot = self._slots.pop(code, NONE)
        if slot != NONE:
            self._free.append(slot)
            self._given_up[code] = None
        return slot

    def codes(self) -> I32:
        """Return the code in each slot, -1 where it is free."""
        codes = np.full(self.size, NONE, np.int32)
        codes[list(self._slots.values())] = list(self._slots)
        return codes

    def told(self) -> I32:
        """Return the codes that were given up since the last call."""
        codes = np.array(list(self._given_up), np.int32)
        self._given_up.clear()
        return codes

    def state(self) -> dict[str, Any]:
        """Return codes and slots, those not used for longest first."""
        return {
            "codes": np.array(list(self._slots), np.int64),
            "slots": np.array(list(self._slots.values()), np.int64),
            "free": np.array(self._free, np.int64),
            "given_up": np.array(list(self._given_up), np.int64),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        codes, slots = state["codes"].tolist(), state["slots"].tolist()
        self._slots = OrderedDict(zip(codes, slots, strict=True))
        self._free = state["free"].tolist()
        self._given_up = dict.fromkeys(state["given_up"].tolist())
