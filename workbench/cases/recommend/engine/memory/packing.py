"""The memory as plain data: only what is in use, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.cases.recommend.engine.memory.counters import (
    FREE_ITEMS,
    FREE_VISITORS,
    ITEMS,
    SESSIONS,
    VISITORS,
)
from workbench.cases.recommend.engine.memory.embedding import mirror_all
from workbench.cases.recommend.engine.memory.rows import restore_places
from workbench.cases.recommend.engine.memory.slots import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.cases.recommend.engine.memory.memory import Memory

Array = npt.NDArray[Any]
State = dict[str, Any]


class Table(NamedTuple):
    """What is in use of a table: rows, all of them, or the first of each row.

    Attributes
    ----------
    rows
        The counter of its rows; without one, all rows are in use.
    first
        Other counters, of arrays that are lists.
    whole
        Arrays that are kept as they are.
    filled
        Arrays of whose rows only the first are in use (all, once a ring is full), and the array
        that says how many.
    derived
        Arrays that are made of others.
    """

    rows: int | None = ITEMS
    first: Mapping[str, int] = {}
    whole: tuple[str, ...] = ()
    filled: Mapping[str, str] = {}
    derived: tuple[str, ...] = ()


_ROWS = Table(filled={"item": "filled", "weight": "filled"}, derived=("places",))
TABLES: Final = {
    "catalogue": Table(first={"free": FREE_ITEMS}, whole=("arrivals",)),
    "sessions": Table(
        SESSIONS, filled={"step": "length", "item": "different", "furthest": "different"}
    ),
    "visitors": Table(
        VISITORS, first={"free": FREE_VISITORS}, filled={"item": "length", "visit": "length"}
    ),
    "popularity": Table(whole=("growth", "worth", "total", "halvings", "top", "listed")),
    "follows": _ROWS,
    "precedes": _ROWS,
    "together": _ROWS,
    "embedding": Table(whole=("recent",), derived=("blocks",)),
    "words": Table(None, filled={"item": "items"}),
    "attendance": Table(filled={"session": "sessions"}),
}


def packed(memory: Memory) -> State:
    """Return a copy of all that is in use, as nested dicts of arrays."""
    counters = memory.counters
    return {
        "counters": counters.copy(),
        **{
            name: _packed(table, getattr(memory, name)._asdict(), counters)
            for name, table in TABLES.items()
        },
    }


def _packed(table: Table, arrays: Mapping[str, Array], counters: Array) -> State:
    state: State = {}
    for name, array in arrays.items():
        # A table of rings has no more rows than it has, however many were begun.
        rows = len(array) if table.rows is None else min(len(array), int(counters[table.rows]))
        if name == "slot_of":
            known = np.flatnonzero(array != UNKNOWN)
            state[name] = array[: known[-1] + 1 if len(known) else 0].copy()
        elif name in table.whole:
            state[name] = array.copy()
        elif name in table.first:
            state[name] = array[: counters[table.first[name]]].copy()
        elif name in table.filled:
            state[name] = array[:rows][_used(array, arrays[table.filled[name]][:rows])]
        elif name not in table.derived:
            state[name] = array[:rows].copy()
    return state


def _used(array: Array, counts: Array) -> Array:
    return np.arange(array.shape[1]) < counts[:, None]


def unpack(state: State, memory: Memory) -> Memory:
    """Fill an empty memory with what :func:`packed` returned, and return it."""
    memory.counters[:] = state["counters"]
    changed = {}
    for name, table in TABLES.items():
        arrays, packs = getattr(memory, name), state[name]
        for key in packs:
            if key in table.filled:
                array, counts = getattr(arrays, key), packs[table.filled[key]]
                array[: len(counts)][_used(array, counts)] = packs[key]
            elif key != "slot_of":
                getattr(arrays, key)[: len(packs[key])] = packs[key]
        if "slot_of" in packs:
            changed[name] = arrays._replace(slot_of=packs["slot_of"].copy())
        if table is _ROWS:
            restore_places(arrays)
    mirror_all(memory.embedding, memory.counters)
    return memory._replace(**changed)
