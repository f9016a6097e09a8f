"""Partitions come together in the one total order, whichever way they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.durations import HOUR, SECOND
from workbench.live.merge import FEW, LABELS_REMEMBERED, Fate, Merger
from workbench.live.messages import Event, EventCodec, Label, label_frame
from workbench.live.order import FIRST, FOREVER, Key
from workbench.streams.schema import Column, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

LATENESS = 2 * SECOND
TAKEN, LATE, PAST, DUPLICATE, FORGOTTEN = Fate
CODEC = EventCodec(Schema(1, (Column("who", "text", "Who", entity=True),), "who"))
Parts = list[list[Event | Label]]
Released = tuple[list[Event], list[Label]]


@st.composite
def logs(draw: st.DrawFn) -> Parts:
    """Partitions of events (even) and labels (odd), each out of order within the lateness."""
    times = draw(st.lists(st.integers(1, 60), min_size=1, max_size=40))
    parts: Parts = [[] for _ in range(4)]
    for number, second in enumerate(sorted(times)):
        name = f"e{number:03d}"
        parts[2 * draw(st.integers(0, 1))].append(at(second, name))
        if draw(st.booleans()):
            known = (second + draw(st.integers(0, 20))) * SECOND
            parts[2 * draw(st.integers(0, 1)) + 1].append(Label(known, name, 1))
    for part in parts:
        part.sort(key=lambda m: (m[0] + draw(st.integers(0, LATENESS // SECOND)) * SECOND, m[1]))
    return parts


def at(second: int, name: str = "") -> Event:
    return Event(second * SECOND, name or f"e{second}", ("w",))


def a_merger(
    partitions: Iterable[object] = ("p", "q"),
    lateness: int = 0,
    after: Key = FIRST,
    waits: Sequence[str] = (),
) -> Merger:
    schema = CODEC.schema.events
    return Merger(partitions, lateness, after, schema, lambda ids: np.isin(ids.to_list(), waits))


def take(
    merger: Merger, partition: object, *messages: Event | Label, floor: Key = FIRST
) -> list[int]:
    """Take events, or labels, of a partition together."""
    if isinstance(messages[0], Event):
        frame = CODEC.frame(messages)  # type: ignore[arg-type]  # all are events
        fates = merger.events(partition, frame, floor)
    else:
        fates = merger.labels(partition, label_frame(messages), floor)  # type: ignore[arg-type]  # all are labels
    return list(fates)


def released(frames: tuple[pl.DataFrame, pl.DataFrame]) -> Released:
    return rows_of(frames[0]), [
        Label(known, name, label)
        for name, label, known in zip(
            *_lists(frames[1], "event_id", "label", "known_at"), strict=True
        )
    ]


def rows_of(events: pl.DataFrame) -> list[Event]:
    rows = zip(*_lists(events, "event_time", "event_id", "who"), strict=True)
    return [Event(time, name, (who,)) for time, name, who in rows]


def _lists(frame: pl.DataFrame, *names: str) -> list[list[Any]]:
    return [frame[name].to_physical().to_list() for name in names]


def read(parts: Parts, turns: list[tuple[int, int]], most: int) -> tuple[Released, set[int]]:
    """Read partitions in turns, so many messages each, and release what is complete then."""
    merger = a_merger(range(4), LATENESS)
    queues = [list(part) for part in parts]
    events: list[Event] = []
    labels: list[Label] = []
    fates: set[int] = set()

    def release(horizon: int) -> None:
        while True:
            found, known = released(merger.release(horizon, most))
            if not found:
                return
            events.extend(found)
            labels.extend(known)

    for turn, many in [*turns, *((p, len(queues[p])) for p in range(4))]:
        if not queues[turn]:
            continue
        some, queues[turn] = queues[turn][:many], queues[turn][many:]
        fates.update(take(merger, turn, *some))
        # A partition that was read to its end is passed over.
        release(merger.horizon(idle=[p for p in range(4) if not queues[p]]))
    release(FOREVER)
    return (events, labels), fates


TURNS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 12)), max_size=60)


@given(parts=logs(), turns=TURNS, most=st.integers(1, 50))
def test_any_turns_and_any_batches_give_the_total_order(
    parts: Parts, turns: list[tuple[int, int]], most: int
) -> None:
    (events, labels), fates = read(parts, turns, most)
    expected = sorted(m for part in parts for m in part if isinstance(m, Event))
    known = sorted(m for part in parts for m in part if isinstance(m, Label))

    assert fates <= {TAKEN}
    assert events == expected
    assert labels == [label for label in known if label.known_at <= expected[-1].time]


@given(parts=logs(), turns=TURNS)
def test_a_released_event_has_all_labels_that_were_known_by_then(
    parts: Parts, turns: list[tuple[int, int]]
) -> None:
    merger = a_merger(range(4), LATENESS)
    given_: list[Label] = []
    queues = [list(part) for part in parts]
    for turn, many in turns:
        if queues[turn]:
            some, queues[turn] = queues[turn][:many], queues[turn][many:]
            take(merger, turn, *some)
        idle = [p for p in range(4) if not queues[p]]
        events, labels = released(merger.release(merger.horizon(idle=idle)))
        given_ += labels
        for event in events[-1:]:
            known = {m for part in parts for m in part if isinstance(m, Label)}
            assert {m for m in known if m.known_at <= event.time} <= set(given_)


@given(messages=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 9)), min_size=1))
def test_messages_taken_together_fare_as_one_by_one(messages: list[tuple[int, int]]) -> None:
    events = [Event(time * HOUR // 4, f"e{name}", ("w",)) for time, name in messages]
    labels = [Label(time * 8 * HOUR, f"e{name}", name % 2) for time, name in messages]
    together, singly = (
        a_merger("p", HOUR // 2, Key(HOUR // 2, "e5"), waits=["e7"]) for _ in range(2)
    )

    for some in (events, labels):
        assert take(together, "p", *some) == [take(singly, "p", one)[0] for one in some]
    assert together.unsettled == singly.unsettled
    assert released(together.release(FOREVER)) == released(singly.release(FOREVER))


def test_a_partition_without_news_holds_the_others_up() -> None:
    merger = a_merger()
    take(merger, "p", at(10), at(20))

    assert released(merger.release(merger.horizon())) == ([], [])


def test_a_quiet_partition_is_passed_up_to_what_the_publisher_promised() -> None:
    merger = a_merger()
    take(merger, "p", at(10), at(20))

    horizon = merger.horizon(quiet=["q"], promise=15 * SECOND)
    assert released(merger.release(horizon))[0] == [at(10)]


def test_an_idle_partition_is_passed_over() -> None:
    merger = a_merger()
    take(merger, "p", at(10), at(20))

    assert released(merger.release(merger.horizon(idle=["q"])))[0] == [at(10)]
    assert released(merger.release(merger.horizon(idle=["p", "q"])))[0] == [at(20)]


@pytest.mark.parametrize(("second", "fate"), [(8, TAKEN), (7, LATE), (9, TAKEN)])
def test_whether_an_event_is_late_follows_from_its_own_partition(second: int, fate: Fate) -> None:
    merger = a_merger(lateness=LATENESS)
    take(merger, "q", at(30))

    assert take(merger, "p", at(10), at(second)) == [TAKEN, fate]
    assert not merger.unsettled


def test_a_late_event_waits_until_its_place_is_passed() -> None:
    merger = a_merger(lateness=LATENESS)
    take(merger, "q", at(10))
    assert take(merger, "p", at(20), at(15)) == [TAKEN, LATE]
    merger.defer(CODEC.frame([at(15)]))
    merger.release(merger.horizon(idle=["p"]))
    assert rows_of(merger.late()) == []

    merger.release(FOREVER)
    assert rows_of(merger.late()) == [at(15)]
    assert rows_of(merger.late()) == []


def test_what_was_passed_over_and_comes_then_is_late_and_follows_from_more_than_the_log() -> None:
    merger = a_merger()
    take(merger, "p", at(10))
    merger.release(merger.horizon(idle=["p", "q"]))

    assert take(merger, "q", at(9)) == [LATE]
    assert merger.unsettled


def test_an_id_counts_once() -> None:
    merger = a_merger(lateness=LATENESS)

    assert take(merger, "p", at(10, "a"), at(11, "a"), at(11, "b")) == [TAKEN, DUPLICATE, TAKEN]
    assert take(merger, "q", at(11, "a")) == [DUPLICATE]


def test_an_event_that_waits_for_its_label_has_come_before() -> None:
    merger = a_merger("p", waits=["a"])

    assert take(merger, "p", at(10, "a"), at(10, "b")) == [DUPLICATE, TAKEN]


def test_an_event_that_is_so_late_that_its_id_may_have_come_before_is_not_scored() -> None:
    merger = a_merger()

    assert take(merger, "p", at(3 * 3600), at(3600)) == [TAKEN, FORGOTTEN]


def test_what_the_artifact_has_seen_is_past() -> None:
    merger = a_merger(after=Key(10 * SECOND, "e10"))
    labels = [Label(second * SECOND, "e10", 1) for second in (10, 11)]

    assert take(merger, "p", at(10), at(10, "e11")) == [PAST, TAKEN]
    assert take(merger, "q", *labels) == [PAST, TAKEN]


def test_a_late_label_counts_from_now_on() -> None:
    merger = a_merger()
    labels = Label(20 * SECOND, "a", 1), Label(5 * SECOND, "b", 1)
    assert take(merger, "q", *labels) == [TAKEN, LATE]
    take(merger, "p", at(30))

    assert released(merger.release(FOREVER))[1] == [
        Label(20 * SECOND, "a", 1),
        Label(20 * SECOND, "b", 1),
    ]


def test_a_label_that_is_far_too_late_does_not_count() -> None:
    merger = a_merger()
    labels = Label(LABELS_REMEMBERED + 2 * SECOND, "a", 1), Label(SECOND, "b", 1)

    assert take(merger, "q", *labels) == [TAKEN, FORGOTTEN]


def test_where_a_predecessor_has_passed_an_unread_event_is_late() -> None:
    merger = a_merger()
    assert take(merger, "p", at(10)) == [TAKEN]
    assert take(merger, "q", at(12), floor=Key(20 * SECOND, "e20")) == [LATE]


@given(parts=logs(), middle=st.integers(0, 40))
def test_a_merger_restored_in_the_middle_has_the_same_future(parts: Parts, middle: int) -> None:
    messages = [(p, m) for p, part in enumerate(parts) for m in part]
    one, two = a_merger(range(4), LATENESS), a_merger(range(4), LATENESS)
    for number, (partition, message) in enumerate(messages):
        if number == middle:
            two.restore(one.state())
        for merger in (one, two) if number >= middle else (one,):
            take(merger, partition, message)
    if middle < len(messages):
        assert released(one.release(FOREVER)) == released(two.release(FOREVER))


def test_ids_are_remembered_for_a_while_and_not_for_ever() -> None:
    merger = a_merger("p")
    for first in range(0, 50_000, 100):
        take(merger, "p", *(at(number * 60) for number in range(first, first + 100)))
        merger.release(merger.horizon())

    assert len(merger.state()["seen"][0]) <= FEW
