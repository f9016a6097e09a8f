"""From keys as people write them to the dense slots of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.features.structures import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

I64 = npt.NDArray[np.int64]


class Entities:
    """Slots for the keys of several entity columns, in one shared numbering.

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
        self._slots: list[dict[str, int]] = [{} for _ in self.names]
        self._free: list[int] = []
        self.size = 0

    def __len__(self) -> int:
        return self.size - len(self._free)

    def slots(self, events: pl.DataFrame) -> I64:
        """Return the slots of a batch, shape (n, entities); -1 where a key is missing."""
        out = np.empty((events.height, len(self.names)), np.int64)
        for k, name in enumerate(self.names):
            known = self._slots[k]
            if events.height <= 64:
                for i, key in enumerate(events[name].to_list()):
                    out[i, k] = self._slot(known, key)
                continue
            encoded = events[name].to_arrow().dictionary_encode()
            found = np.array(
                [self._slot(known, key) for key in encoded.dictionary.to_pylist()] + [NONE],
                np.int64,
            )
            codes = encoded.indices.fill_null(len(found) - 1).to_numpy(zero_copy_only=False)
            out[:, k] = found[codes]
        return out

    def _slot(self, known: dict[str, int], key: str | None) -> int:
        if key is None:
            return NONE
        slot = known.get(key)
        if slot is None:
            if self._free:
                slot = self._free.pop()
            else:
                slot = self.size
                self.size += 1
            known[key] = slot
        return slot

    def kinds(self) -> I64:
        """Return the entity column of each slot, -1 where the slot is free."""
        kinds = np.full(self.size, NONE, np.int64)
        for k, known in enumerate(self._slots):
            kinds[list(known.values())] = k
        return kinds

    def release(self, slots: I64) -> None:
        """Give slots back whose entities were forgotten."""
        gone = set(slots.tolist())
        for k, known in enumerate(self._slots):
            self._slots[k] = {key: slot for key, slot in known.items() if slot not in gone}
        self._free.extend(sorted(gone, reverse=True))

    def state(self) -> dict[str, Any]:
        """Return the numbering as plain data."""
        return {
            "names": list(self.names),
            "keys": [list(known) for known in self._slots],
            "slots": [np.array(list(known.values()), np.int64) for known in self._slots],
            "free": list(self._free),
            "size": self.size,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self._slots = [
            dict(zip(keys, slots.tolist(), strict=True))
            for keys, slots in zip(state["keys"], state["slots"], strict=True)
        ]
        self._free = [int(slot) for slot in state["free"]]
        self.size = int(state["size"])
