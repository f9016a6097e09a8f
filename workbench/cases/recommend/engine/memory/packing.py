"""The memory as plain data: only what is in use, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from collections.abc import Iterable, Mapping

    from workbench.cases.recommend.engine.memory.memory import Memory

Array = npt.NDArray[Any]
State = dict[str, Any]


def packed(memory: Memory) -> State:
    """Return a copy of all that is in use, as nested dicts of arrays."""
    counters = memory.counters
    items, visitors = int(counters[ITEMS]), int(counters[VISITORS])
    sessions = min(int(counters[SESSIONS]), len(memory.sessions.code))
    catalogue = memory.catalogue._asdict()
    free, arrivals = catalogue.pop("free"), catalogue.pop("arrivals")
    seen_visitors = memory.visitors._asdict()
    free_visitors = seen_visitors.pop("free")
    popularity = memory.popularity._asdict()
    embedding = memory.embedding._asdict()
    recent = embedding.pop("recent")
    del embedding["blocks"]  # the vectors once more
    by_item = {"weight": popularity.pop("weight"), "place": popularity.pop("place")}
    return {
        "counters": counters.copy(),
        "catalogue": _first(catalogue, items)
        | {"free": free[: counters[FREE_ITEMS]].copy(), "arrivals": arrivals.copy()},
        "sessions": _first(memory.sessions._asdict(), sessions, RINGS["sessions"]),
        "visitors": _first(seen_visitors, visitors, RINGS["visitors"])
        | {"free": free_visitors[: counters[FREE_VISITORS]].copy()},
        "popularity": {k: v.copy() for k, v in popularity.items()} | _first(by_item, items),
        "embedding": _first(embedding, items) | {"recent": recent.copy()},
        **{name: _rows(getattr(memory, name)._asdict(), items) for name in MATRICES},
    }


MATRICES = ("follows", "together")
RINGS = {
    "sessions": {"step": "length", "item": "different", "furthest": "different"},
    "visitors": {"item": "length", "visit": "length"},
}
"""Arrays whose rows are rings, and what counts how much was written to each."""
WIDE = {"item": "filled", "weight": "filled"}


def _first(tables: Mapping[str, Array], used: int, rings: Mapping[str, str] = {}) -> State:
    """Return the first rows of each array; of a ring only what was written to."""
    state: State = {}
    for name, array in tables.items():
        if name == "slot_of":
            state[name] = _codes(array)
        elif name in rings:
            state[name] = array[:used][_written(array, tables[rings[name]], used)]
        else:
            state[name] = array[:used].copy()
    return state


def _rows(tables: Mapping[str, Array], used: int) -> State:
    return _first({k: v for k, v in tables.items() if k != "places"}, used, WIDE)


def _written(array: Array, counts: Array, used: int) -> Array:
    return np.arange(array.shape[1]) < counts[:used, None]


def _codes(slot_of: Array) -> Array:
    """Return the slots by code without the unknown codes at the end."""
    known = np.flatnonzero(slot_of != UNKNOWN)
    return slot_of[: known[-1] + 1 if len(known) else 0].copy()


def unpack(state: State, memory: Memory) -> Memory:
    """Fill an empty memory with what :func:`packed` returned, and return it."""
    memory.counters[:] = state["counters"]
    for name in ("catalogue", "popularity", "embedding"):
        _fill(getattr(memory, name)._asdict(), state[name])
    for name, rings in RINGS.items():
        _fill(getattr(memory, name)._asdict(), state[name], rings)
    for name in MATRICES:
        _fill(getattr(memory, name)._asdict(), state[name], WIDE)
        restore_places(getattr(memory, name))
    mirror_all(memory.embedding, memory.counters)
    changed = {
        name: getattr(memory, name)._replace(slot_of=state[name]["slot_of"].copy())
        for name in ("catalogue", "sessions", "visitors")
    }
    return memory._replace(**changed)


def _fill(tables: Mapping[str, Array], state: State, rings: Mapping[str, str] = {}) -> None:
    # What rings are as long as comes before them.
    for name in _last(state, rings):
        if name == "slot_of":
            continue
        if name in rings:
            used = len(state[rings[name]])
            written = _written(tables[name], tables[rings[name]], used)
            tables[name][:used][written] = state[name]
        else:
            tables[name][: len(state[name])] = state[name]


def _last(names: Iterable[str], rings: Mapping[str, str]) -> list[str]:
    return sorted(names, key=lambda name: name in rings)
