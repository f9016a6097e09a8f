"""From keys as people write them to the dense slots of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.features.structures import NONE
from workbench.fingerprints import fingerprints
from workbench.numbering import Numbering

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

I64 = npt.NDArray[np.int64]


class Entities:
    """Slots for the keys of several entity columns, in one shared numbering.

    Keys are kept as fingerprints, see :mod:`workbench.fingerprints`.

    Parameters
    ----------
    names
        The entity columns.

    Examples
    --------
    >>> import polars as pl
    >>> entities = Entities(["card"])
    >>> entities.slots(pl.DataFrame({"card": ["x", "y", None, "x"]})).ravel().tolist()
    [0, 1, -1, 0]
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._slots = [Numbering() for _ in self.names]
        self._free = np.empty(0, np.int64)
        self.size = 0

    def __len__(self) -> int:
        return self.size - len(self._free)

    def slots(self, events: pl.DataFrame) -> I64:
        """Return the slots of a batch, shape (n, entities); -1 where a key is missing."""
        out = np.empty((events.height, len(self.names)), np.int64)
        for k, name in enumerate(self.names):
            keys = events[name]
            if keys.null_count():
                there = keys.is_not_null()
                out[:, k] = NONE
                out[there.to_numpy(), k] = self._assign(k, keys.filter(there))
            else:
                out[:, k] = self._assign(k, keys)
        return out

    def _assign(self, k: int, keys: pl.Series) -> I64:
        """Return the slots of keys; new ones get free slots, and then such as never were."""
        fresh = np.concatenate([self._free, np.arange(self.size, self.size + len(keys))])
        slots, used = self._slots[k].assign(fingerprints(keys), fresh)
        self.size += max(0, used - len(self._free))
        self._free = self._free[used:]
        return slots

    def kinds(self) -> I64:
        """Return the entity column of each slot, -1 where the slot is free."""
        kinds = np.full(self.size, NONE, np.int64)
        for k, known in enumerate(self._slots):
            kinds[known.items()[1]] = k
        return kinds

    def release(self, slots: I64) -> None:
        """Give slots back whose entities were forgotten."""
        for known in self._slots:
            prints, numbers = known.items()
            known.remove(prints[np.isin(numbers, slots)])
        self._free = np.sort(np.concatenate([self._free, slots]))

    def state(self) -> dict[str, Any]:
        """Return the numbering as plain data."""
        items = [known.items() for known in self._slots]
        order = [np.argsort(slots) for _, slots in items]
        return {
            "names": list(self.names),
            "keys": [prints[by] for (prints, _), by in zip(items, order, strict=True)],
            "slots": [slots[by] for (_, slots), by in zip(items, order, strict=True)],
            "free": self._free.copy(),
            "size": self.size,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self._slots = [Numbering() for _ in self.names]
        for known, prints, slots in zip(self._slots, state["keys"], state["slots"], strict=True):
            known.add(prints, slots)
        self._free = np.asarray(state["free"], np.int64).copy()
        self.size = int(state["size"])
