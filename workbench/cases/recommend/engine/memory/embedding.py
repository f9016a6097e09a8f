"""Vectors of items: what a session leads to, and what leads to an item."""

from __future__ import annotations

from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from workbench.cases.recommend.engine.compiled import F32, I32, I64, U8, called, entry
from workbench.cases.recommend.engine.memory.counters import ITEMS
from workbench.cases.recommend.engine.memory.randomness import fraction

SIZE: Final = 16
"""Numbers in a vector."""
LANES: Final = 64
"""Items whose scores are computed side by side: so many that the loop stays one, and is
compiled to vector instructions."""
RECENT: Final = 1 << 14
"""Latest interactions from which other items are drawn."""
SPREAD: Final = 0.3
"""Length of a new item's vectors."""
FIRST_SQUARE: Final = 0.01
LAST, WITHIN, PAST, TARGET = range(4)
"""An item as the last one, as one of a session, as one of an earlier visit, as the next one."""
NEVER_MET: Final = -1e30


class Embedding(NamedTuple):
    """Four vectors of each item, and what AdaGrad needs of them.

    Attributes
    ----------
    vector
        Float32 (items, 4, 16).
    squares
        Mean squared gradients of each vector, summed, float32 (items, 4).
    blocks
        The vectors as the next item once more, 64 items side by side, float32
        (items / 64, 16, 64).
    prior
        Binary logarithm of the share of all interactions, up to a common constant, float32
        (items,).
    recent
        Items of the latest interactions, int32, a ring; -1 is a forgotten one.
    """

    vector: F32
    squares: F32
    blocks: F32
    prior: F32
    recent: I32


def empty_embedding(items: int) -> Embedding:
    """Return room for so many items."""
    return Embedding(
        vector=np.zeros((items, 4, SIZE), np.float32),
        squares=np.zeros((items, 4), np.float32),
        blocks=np.zeros(((items + LANES - 1) // LANES, SIZE, LANES), np.float32),
        prior=np.zeros(items, np.float32),
        recent=np.zeros(RECENT, np.int32),
    )


@called
def begin_vectors(embedding: Embedding, item: int, seed: int, born: int) -> None:
    """Give a new item small random vectors."""
    width = 2.0 * SPREAD * sqrt(3.0 / SIZE)
    for role in range(4):
        embedding.squares[item, role] = np.float32(FIRST_SQUARE)
        for d in range(SIZE):
            drawn = fraction(seed, (born * 4 + role) * SIZE + d)
            embedding.vector[item, role, d] = np.float32((drawn - 0.5) * width)
    embedding.prior[item] = np.float32(NEVER_MET)
    mirror(embedding, item)


@called
def mirror(embedding: Embedding, item: int) -> None:
    """Copy an item's vector as the next one to where it is scored from."""
    for d in range(SIZE):
        embedding.blocks[item // LANES, d, item % LANES] = embedding.vector[item, TARGET, d]


@called
def count_recent(embedding: Embedding, item: int, events: int, popularity: float) -> None:
    """Note an interaction; ``popularity`` is the logarithm of the item's."""
    embedding.recent[events % RECENT] = item
    embedding.prior[item] = np.float32(popularity)


@called
def forget_recent(embedding: Embedding, gone: U8) -> None:
    """Put -1 in the place of items that are gone."""
    for place in range(RECENT):
        item = embedding.recent[place]
        if item >= 0 and gone[item]:
            embedding.recent[place] = -1
    for item in range(len(gone)):
        if gone[item]:
            embedding.prior[item] = np.float32(NEVER_MET)


@entry
def mirror_all(embedding: Embedding, counters: I64) -> None:
    """Copy all vectors to where they are scored from."""
    for item in range(counters[ITEMS]):
        mirror(embedding, item)
