"""Partitions come together in the one total order, whichever way they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.durations import HOUR, SECOND
from workbench.live.merge import FEW, FIRST, FOREVER, LABELS_REMEMBERED, Key, Merger
from workbench.live.messages import Event, Label

if TYPE_CHECKING:
    from workbench.live.merge import Fate

LATENESS = 2 * SECOND
Parts = list[list[Event | Label]]


@st.composite
def logs(draw: st.DrawFn) -> Parts:
    """Partitions of events (even) and labels (odd), each out of order within the lateness."""
    times = draw(st.lists(st.integers(1, 60), min_size=1, max_size=40))
    parts: Parts = [[] for _ in range(4)]
    for number, second in enumerate(sorted(times)):
        time, name = second * SECOND, f"e{number:03d}"
        parts[2 * draw(st.integers(0, 1))].append(Event(time, name, ()))
        if draw(st.booleans()):
            known = time + draw(st.integers(0, 20)) * SECOND
            parts[2 * draw(st.integers(0, 1)) + 1].append(Label(known, name, 1))
    for part in parts:
        part.sort(key=lambda m: (m[0] + draw(st.integers(0, LATENESS // SECOND)) * SECOND, m[1]))
    return parts


def read(parts: Parts, turns: list[int], most: int) -> tuple[list[Event], list[Label], set[Fate]]:
    """Read partitions in turns and release what is complete after each message."""
    merger = Merger(range(4), LATENESS, FIRST)
    queues = [list(part) for part in parts]
    events: list[Event] = []
    labels: list[Label] = []
    fates: set[Fate] = set()

    def release(horizon: int) -> None:
        while True:
            found, known = merger.release(horizon, most)
            if not found:
                return
            events.extend(found)
            labels.extend(known)

    for turn in [*turns, *(p for p in range(4) for _ in queues[p])]:
        if not queues[turn]:
            continue
        message = queues[turn].pop(0)
        if isinstance(message, Event):
            fates.add(merger.event(turn, message))
        else:
            fates.add(merger.label(turn, message))
        # A partition that was read to its end is passed over.
        release(merger.horizon(idle=[p for p in range(4) if not queues[p]]))
    release(FOREVER)
    return events, labels, fates


@given(parts=logs(), turns=st.lists(st.integers(0, 3), max_size=60), most=st.integers(1, 50))
def test_any_turns_and_any_batches_give_the_total_order(
    parts: Parts, turns: list[int], most: int
) -> None:
    events, labels, fates = read(parts, turns, most)
    expected = sorted(m for part in parts for m in part if isinstance(m, Event))
    known = sorted(m for part in parts for m in part if isinstance(m, Label))

    assert fates <= {"taken"}
    assert events == expected
    assert labels == [label for label in known if label.known_at <= expected[-1].time]


@given(parts=logs(), turns=st.lists(st.integers(0, 3), max_size=60))
def test_a_released_event_has_all_labels_that_were_known_by_then(
    parts: Parts, turns: list[int]
) -> None:
    merger = Merger(range(4), LATENESS, FIRST)
    given_: list[Label] = []
    queues = [list(part) for part in parts]
    for turn in turns:
        if queues[turn]:
            message = queues[turn].pop(0)
            take = merger.event if isinstance(message, Event) else merger.label
            take(turn, message)  # type: ignore[operator]  # the one that fits
        events, labels = merger.release(merger.horizon(idle=[p for p in range(4) if not queues[p]]))
        given_ += labels
        for event in events[-1:]:
            known = {m for part in parts for m in part if isinstance(m, Label)}
            assert {m for m in known if m.known_at <= event.time} <= set(given_)


def a_merger(lateness: int = 0, after: Key = FIRST) -> Merger:
    return Merger(["p", "q"], lateness, after)


def at(second: int, name: str = "") -> Event:
    return Event(second * SECOND, name or f"e{second}", ())


def test_a_partition_without_news_holds_the_others_up() -> None:
    merger = a_merger()
    merger.event("p", at(10))
    merger.event("p", at(20))

    assert merger.release(merger.horizon()) == ([], [])


def test_a_quiet_partition_is_passed_up_to_what_the_publisher_promised() -> None:
    merger = a_merger()
    merger.event("p", at(10))
    merger.event("p", at(20))

    horizon = merger.horizon(quiet=["q"], promise=15 * SECOND)
    assert merger.release(horizon)[0] == [at(10)]


def test_an_idle_partition_is_passed_over() -> None:
    merger = a_merger()
    merger.event("p", at(10))
    merger.event("p", at(20))

    assert merger.release(merger.horizon(idle=["q"]))[0] == [at(10)]
    assert merger.release(merger.horizon(idle=["p", "q"]))[0] == [at(20)]


@pytest.mark.parametrize(("second", "fate"), [(8, "taken"), (7, "late"), (9, "taken")])
def test_whether_an_event_is_late_follows_from_its_own_partition(second: int, fate: Fate) -> None:
    merger = a_merger(lateness=LATENESS)
    merger.event("q", at(30))
    merger.event("p", at(10))

    assert merger.event("p", at(second)) == fate
    assert not merger.unsettled


def test_a_late_event_waits_until_its_place_is_passed() -> None:
    merger = a_merger(lateness=LATENESS)
    merger.event("p", at(20))
    merger.event("q", at(10))
    assert merger.event("p", at(15)) == "late"
    merger.defer(at(15))
    merger.release(merger.horizon(idle=["p"]))
    assert merger.late() == []

    merger.release(FOREVER)
    assert merger.late() == [at(15)]
    assert merger.late() == []


def test_what_was_passed_over_and_comes_then_is_late_and_follows_from_more_than_the_log() -> None:
    merger = a_merger()
    merger.event("p", at(10))
    merger.release(merger.horizon(idle=["p", "q"]))

    assert merger.event("q", at(9)) == "late"
    assert merger.unsettled


def test_an_id_counts_once() -> None:
    merger = a_merger(lateness=LATENESS)
    merger.event("p", at(10, "a"))

    assert merger.event("q", at(11, "a")) == "duplicate"


def test_an_event_that_waits_for_its_label_has_come_before() -> None:
    merger = Merger(["p"], 0, FIRST, waits={"a"}.__contains__)

    assert merger.event("p", at(10, "a")) == "duplicate"
    assert merger.event("p", at(10, "b")) == "taken"


def test_an_event_that_is_so_late_that_its_id_may_have_come_before_is_not_scored() -> None:
    merger = a_merger()
    merger.event("p", Event(3 * HOUR, "a", ()))

    assert merger.event("p", Event(HOUR, "b", ())) == "forgotten"


def test_what_the_artifact_has_seen_is_past() -> None:
    merger = a_merger(after=Key(10 * SECOND, "e10"))

    assert merger.event("p", at(10)) == "past"
    assert merger.event("p", at(10, "e11")) == "taken"
    assert merger.label("q", Label(10 * SECOND, "e10", 1)) == "past"
    assert merger.label("q", Label(11 * SECOND, "e10", 1)) == "taken"


def test_a_late_label_counts_from_now_on() -> None:
    merger = a_merger()
    merger.label("q", Label(20 * SECOND, "a", 1))
    assert merger.label("q", Label(5 * SECOND, "b", 1)) == "late"
    merger.event("p", at(30))

    labels = merger.release(FOREVER)[1]
    assert labels == [Label(20 * SECOND, "a", 1), Label(20 * SECOND, "b", 1)]


def test_a_label_that_is_far_too_late_does_not_count() -> None:
    merger = a_merger()
    merger.label("q", Label(LABELS_REMEMBERED + 2 * SECOND, "a", 1))

    assert merger.label("q", Label(SECOND, "b", 1)) == "forgotten"


def test_where_a_predecessor_has_passed_an_unread_event_is_late() -> None:
    merger = a_merger()
    assert merger.event("p", at(10)) == "taken"
    assert merger.event("q", at(12), floor=Key(20 * SECOND, "e20")) == "late"


@given(parts=logs(), middle=st.integers(0, 40))
def test_a_merger_restored_in_the_middle_has_the_same_future(parts: Parts, middle: int) -> None:
    messages = [(p, m) for p, part in enumerate(parts) for m in part]
    one, two = Merger(range(4), LATENESS, FIRST), Merger(range(4), LATENESS, FIRST)
    for number, (partition, message) in enumerate(messages):
        if number == middle:
            two.restore(one.state())
        for merger in (one, two) if number >= middle else (one,):
            take = merger.event if isinstance(message, Event) else merger.label
            take(partition, message)  # type: ignore[operator]  # the one that fits
    if middle < len(messages):
        assert one.release(FOREVER) == two.release(FOREVER)


def test_ids_are_remembered_for_a_while_and_not_for_ever() -> None:
    merger = Merger(["p"], 0, FIRST)
    for number in range(50_000):
        merger.event("p", Event(number * 60 * SECOND, f"e{number}", ()))
        merger.release(merger.horizon())

    assert len(merger.state()["seen"][0]) <= FEW
