"""Two sides are compared as if all of both were held against each other at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.durations import HOUR
from workbench.live.reconcile import comparing
from workbench.live.reconcile.comparing import Comparison
from workbench.live.reconcile.entries import Entry, Tally, Window, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = Window(0, 100 * HOUR)


@dataclass
class Held:
    """A side that is a list."""

    all: list[Entry]

    def entries(self, window: Window) -> Iterator[Entry]:
        return (entry for entry in self.all if entry.time in window)


def entry(number: int, hour: int, content: int) -> Entry:
    return Entry(str(number), hour * HOUR + number, digest(str(number), bytes([content])))


SIDES = st.dictionaries(
    st.tuples(st.integers(0, 30), st.integers(0, 5)), st.integers(0, 1), max_size=40
)


@given(SIDES, SIDES, st.sampled_from([1, 3, 1_000]))
def test_the_same_is_found_whatever_fits_into_memory(
    one: dict[tuple[int, int], int], other: dict[tuple[int, int], int], most: int
) -> None:
    left, right = (
        Held([entry(*key, value) for key, value in side.items()]) for side in (one, other)
    )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "MOST", most)
        found = list(Comparison(left, right, ALL).differences())

    def named(fault: str) -> set[tuple[int, int]]:
        return {(int(e.id), e.time // HOUR) for hour in found for e in getattr(hour, fault)}

    assert named("missing") == one.keys() - other.keys()
    assert named("surplus") == other.keys() - one.keys()
    assert named("different") == {k for k in one.keys() & other.keys() if one[k] != other[k]}
    assert not named("doubled")


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 1)), unique=True))
def test_a_tally_does_not_depend_on_the_order(rows: list[tuple[int, int, int]]) -> None:
    entries = [entry(*row) for row in rows]
    one, other = Tally(), Tally()

    one.add(entries)
    other.add(reversed(entries))

    assert one.differing(other) == []


def test_what_the_second_side_has_twice_is_doubled() -> None:
    a = entry(1, 0, 0)

    (found,) = Comparison(Held([a]), Held([a, a]), ALL).differences()

    assert (found.doubled, found.missing, found.surplus) == ([a], [], [])


def test_what_the_first_side_has_twice_counts_once() -> None:
    a = entry(1, 0, 0)

    assert list(Comparison(Held([a, a]), Held([a]), ALL).differences()) == []


def test_of_two_with_one_id_on_the_first_side_the_later_counts() -> None:
    old, new = entry(1, 0, 0), entry(1, 0, 1)

    assert list(Comparison(Held([old, new]), Held([new]), ALL).differences()) == []


def test_what_both_sides_have_twice_is_doubled_all_the_same() -> None:
    a, b = entry(1, 0, 0), entry(2, 1, 0)

    (found,) = Comparison(Held([a, a, b]), Held([a, b, a]), ALL).differences()

    assert found.doubled == [a]
