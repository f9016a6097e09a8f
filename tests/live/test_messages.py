"""What a message must be, and the reason for which it is not."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.live.columns import Doubtful
from workbench.live.fields import BadMessage, read_time, spell
from workbench.live.messages import (
    EventCodec,
    Label,
    decode_label,
    encode_labels,
    label_frame,
    quarantined,
)
from workbench.streams.schema import Column, Schema
from workbench.streams.values import LATEST

SCHEMA = Schema(
    version=1,
    columns=(
        Column("who", "text", "Who", entity=True),
        Column("count", "integer", "How many", minimum=0, maximum=10),
        Column("level", "real", "How much", required=False),
    ),
    routing="who",
)
CODEC = EventCodec(SCHEMA)
GOOD = {"event_id": "7", "event_time": "2024-01-01T00:00:00.000001Z", "who": "a", "count": 3}


def reason(document: object, written: int = LATEST) -> str:
    value = document if isinstance(document, bytes) else orjson.dumps(document)
    with pytest.raises(BadMessage) as caught:
        CODEC.decode(value, written)
    return str(caught.value)


def test_a_good_event_is_read() -> None:
    event = CODEC.decode(orjson.dumps(GOOD | {"level": 1, "unknown": 7}), LATEST)

    assert event == (1_704_067_200_000_001, "7", ("a", 3, 1.0))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"event_id": None}, "event_id: missing"),
        ({"event_id": 7}, "event_id: not text"),
        ({"event_time": None}, "event_time: missing"),
        ({"event_time": "2024-01-01"}, "event_time: not a time"),
        ({"event_time": "2024-01-01T00:00:00"}, "event_time: not a time"),
        ({"event_time": 1704067200}, "event_time: not a time"),
        ({"event_time": "0001-01-01T00:00:00+23:59"}, "event_time: out of range"),
        ({"event_time": "9999-12-31T23:59:59-23:59"}, "event_time: out of range"),
        ({"who": None}, "who: missing"),
        ({"who": ""}, "who: missing"),
        ({"who": {"a": 1}}, "who: not a single value"),
        ({"who": 7}, "who: not text"),
        ({"unknown": [[]]}, "unknown: not a single value"),
        ({"count": "3"}, "count: not a number"),
        ({"count": True}, "count: not a number"),
        ({"count": 3.5}, "count: not a whole number"),
        ({"count": -1}, "count: below 0"),
        ({"count": 11}, "count: above 10"),
        ({"level": "high"}, "level: not a number"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, object], expected: str) -> None:
    assert reason(GOOD | change).startswith(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", "not JSON in UTF-8"),
        (b'{"event_id":"\xff"}', "not JSON in UTF-8"),
        (b'{"level":NaN}', "not JSON in UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "not JSON in UTF-8"),
        (b"[1]", "not a JSON object"),
        (b'{"event_id":"7","event_id":"8"}', "a name that comes twice"),
        (b'{"event_id" : "7" , "event_id" : "7"}', "a name that comes twice"),
        (b'"' + b"a" * (1 << 20) + b'"', "larger than 1,048,576 bytes"),
    ],
)
def test_what_is_no_object_is_named(value: bytes, expected: str) -> None:
    assert reason(value) == expected


DOORS = EventCodec(
    Schema(
        version=1,
        columns=(
            Column("place", "text", "Where", required=False, required_when=("kind", ("out",))),
            Column("kind", "text", "What", allowed=("in", "out")),
        ),
        routing="kind",
    )
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"kind": "in"}, None),
        ({"kind": "out", "place": "gate"}, None),
        ({"kind": "OUT", "place": "gate"}, "kind: not one of in, out"),
        ({"kind": ""}, "kind: missing"),
        ({"kind": "out"}, "place: missing"),
        ({"kind": "out", "place": ""}, "place: missing"),
    ],
)
def test_what_an_event_may_lack_depends_on_its_kind(
    change: dict[str, object], expected: str | None
) -> None:
    try:
        DOORS.decode(orjson.dumps(GOOD | change), LATEST)
        found = None
    except BadMessage as error:
        found = str(error)
    assert found == expected


def test_a_tombstone_is_named() -> None:
    with pytest.raises(BadMessage, match="tombstone"):
        CODEC.decode(None, LATEST)


def test_a_time_far_after_the_message_was_written_is_bad() -> None:
    written = read_time("2023-12-30T00:00:00Z", "t")

    assert reason(GOOD, written) == "event_time: more than a day after the message was written"


def test_text_that_looks_like_a_repeated_name_is_none() -> None:
    assert CODEC.decode(orjson.dumps(GOOD | {"who": 'a":'}), LATEST).values[0] == 'a":'


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1),
            st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)),
            st.text(min_size=1),
            st.integers(0, 10),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
        )
    )
)
def test_events_come_back_bit_for_bit(rows: list[tuple[str, datetime, str, int, float]]) -> None:
    frame = pl.DataFrame(rows, SCHEMA.events, orient="row")

    keys, messages = CODEC.encode(frame)
    back = CODEC.frame([CODEC.decode(message, LATEST) for message in messages])

    assert keys == [row[2].encode() for row in rows]
    assert back.equals(frame)
    signs = [[math.copysign(1, x) for x in f["level"] if x is not None] for f in (back, frame)]
    assert signs[0] == signs[1]


def test_labels_come_back() -> None:
    frame = label_frame([Label(0, "a", 1), Label(LATEST - 1, "b", 0)])

    assert [decode_label(m, LATEST) for m in encode_labels(frame)] == list(
        zip([0, LATEST - 1], "ab", [1, 0], strict=True)
    )


@pytest.mark.parametrize("label", [None, 2, -1, 0.5, "1", [1]], ids=repr)
def test_a_label_is_0_or_1(label: object) -> None:
    message = orjson.dumps({"event_id": "7", "label": label, "known_at": spell(0)})

    with pytest.raises(BadMessage, match="label: "):
        decode_label(message, LATEST)


def test_times_are_spelled_with_microseconds_and_z() -> None:
    moment = datetime(2018, 4, 1, 12, 0, 0, 5, UTC)

    assert spell(int(moment.timestamp()) * 1_000_000 + 5) == "2018-04-01T12:00:00.000005Z"


def test_quarantine_keeps_place_reason_and_the_beginning_of_a_message() -> None:
    kept = orjson.loads(quarantined("t", 1, 2, "why", b"\xff" + b"x" * 10_000))

    assert (kept["topic"], kept["partition"], kept["offset"], kept["reason"]) == ("t", 1, 2, "why")
    assert kept["bytes"] == 10_001
    assert kept["value"].startswith("\\xff")
    assert len(kept["value"]) < 5_000


def test_an_impossible_value_may_be_missing_and_counted_where_the_column_says_so() -> None:
    codec = EventCodec(
        Schema(
            version=1,
            columns=(
                Column("who", "text", "Who", entity=True),
                Column("pulse", "integer", "Pulse", required=False, maximum=300, discard="value"),
                Column("heat", "integer", "Heat", required=False, minimum=10, discard="value"),
            ),
            routing="who",
        )
    )
    message = orjson.dumps({**GOOD, "pulse": 999, "heat": "warm"})
    with pytest.raises(Doubtful):
        codec.together([message], np.array([LATEST]))
    assert codec.decode(message, LATEST).values == ("a", None, None)
    assert codec.cleared == {"pulse: above 300": 1, "heat: not a number": 1}
