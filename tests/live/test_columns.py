"""Messages that are read together say what they say one by one, or are looked at one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from workbench.live import columns
from workbench.live.columns import Doubtful
from workbench.live.fields import BadMessage, read_time, read_times, spell
from workbench.live.messages import (
    EventCodec,
    decode_label,
    encode_answers,
    encode_labels,
    label_frame,
)
from workbench.streams.schema import TIME, Column, Schema
from workbench.streams.values import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCHEMA = Schema(
    version=1,
    columns=(
        Column("who", "text", "Who", entity=True),
        Column("kind", "text", "What", required=False, allowed=("view", "cart")),
        Column("count", "integer", "How many", minimum=0, maximum=10),
        Column("level", "real", "How much", required=False, minimum=-1.5),
        Column("price", "integer", "What for", required=False, required_when=("kind", ("cart",))),
    ),
    routing="who",
)
CODEC = EventCodec(SCHEMA)
TIMES = ("2024-01-01T00:00:00.000001Z", "2024-02-30T00:00:00.000000Z", "2024-01-01T01:00:00+01:00")
EVENT = {"event_id": "7", "event_time": TIMES[0], "who": "a", "count": 3}
LABEL = {"event_id": "7", "label": 1, "known_at": TIMES[0]}
ANY = st.sampled_from(
    [
        *(None, "", "a", "view", "cart", "x" * 300, *TIMES, spell(0), spell(LATEST), "é\ud7ff😀"),
        *(True, False, 0, 1, 3, 10, 11, -1, -2, 1 << 62, 1 << 63, -(1 << 63) - 1),
        *(3.0, 0.5, -1.5, 1e300, [], {}, ["a"], {"a": 1}, '"a":1', "{", "["),
    ]
)
SPELLINGS: tuple[Callable[[bytes], bytes | None], ...] = (
    lambda message: message,
    lambda message: message.replace(b":", b" : "),
    lambda message: message.replace(b",", b",\n\t"),
    lambda message: b" " + message + b"\r\n",
    lambda message: b'{"count":4,' + message[1:],
    lambda message: b'{"count" :4,' + message[1:],
    lambda message: message.replace(b'"', b'"\xff', 1),
    lambda message: message[:-1],
    lambda message: message + message,
    lambda message: b"[" + message + b"]",
    lambda message: message.replace(b"3", b"NaN"),
    lambda message: message + b" " * (1 << 20),
    lambda _: b'"text"',
    lambda _: None,
)


def written(values: Sequence[Any], at: int = LATEST) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.full(len(values), at)


@st.composite
def messages(draw: st.DrawFn, good: dict[str, Any]) -> list[bytes | None]:
    """Messages of which most are good, and each that is not is so in one way or two."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        names = st.sampled_from([*good, "kind", "level", "price", "unknown"])
        document = good | draw(st.dictionaries(names, ANY, max_size=2))
        spelling = draw(
            st.sampled_from(SPELLINGS) if draw(st.booleans()) else st.just(SPELLINGS[0])
        )
        found.append(spelling(_dumps(document)))
    return found


def _dumps(document: dict[str, Any]) -> bytes:
    import json  # which writes integers of any size

    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


@given(values=messages(EVENT))
def test_events_that_are_read_together_are_good_and_the_same_one_by_one(
    values: list[bytes | None],
) -> None:
    try:
        frame = columns.events(values, written(values), SCHEMA)
    except Doubtful:
        return
    assert frame.equals(CODEC.frame([CODEC.decode(value, LATEST) for value in values]))
    assert frame.schema == SCHEMA.events


