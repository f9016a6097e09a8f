"""Every row becomes an event or goes to quarantine with the reason; none is lost."""

from __future__ import annotations

import json
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.cases.fraud.schema import SCHEMA
from workbench.streams import values
from workbench.streams.mapping import Mapping, TimeSource
from workbench.streams.schema import Column, Schema
from workbench.streams.validation import first_of_each, validate

MAPPING = Mapping.model_validate(
    {
        "event_id": "id",
        "event_time": "at",
        "columns": {"card": "card", "terminal": "shop", "amount": {"column": "a", "scale": 100}},
        "label": {"column": "fraud", "known_at": "known"},
        "pattern": {"column": "scenario", "prefix": "scenario "},
    }
)
ROW: dict[str, Any] = {
    "id": "1",
    "at": "2024-01-01 12:00:00",
    "card": "c",
    "shop": "s",
    "a": "53.99",
    "fraud": "1",
    "known": "2024-01-08T12:00:00Z",
    "scenario": "2",
}


def check(*rows: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    raw = pl.DataFrame([{**ROW, **row} for row in rows], strict=False, infer_schema_length=None)
    return validate(raw, MAPPING, SCHEMA)


def reason(**changes: Any) -> str | None:
    good, bad = check(changes)
    assert good.height + bad.height == 1
    return bad["reason"][0] if bad.height else None


def test_a_good_row_becomes_an_event_with_its_label() -> None:
    good, bad = check({})
    assert bad.height == 0
    event = good.row(0, named=True)
    assert event["event_id"] == "1"
    assert event["event_time"].isoformat() == "2024-01-01T12:00:00+00:00"
    assert event["amount"] == 5399
    assert event["area"] is None
    assert (event["label"], event["pattern"]) == (1, "scenario 2")
    assert event["known_at"].isoformat() == "2024-01-08T12:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": ""}, "event_id: missing"),
        ({"id": None}, "event_id: missing"),
        ({"at": None}, "event_time: missing"),
        ({"at": "noon"}, "event_time: not a time"),
        ({"at": "2024-02-30 00:00:00"}, "event_time: not a time"),
        ({"at": "1969-12-31 23:59:59"}, "event_time: out of range (before 1970 or after 2099)"),
        ({"at": "2100-01-01"}, "event_time: out of range (before 1970 or after 2099)"),
        ({"card": "  "}, "card: missing"),
        ({"shop": None}, "terminal: missing"),
        ({"a": ""}, "amount: missing"),
        ({"a": "much"}, "amount: not a number"),
        ({"a": "1,234.50"}, "amount: not a number"),
        ({"a": "NaN"}, "amount: not a number"),
        ({"a": "inf"}, "amount: not a number"),
        ({"a": "1e300"}, "amount: not a number"),
        ({"a": "12.345"}, "amount: not a whole number"),
        ({"a": "-0.01"}, "amount: below 0"),
        ({"a": "1000000.01"}, "amount: above 100,000,000"),
        ({"fraud": "maybe"}, "label: not one of 1, true, 0, false"),
        ({"known": "soon"}, "known_at: not a time"),
        ({"known": "2023-12-31"}, "known_at: before the event"),
    ],
)
def test_a_bad_row_has_a_reason(changes: dict[str, Any], expected: str) -> None:
    assert reason(**changes) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"fraud": "", "known": ""},
        {"fraud": "", "known": "never"},  # when nothing was learned matters to nobody
        {"fraud": "TRUE"},
        {"fraud": "0.0"},
        {"known": None},
        {"scenario": None},
        {"a": "0"},
        {"a": " 1e2 "},
        {"at": "2024-01-01"},
        {"at": "2024-01-01T12:00"},
        {"at": "2024-01-01T12:00:00.123456+02:00"},
        {"at": "2024-01-01 12:00:00Z"},
    ],
)
def test_what_can_be_read_is_good(changes: dict[str, Any]) -> None:
    assert reason(**changes) is None


def test_the_first_problem_is_the_reason() -> None:
    assert reason(id="", at="noon", a="much") == "event_id: missing"


def test_quarantine_keeps_the_row_as_it_was_and_where() -> None:
    good, bad = check({}, {"a": "much", "card": 'a "quoted" card'}, {})
    assert good["source_row"].to_list() == [0, 2]
    assert bad["source_row"].to_list() == [1]
    assert json.loads(bad["row"][0]) == {**ROW, "a": "much", "card": 'a "quoted" card'}


def test_rows_keep_the_numbers_they_are_given() -> None:
    raw = pl.DataFrame([ROW, {**ROW, "card": ""}])
    good, bad = validate(raw, MAPPING, SCHEMA, pl.Series([70, 90]))
    assert (good["source_row"].to_list(), bad["source_row"].to_list()) == ([70], [90])


def test_without_an_id_the_number_of_the_row_is_the_id() -> None:
    mapping = MAPPING.model_copy(update={"event_id": None})
    good, _ = validate(pl.DataFrame([ROW, ROW]), mapping, SCHEMA)
    assert good["event_id"].to_list() == ["0", "1"]


