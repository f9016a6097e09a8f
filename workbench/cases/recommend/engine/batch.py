"""A batch of events as the compiled code reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from workbench.cases.recommend.engine.compiled import F64, I8, I32, I64

NOTHING, FOLLOW, LEARN = range(3)
"""What is taken in of an event: nothing; where sessions are and what is on hand; all of it."""


class Batch(NamedTuple):
    """The columns of events that the kernel reads, named as in ``Interactions``; and days left."""

    session: I32
    visitor: I32
    item: I32
    kind: I8
    price: I64
    on_hand: I64
    number: I64
    words: I32
    days_left: F64
