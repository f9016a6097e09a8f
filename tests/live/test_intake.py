"""What a consumer polled is sorted into events, labels and what is neither, with its place."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from workbench.case import get_case
from workbench.live.fields import spell
from workbench.live.intake import FEW, TOGETHER, Bad, Batch, Intake
from workbench.live.messages import EventCodec
from workbench.live.topics import Topics

EVENTS, LABELS = TopicPartition("t.events", 3), TopicPartition("t.labels", 0)
NOON, AT_NOON = 1_704_110_400_000_000, datetime(2024, 1, 1, 12, tzinfo=UTC)
EVENT = {
    "event_id": "7",
    "event_time": spell(NOON),
    "card": "c",
    "terminal": "s",
    "amount": 1999,
    "area": None,
}
LABEL = {"event_id": "7", "label": 1, "known_at": spell(NOON)}


@pytest.fixture
def intake() -> Intake:
    return Intake(EventCodec(get_case("fraud").schema), Topics("t"))


def record(
    place: TopicPartition, offset: int, value: object, written: int = NOON // 1000
) -> ConsumerRecord:
    content = value if value is None or isinstance(value, bytes) else orjson.dumps(value)
    return ConsumerRecord(*place, 0, offset, written, 1, b"key", content, [], None, 3, 0, -1)


def contents(batches: list[Batch]) -> list[tuple[TopicPartition, int, tuple[object, ...]]]:
    return [
        (batch.place, offset, row)
        for batch in batches
        for offset, row in zip(batch.offsets.tolist(), batch.frame.rows(), strict=True)
    ]


def test_events_and_labels_come_with_their_places(intake: Intake) -> None:
    events, labels, bad = intake.read(
        {EVENTS: [record(EVENTS, 10, EVENT)], LABELS: [record(LABELS, 20, LABEL)]}
    )

    assert contents(events) == [(EVENTS, 10, ("7", AT_NOON, "c", "s", 1999, None))]
    assert contents(labels) == [(LABELS, 20, ("7", 1, AT_NOON))]
    assert bad == []


def test_a_bad_message_stops_none_of_those_around_it(intake: Intake) -> None:
    rows = [record(EVENTS, 0, EVENT), record(EVENTS, 1, b"{"), record(EVENTS, 2, EVENT)]

    events, _, bad = intake.read({EVENTS: rows})

    assert [offset for _, offset, _ in contents(events)] == [0, 2]
    assert bad == [Bad("t.events", 3, 1, "not JSON in UTF-8", b"{", b"key")]


def test_a_label_among_the_events_is_a_bad_event(intake: Intake) -> None:
    _, _, bad = intake.read({EVENTS: [record(EVENTS, 0, LABEL)]})

    assert bad[0].reason == "event_time: missing"


def test_messages_of_another_topic_are_bad(intake: Intake) -> None:
    other = TopicPartition("t.scores", 0)

    events, labels, bad = intake.read({other: [record(other, 5, EVENT)]})

    assert (events, labels) == ([], [])
    assert bad[0].reason == "neither a topic of events nor of labels"


def test_a_time_is_judged_by_when_its_message_was_written(intake: Intake) -> None:
    days_before = record(EVENTS, 0, EVENT, NOON // 1000 - 2 * 86_400_000)

    _, _, bad = intake.read({EVENTS: [days_before]})

    assert bad[0].reason == "event_time: more than a day after the message was written"


def test_without_a_time_stamp_every_possible_time_is_taken(intake: Intake) -> None:
    events, _, bad = intake.read({EVENTS: [record(EVENTS, 0, EVENT, written=-1)]})

    assert len(contents(events)) == 1
    assert bad == []


def test_a_poll_without_records_gives_nothing(intake: Intake) -> None:
    assert intake.read({}) == ([], [], [])


@pytest.mark.parametrize("bad_ones", [(), (0,), (TOGETHER + 5, 2 * TOGETHER + 5)], ids=str)
def test_many_messages_are_read_as_one_by_one(intake: Intake, bad_ones: tuple[int, ...]) -> None:
    rows = [
        record(EVENTS, at, None if at in bad_ones else EVENT | {"event_id": f"e{at}"})
        for at in range(2 * TOGETHER + FEW)
    ]

    [batch], _, bad = intake.read({EVENTS: rows})
    singly = [intake.read({EVENTS: [row]}) for row in rows]

    assert contents([batch]) == [row for found in singly for row in contents(found.events)]
    assert batch.written.tolist() == [NOON] * (len(rows) - len(bad_ones))
    assert bad == [message for found in singly for message in found.bad]
    assert [message.offset for message in bad] == list(bad_ones)