def test_no_rows_give_no_rows() -> None:
    good, bad = validate(pl.DataFrame([ROW]).head(0), MAPPING, SCHEMA)
    assert good.height == bad.height == 0
    assert bad.columns == ["source_row", "reason", "row"]


def test_typed_columns_are_read_like_text() -> None:
    raw = pl.DataFrame(
        {
            "id": [1, 2],
            "at": pl.Series([0, 1_500], dtype=pl.Datetime("ms")),
            "card": [7.0, None],  # as pandas stores whole numbers beside missing ones
            "shop": pl.Series(["x", "y"], dtype=pl.Categorical),
            "a": [53.99, float("nan")],
            "fraud": [True, False],
            "known": [None, None],
            "scenario": [0, 3],
        }
    )
    good, bad = validate(raw, MAPPING, SCHEMA)
    assert good.select("event_id", "card", "terminal", "amount", "label", "pattern").rows() == [
        ("1", "7", "x", 5399, 1, None)
    ]
    assert bad["reason"].to_list() == ["card: missing"]


def test_real_columns_keep_their_fractions_and_limits() -> None:
    schema = Schema(
        version=1,
        columns=(
            Column("pulse", "real", "Heart rate", minimum=0, maximum=300),
            Column("note", "real", "Optional", required=False),
        ),
        routing="pulse",
    )
    mapping = Mapping(event_time="t", columns={"pulse": "p", "note": {"column": "n", "scale": 0.5}})
    raw = pl.DataFrame(
        {"t": ["2024-01-01"] * 4, "p": [61.5, 60, None, 301], "n": ["3", "x", "", ""]}
    )
    good, bad = validate(raw, mapping, schema)
    assert good.select("pulse", "note").rows() == [(61.5, 1.5)]
    assert bad["reason"].to_list() == ["note: not a number", "pulse: missing", "pulse: above 300"]


CLICKS = Schema(
    version=1,
    columns=(
        Column("visit", "text", "Visit", required=False, required_when=("kind", ("view", "cart"))),
        Column("item", "text", "Item"),
        Column("kind", "text", "What", allowed=("view", "cart", "stock")),
        Column("left", "integer", "On hand", required=False, required_when=("kind", ("stock",))),
    ),
    routing="item",
)


def test_text_is_renamed_and_freed_of_fractions_and_constants_are_in_each_row() -> None:
    mapping = Mapping.model_validate(
        {
            "event_time": "t",
            "columns": {
                "visit": {"column": "v", "whole": True},
                "item": {"value": "i"},
                "kind": {"column": "k", "values": {"seen": "view"}},
                "left": {"value": 3},
            },
        }
    )
    raw = pl.DataFrame({"t": ["2024-01-01"] * 2, "v": ["17850.0", "1.5"], "k": ["seen", "cart"]})
    good, _ = validate(raw, mapping, CLICKS)
    assert good.select("visit", "item", "kind", "left").rows() == [
        ("17850", "i", "view", 3),
        ("1.5", "i", "cart", 3),
    ]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0, 4_102_444_799], [0, 4_102_444_799_000_000]),
        ([1_400_000_000_000, 1_400_000_000_000_000], [1_400_000_000_000_000] * 2),
        ([1_400_000_000_000_000_000, None], [1_400_000_000_000_000, None]),
        ([1_400_000_000.25, float("nan")], [1_400_000_000_250_000, None]),
        (["1400000000", "2014-05-13T16:53:20Z"], [1_400_000_000_000_000] * 2),
        (["-1", "soon"], [None, None]),
    ],
)
def test_a_time_of_any_format_is_a_count_or_iso(
    times: list[Any], expected: list[int | None]
) -> None:
    found, _ = values.instant(pl.Series(times), TimeSource(column="t", format="any"))
    assert found.to_physical().to_list() == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"kind": "view", "visit": "v"}, None),
        ({"kind": "stock", "left": "0"}, None),
        ({"kind": "sale", "visit": "v"}, "kind: not one of view, cart, stock"),
        ({"kind": "View", "visit": "v"}, "kind: not one of view, cart, stock"),
        ({"kind": "", "visit": "v"}, "kind: missing"),
        ({"kind": "cart"}, "visit: missing"),
        ({"kind": "stock", "visit": "v"}, "left: missing"),
        ({"kind": "stock", "left": "few"}, "left: not a number"),
    ],
)
def test_what_a_row_may_lack_depends_on_its_kind(row: dict[str, str], expected: str | None) -> None:
    mapping = Mapping.model_validate(
        {"event_time": "t", "columns": {c.name: c.name for c in CLICKS.columns}}
    )
    raw = pl.DataFrame([{"t": "2024-01-01", "item": "i", "visit": "", "left": "", **row}])
    _, bad = validate(raw, mapping, CLICKS)
    assert (bad["reason"].to_list() or [None]) == [expected]


def test_of_rows_with_one_id_the_first_in_time_stays() -> None:
    good, _ = check(
        {"id": "b", "at": "2024-01-02"},
        {"id": "b", "at": "2024-01-01"},
        {"id": "a", "at": "2024-01-01"},
        {"id": "a", "at": "2024-01-01"},
    )
    kept, repeated = first_of_each(good)
    assert kept.select("event_id", "source_row").rows() == [("a", 2), ("b", 1)]
    assert repeated.to_list() == [0, 3]


