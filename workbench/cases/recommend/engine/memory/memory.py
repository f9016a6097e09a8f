"""All that the engine remembers, and how it is made, sized and forgotten."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import I64, called
from workbench.cases.recommend.engine.memory.catalogue import (
    Catalogue,
    choose_stale,
    empty_catalogue,
    forget_items,
)
from workbench.cases.recommend.engine.memory.counters import COUNTERS, ITEMS
from workbench.cases.recommend.engine.memory.embedding import (
    Embedding,
    empty_embedding,
    forget_recent,
)
from workbench.cases.recommend.engine.memory.popularity import (
    Popularity,
    empty_popularity,
    forget_popularity,
)
from workbench.cases.recommend.engine.memory.rows import Rows, empty_rows, forget
from workbench.cases.recommend.engine.memory.sessions import (
    Sessions,
    empty_sessions,
    forget_in_sessions,
)
from workbench.cases.recommend.engine.memory.visitors import (
    Visitors,
    empty_visitors,
    forget_in_histories,
)


class Memory(NamedTuple):
    """The state of the engine.

    Attributes
    ----------
    counters
        See :mod:`workbench.cases.recommend.engine.memory.counters`, int64.
    catalogue, sessions, visitors, popularity
        What is known about each.
    follows
        Directed transitions: row the item before, column the one after.
    together
        Co-occurrence in sessions, both ways.
    embedding
        Vectors of items.
    """

    counters: I64
    catalogue: Catalogue
    sessions: Sessions
    visitors: Visitors
    popularity: Popularity
    follows: Rows
    together: Rows
    embedding: Embedding


class Bounds(NamedTuple):
    """How much is remembered.

    Attributes
    ----------
    items, sessions, visitors
        How many of each.
    transitions, pairs
        Items in a row of transitions and of co-occurrence.
    """

    items: int = 32_768
    sessions: int = 32_768
    visitors: int = 65_536
    transitions: int = 256
    pairs: int = 512


def empty_memory(bounds: Bounds, half_lives: tuple[float, ...]) -> Memory:
    """Return a memory of nothing; memory is used only as it fills."""
    return Memory(
        counters=np.zeros(COUNTERS, np.int64),
        catalogue=empty_catalogue(bounds.items),
        sessions=empty_sessions(bounds.sessions),
        visitors=empty_visitors(bounds.visitors),
        popularity=empty_popularity(bounds.items, half_lives),
        follows=empty_rows(bounds.items, bounds.transitions),
        together=empty_rows(bounds.items, bounds.pairs),
        embedding=empty_embedding(bounds.items),
    )


@called
def make_room(memory: Memory, gone: np.ndarray) -> None:
    """Forget the items that had no event for the longest time, everywhere."""
    choose_stale(memory.catalogue, memory.counters, gone)
    items = memory.counters[ITEMS]
    forget(memory.follows, gone, items)
    forget(memory.together, gone, items)
    forget_recent(memory.embedding, gone)
    forget_popularity(memory.popularity, gone, items)
    forget_in_sessions(memory.sessions, gone)
    forget_in_histories(memory.visitors, memory.counters, gone)
    forget_items(memory.catalogue, memory.counters, gone)
