"""What is compared: ids with their time and a hash of their content, counted by hour."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Protocol

from workbench.durations import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workbench.live.index.documents import Document

_MASK = (1 << 64) - 1


class Window(NamedTuple):
    """Event times (µs) from ``start``, inclusive, until ``until``, exclusive."""

    start: int
    until: int

    def __contains__(self, time: object) -> bool:
        return isinstance(time, int) and self.start <= time < self.until


class Entry(NamedTuple):
    """One thing that somebody holds.

    Attributes
    ----------
    id
        The same wherever it is held.
    time
        Its event time (µs).
    digest
        64 bits of its id and content.
    place
        Topic, partition and offset, in the log.
    document
        What the log has, for the repair.
    """

    id: str
    time: int
    digest: int
    place: tuple[str, int, int] | None = None
    document: Document | None = None

    @property
    def hour(self) -> int:
        """The hour of its event time (µs of its beginning)."""
        return self.time - self.time % HOUR


class Side(Protocol):
    """Somebody who holds entries."""

    def entries(self, window: Window) -> Iterator[Entry]:
        """Yield all entries of a window, in any order."""
        ...


def digest(identity: str, content: bytes = b"") -> int:
    """Return 64 bits of an id and its content.

    Examples
    --------
    >>> digest("a", b"1") == digest("a", b"1"), digest("a", b"1") == digest("a", b"2")
    (True, False)
    """
    hashed = hashlib.blake2b(identity.encode() + b"\0" + content, digest_size=8)
    return int.from_bytes(hashed.digest(), "big")


class Tally:
    """How many entries each hour has, and the sum of their hashes, in whatever order they come.

    A sum and not an exclusive or: what comes twice does not take itself away.

    Parameters
    ----------
    remembered
        How many hashes are kept to notice what comes twice; those of hours that were not met
        for long are forgotten first.

    Attributes
    ----------
    counts
        How many entries each hour has.
    doubled
        Hours in which something was met twice.

    Examples
    --------
    >>> one, other = Tally(), Tally()
    >>> one.add([Entry("a", 0, 5), Entry("b", HOUR, 6)])
    >>> other.add([Entry("b", HOUR, 7), Entry("a", 0, 5)])
    >>> one.differing(other) == [HOUR]
    True
    """

    def __init__(self, remembered: int = 0) -> None:
        self.counts: defaultdict[int, int] = defaultdict(int)
        self.doubled: set[int] = set()
        self._sums: defaultdict[int, int] = defaultdict(int)
        self._room = remembered
        self._seen: dict[int, set[int]] = {}

    def add(self, entries: Iterable[Entry]) -> None:
        """Count entries."""
        for entry in entries:
            hour = entry.hour
            self.counts[hour] += 1
            self._sums[hour] = (self._sums[hour] + entry.digest) & _MASK
            self._remember(hour, entry.digest)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    def differing(self, other: Tally) -> list[int]:
        """Return the hours in which another one has not the same, or has it twice, in order."""
        hours = self.counts.keys() | other.counts.keys()
        return sorted(h for h in hours if self._of(h) != other._of(h) or h in other.doubled)

    def _of(self, hour: int) -> tuple[int, int]:
        return self.counts.get(hour, 0), self._sums.get(hour, 0)

    def _remember(self, hour: int, digest: int) -> None:
        # Taken out and put back: the last one is the one that was met last.
        seen = self._seen.pop(hour, set())
        self._seen[hour] = seen
        if digest in seen:
            self.doubled.add(hour)
        elif self._room > 0:
            seen.add(digest)
            self._room -= 1
        elif len(self._seen) > 1:
            self._room += len(self._seen.pop(next(iter(self._seen))))
