"""The protocol of a recommender: what it is told of each event, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from workbench.detectors.protocol import State

I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

VIEW, CART, PURCHASE, STOCK = range(4)
KINDS: Final = ("view", "cart", "purchase", "stock")
"""Kinds of events; their places are the codes in :attr:`Interactions.kind`."""

NONE: Final = -1
WORDS: Final = 8
"""How many words of an item's title are looked at."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """What happened, as arrays of one length n in the total order of events.

    Sessions, visitors and items are codes from 0 that the caller gives to their ids; -1 means
    none. Which codes they are changes nothing in what is recommended.

    Attributes
    ----------
    time
        Event time in µs, int64.
    session, visitor, item
        Codes, int32.
    kind
        Place in :data:`KINDS`, int8.
    quantity, price, on_hand
        Pieces, minor units of money, and pieces in stock (kind stock), int64; -1 is unknown.
    number
        The article number as :func:`workbench.detectors.articles.article_numbers` reads it from
        the item's id, int64; -1 where it has none.
    words
        Codes of the words in the item's title as :func:`workbench.detectors.articles.title_words`
        gives them, int32 of shape (n, 8); -1 is none.
    """

    time: I64
    session: I32
    visitor: I32
    item: I32
    kind: I8
    quantity: I64
    price: I64
    on_hand: I64
    number: I64
    words: I32

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.time)

    def part(self, start: int, stop: int) -> Interactions:
        """Return the events from ``start`` until before ``stop``."""
        return Interactions(*(getattr(self, f.name)[start:stop] for f in fields(self)))


class Released(NamedTuple):
    """Codes about which a recommender holds nothing any more, int32 each."""

    sessions: I32
    visitors: I32
    items: I32


@runtime_checkable
class Recommender(Protocol):
    """Recommends items for each event and learns it, one event after the other.

    The cut into batches changes nothing: each event is answered as if it came alone. Rows of
    kind stock get no recommendation; they set what is known to be on hand. An item that is
    known to be out of stock is never recommended.
    """

    items: int

    def process(self, events: Interactions) -> I32:
        """Return the codes recommended before each event was learned, best first; learn them.

        Returns
        -------
        ndarray
            Item codes of shape (n, items), int32; -1 where there is nothing to recommend.
        """

    def follow(self, events: Interactions) -> I32:
        """Return what :meth:`process` would, and take in no more than people would notice.

        That is what a session and a known visitor met, and what is on hand. Nothing else is
        learned: items and visitors that are new stay unknown.
        """

    def recommend(self, events: Interactions) -> I32:
        """Return what would be recommended now, and learn nothing (late events).

        Codes that the recommender has never been given are as none; give -1 for unknown ids.
        """

    def released(self) -> Released:
        """Return the codes that were given up since the last call; they may be given anew."""

    def counts(self) -> dict[str, int]:
        """Return what was capped or forgotten so far, by a name for people."""

    def state(self) -> State:
        """Return all that the future depends on, as plain data."""

    def restore(self, state: State) -> None:
        """Take over what :meth:`state` returned; the future is then the same bit for bit."""