# --- values against an oracle


@settings(derandomize=True, max_examples=300)
@given(
    st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=4),
    st.sampled_from([1, 10, 100, 1000]),
    st.booleans(),
)
def test_money_is_exact_as_text_and_as_a_double(amount: Decimal, scale: int, as_text: bool) -> None:
    raw = pl.Series([str(amount) if as_text else float(amount)])
    read, problems = values.whole(raw, scale)
    product = amount * scale
    if product == product.to_integral_value():
        assert read.to_list() == [int(product)]
    else:
        assert read.to_list() == [None]
        assert problems[values.NOT_WHOLE].to_list() == [True]
    rounded, _ = values.whole(raw, scale, rounding=True)
    assert rounded.to_list() == [int(product.to_integral_value(ROUND_HALF_EVEN))]


@given(st.integers(-(2**63), 2**63 - 1))
@settings(derandomize=True)
def test_integers_keep_all_their_bits(number: int) -> None:
    for raw in (pl.Series([number], dtype=pl.Int64), pl.Series([str(number)])):
        assert values.whole(raw)[0].to_list() == [number]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_integers_of_more_bits_are_no_numbers(number: int) -> None:
    read, problems = values.whole(pl.Series([str(number)]))
    assert read.to_list() == [None]
    assert problems[values.NO_NUMBER].to_list() == [True]


def test_half_a_unit_is_not_cut_off() -> None:
    read, problems = values.whole(pl.Series([1.5, 2.0]))
    assert read.to_list() == [None, 2]
    assert problems[values.NOT_WHOLE].to_list() == [True, False]


@pytest.mark.parametrize(
    ("source", "raw", "expected"),
    [
        ({"format": "unix_s"}, [1_704_067_200], "2024-01-01T00:00:00+00:00"),
        ({"format": "unix_s"}, ["1704067200.25"], "2024-01-01T00:00:00.250000+00:00"),
        ({"format": "unix_ms"}, [1_704_067_200_250], "2024-01-01T00:00:00.250000+00:00"),
        ({"format": "unix_us"}, [1_704_067_200_000_001], "2024-01-01T00:00:00.000001+00:00"),
        ({"format": "%d.%m.%Y %H:%M"}, ["31.12.2023 23:30"], "2023-12-31T23:30:00+00:00"),
        ({"format": "%d.%m.%Y"}, ["31.12.2023"], "2023-12-31T00:00:00+00:00"),
        ({"format": "%Y-%m-%d %H:%M %z"}, ["2024-01-01 01:00 +0100"], "2024-01-01T00:00:00+00:00"),
        # What carries a zone keeps it, whatever the mapping says.
        ({"zone": "Asia/Tokyo"}, ["2024-01-01T00:00:00Z"], "2024-01-01T00:00:00+00:00"),
        ({"zone": "Asia/Tokyo"}, ["2024-01-01T00:00:00"], "2023-12-31T15:00:00+00:00"),
        # The hour that comes twice is taken the first time.
        ({"zone": "Europe/Zurich"}, ["2024-10-27 02:30:00"], "2024-10-27T00:30:00+00:00"),
    ],
)
def test_times_come_in_many_forms(source: dict[str, str], raw: list[Any], expected: str) -> None:
    read, _ = values.instant(pl.Series(raw), TimeSource(column="t", **source))
    assert read[0].isoformat() == expected


def test_an_hour_that_never_was_is_no_time() -> None:
    source = TimeSource(column="t", zone="Europe/Zurich")
    read, problems = values.instant(pl.Series(["2024-03-31 02:30:00"]), source)
    assert read.to_list() == [None]
    assert problems[values.NO_TIME].to_list() == [True]


def test_a_column_may_lose_a_value_and_keep_the_row() -> None:
    schema = Schema(
        version=1,
        columns=(
            Column("who", "text", "Who"),
            Column("pulse", "integer", "Pulse", required=False, maximum=300, discard="value"),
            Column("heat", "real", "Heat", required=False, minimum=10, discard="value"),
        ),
        routing="who",
    )
    mapping = Mapping.model_validate(
        {"event_time": "t", "columns": {"who": "who", "pulse": "pulse", "heat": "heat"}}
    )
    raw = pl.DataFrame(
        [
            {"t": "2024-01-01", "who": "a", "pulse": "999", "heat": "36.6"},
            {"t": "2024-01-01", "who": "a", "pulse": "---", "heat": "0"},
            {"t": "2024-01-01", "who": "", "pulse": "999", "heat": "0"},
        ]
    )
    cleared: Counter[str] = Counter()
    good, bad = validate(raw, mapping, schema, cleared=cleared)
    assert good.select("pulse", "heat").rows() == [(None, 36.6), (None, None)]
    assert bad["reason"].to_list() == ["who: missing"]
    # Of a row in quarantine nothing is counted twice.
    assert cleared == {"pulse: above 300": 1, "pulse: not a number": 1, "heat: below 10": 1}
