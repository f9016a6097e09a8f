"""All that the engine remembers, and how it is made, sized and forgotten."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import I64, U8, entry
from workbench.cases.recommend.engine.memory.attendance import (
    Attendance,
    empty_attendance,
    forget_attendance,
)
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
from workbench.cases.recommend.engine.memory.words import Words, empty_words, forget_titles
from workbench.errors import ParameterError

WIDEST: Final = 8192
FEWEST: Final = 64


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
    precedes
        The same the other way round: row the item after, column the one before.
    together
        Co-occurrence in sessions, both ways.
    embedding
        Vectors of items.
    words
        Items by the words of their titles.
    attendance
        Sessions by item.
    """

    counters: I64
    catalogue: Catalogue
    sessions: Sessions
    visitors: Visitors
    popularity: Popularity
    follows: Rows
    precedes: Rows
    together: Rows
    embedding: Embedding
    words: Words
    attendance: Attendance


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


def checked_bounds(bounds: Bounds) -> Bounds:
    """Return bounds that can be kept.

    Raises
    ------
    ParameterError
        If one is out of range.
    """
    for name, value in bounds._asdict().items():
        if name in ("transitions", "pairs"):
            if not 8 <= value <= WIDEST or value & (value - 1):
                raise ParameterError.of(
                    f"{name}={value}",
                    allowed=f"a power of two from 8 to {WIDEST}",
                    hint=f"the default is {Bounds._field_defaults[name]}",
                )
        elif not FEWEST <= value < 1 << 31:
            raise ParameterError.of(
                f"{name}={value}",
                allowed=f"a whole number from {FEWEST}",
                hint=f"the default is {Bounds._field_defaults[name]}",
            )
    return bounds


def empty_memory(bounds: Bounds, half_lives: tuple[float, ...]) -> Memory:
    """Return a memory of nothing; memory is used only as it fills."""
    return Memory(
        counters=np.zeros(COUNTERS, np.int64),
        catalogue=empty_catalogue(bounds.items),
        sessions=empty_sessions(bounds.sessions),
        visitors=empty_visitors(bounds.visitors),
        popularity=empty_popularity(bounds.items, half_lives),
        follows=empty_rows(bounds.items, bounds.transitions),
        precedes=empty_rows(bounds.items, bounds.transitions),
        together=empty_rows(bounds.items, bounds.pairs),
        embedding=empty_embedding(bounds.items),
        words=empty_words(),
        attendance=empty_attendance(bounds.items),
    )


@entry
def make_room(memory: Memory, gone: U8) -> None:
    """Forget the sixteenth of the items that had no event for the longest time, everywhere.

    ``gone`` (items,) receives 1 for their slots, 0 for all others.
    """
    choose_stale(memory.catalogue, memory.counters, gone)
    items = memory.counters[ITEMS]
    forget(memory.follows, gone, items)
    forget(memory.precedes, gone, items)
    forget(memory.together, gone, items)
    forget_recent(memory.embedding, gone)
    forget_popularity(memory.popularity, gone, items)
    forget_in_sessions(memory.sessions, gone)
    forget_in_histories(memory.visitors, memory.counters, gone)
    forget_titles(memory.words, gone)
    forget_attendance(memory.attendance, gone, items)
    forget_items(memory.catalogue, memory.counters, gone)