@given(values=messages(LABEL))
def test_labels_that_are_read_together_are_good_and_the_same_one_by_one(
    values: list[bytes | None],
) -> None:
    try:
        frame = columns.labels(values, written(values))
    except Doubtful:
        return
    assert frame.equals(label_frame([decode_label(value, LATEST) for value in values]))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"kind": "view", "level": 2, "price": None, "unknown": True},
        {"kind": "cart", "price": 1 << 62},
        {"kind": "", "level": -1.5, "count": 0},
        {"event_time": TIMES[2], "who": 'a"é'},
    ],
    ids=str,
)
def test_what_is_good_is_not_doubted(change: dict[str, Any]) -> None:
    values = [_dumps(EVENT), _dumps(EVENT | change)]

    frame = columns.events(values, written(values), SCHEMA)
    assert frame.equals(CODEC.frame([CODEC.decode(value, LATEST) for value in values]))


@pytest.mark.parametrize("spelling", SPELLINGS[4:])
def test_what_is_no_good_json_object_is_doubted(
    spelling: Callable[[bytes], bytes | None],
) -> None:
    values = [_dumps(EVENT), spelling(_dumps(EVENT))]

    with pytest.raises(Doubtful):
        columns.events(values, written(values), SCHEMA)


@pytest.mark.parametrize("prices", [(1 << 63,), (1, 1 << 63), (None, (1 << 64) - 1)], ids=str)
def test_an_integer_of_more_than_64_bits_is_doubted(prices: tuple[int | None, ...]) -> None:
    values = [_dumps(EVENT | {"price": price}) for price in prices]

    with pytest.raises(Doubtful):
        columns.events(values, written(values), SCHEMA)


def test_a_time_far_after_its_own_message_was_written_is_doubted() -> None:
    values, time = [_dumps(EVENT)] * 2, read_time(TIMES[0], "t")
    day = 86_400_000_000

    columns.events(values, np.array([time, time - day]), SCHEMA)
    with pytest.raises(Doubtful):
        columns.events(values, np.array([time, time - day - 1]), SCHEMA)


@given(
    time=st.integers(0, LATEST - 1),
    place=st.integers(0, 27),
    sign=st.sampled_from([*"0123456789-:T.Z+ tz٣", ""]),
)
@example(time=0, place=27, sign="")
def test_times_are_read_together_as_one_by_one(time: int, place: int, sign: str) -> None:
    text = spell(time)
    text = text[:place] + sign + text[place + 1 :]
    found = read_times([spell(time), text])

    if text == spell(time):
        assert_array_equal(found, [time, time])
    if found is not None and 0 <= found[1] < LATEST:
        assert found[1] == read_time(text, "t")
    elif found is not None:
        with pytest.raises(BadMessage):
            read_time(text, "t")


def test_texts_of_other_lengths_do_not_make_up_for_each_other() -> None:
    assert read_times([TIMES[0][:-1], "Z" + TIMES[0]]) is None


@given(st.lists(st.tuples(st.text(), st.floats(width=64)), min_size=1))
def test_scores_come_back_bit_for_bit(rows: list[tuple[str, float]]) -> None:
    ids, scores = zip(*rows, strict=True)
    frame = pl.DataFrame({"entity": ids, "event_id": ids, "score": scores})

    keys, values = encode_answers(frame)
    back = [orjson.loads(value) for value in values]

    assert keys == [text.encode() for text in ids]
    assert [row["event_id"] for row in back] == list(ids)
    expected = np.where(np.isfinite(scores), scores, np.nan)
    found = np.array([row["score"] for row in back], np.float64)
    assert found.tobytes() == np.where(np.isnan(found), np.nan, expected).tobytes()


def test_what_is_answered_is_written_with_its_fields_in_their_order() -> None:
    frame = pl.DataFrame(
        {
            "entity": ["s"],
            "event_id": ["7"],
            "event_time": pl.Series([1], dtype=pl.Int64).cast(TIME),
            "items": [["a", 'b"']],
            "late": [False],
        }
    )
    expected = b'{"event_id":"7","event_time":"%s","items":["a","b\\""],"late":false}'

    assert encode_answers(frame) == ([b"s"], [expected % spell(1).encode()])


def test_labels_are_written_as_they_are_read() -> None:
    values = encode_labels(label_frame([decode_label(_dumps(LABEL), LATEST)]))

    assert values == [_dumps(LABEL)]
