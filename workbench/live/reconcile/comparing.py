"""Two sides are compared by hour; then, where hours differ, by id.

Of each hour only a count and a sum of hashes is kept at first, so a year takes no more memory
than a day. The ids of differing hours are then looked at in portions of bounded size; an hour
that is larger than one is cut by the ids' hashes.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from workbench.durations import HOUR
from workbench.live.reconcile.entries import Tally, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workbench.live.reconcile.entries import Entry, Side

#: The most entries of one side that are in memory at once.
MOST = 50_000
#: Hashes of the second side that are kept to notice what it has twice while both counts agree.
REMEMBERED = 500_000


class Hour(NamedTuple):
    """What two sides hold of one hour, where it is not the same.

    Attributes
    ----------
    hour
        Its beginning (µs).
    left, right
        How many different ids each side holds.
    missing
        Those that only the left side holds.
    different
        Those that both hold with different content, as the left side has them.
    surplus
        Those that only the right side holds.
    doubled
        Those that the right side holds again, as often as it does.
    """

    hour: int
    left: int
    right: int
    missing: list[Entry]
    different: list[Entry]
    surplus: list[Entry]
    doubled: list[Entry]

    @property
    def differs(self) -> bool:
        """Whether anything is left to say of it."""
        return bool(self.missing or self.different or self.surplus or self.doubled)


class Comparison:
    """Two sides, counted.

    Parameters
    ----------
    left, right
        What should be equal: what counts, and what follows it.
    window
        Which event times.

    Attributes
    ----------
    counted
        How many entries each side has.
    earliest
        The first hour that has any.
    """

    def __init__(self, left: Side, right: Side, window: Window) -> None:
        self._sides = left, right
        self._window = window
        self._tallies = Tally(), Tally(REMEMBERED)
        for tally, side in zip(self._tallies, self._sides, strict=True):
            tally.add(side.entries(window))
        self.counted = self._tallies[0].total, self._tallies[1].total
        self.earliest = min(
            (hour for tally in self._tallies for hour in tally.counts), default=None
        )

    def differences(self) -> Iterator[Hour]:
        """Yield the hours that differ; of a very large one, each piece by itself."""
        one, other = self._tallies
        for hours in self._portions(one.differing(other)):
            largest = max(sum(t.counts.get(h, 0) for h in hours) for t in self._tallies)
            pieces = -(-largest // MOST)
            for piece in range(pieces):
                yield from self._look(hours, piece, pieces)

    def _portions(self, hours: Sequence[int]) -> Iterator[list[int]]:
        """Join neighbouring hours as long as there are not too many entries."""
        portion: list[int] = []
        size = 0
        for hour in hours:
            here = max(tally.counts.get(hour, 0) for tally in self._tallies)
            if portion and (size + here > MOST or hour != portion[-1] + HOUR):
                yield portion
                portion, size = [], 0
            portion.append(hour)
            size += here
        if portion:
            yield portion

    def _look(self, hours: Sequence[int], piece: int, pieces: int) -> Iterator[Hour]:
        window = Window(
            max(hours[0], self._window.start), min(hours[-1] + HOUR, self._window.until)
        )
        held: list[dict[tuple[int, str], Entry]] = []
        again: defaultdict[int, list[Entry]] = defaultdict(list)
        for side in self._sides:
            entries: dict[tuple[int, str], Entry] = {}
            again.clear()  # what the left side has twice counts once
            for entry in side.entries(window):
                if pieces == 1 or crc32(entry.id.encode()) % pieces == piece:
                    key = entry.hour, entry.id
                    if key in entries:
                        again[entry.hour].append(entry)
                    entries[key] = entry  # of two, the later counts
            held.append(entries)
        left, right = held
        for hour, keys in groupby(sorted(left.keys() | right.keys()), lambda key: key[0]):
            ids = list(keys)
            both = [key for key in ids if key in left and key in right]
            found = Hour(
                hour,
                sum(key in left for key in ids),
                sum(key in right for key in ids),
                [left[key] for key in ids if key not in right],
                [left[key] for key in both if left[key].digest != right[key].digest],
                [right[key] for key in ids if key not in left],
                again[hour],
            )
            if found.differs:
                yield found
