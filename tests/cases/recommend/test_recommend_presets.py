"""Clicks, invoices and ratings of others become interactions; what is none is kept aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from workbench.cases.recommend import CASE
from workbench.cases.recommend.presets import shuffled
from workbench.errors import StreamError
from workbench.streams.importer import ImportReport, import_file
from workbench.streams.recorded import Stream
from workbench.streams.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Callable

RETAIL = Path(__file__).parents[4] / "shared" / "data" / "online_retail.parquet"

INVOICES = pl.DataFrame(
    {
        "InvoiceNo": ["536365"] * 4 + ["536366"] * 2 + ["C536379", "A563186"],
        "StockCode": ["85123A", "71053", "84406B", "POST", "22633", "85123A", "85123A", "B"],
        "Description": ["HOLDER", "LANTERN", None, "POSTAGE", "WARMER", "HOLDER", "HOLDER", "Debt"],
        "Quantity": [6, 6, 8, 1, 6, 1, -1, 1],
        "UnitPrice": [2.55, 3.39, 0.0, 15.0, 1.85, 0.001, 2.55, -11062.06],
        "CustomerID": [17850.0] * 4 + [None, None, 14527.0, None],
        "Country": ["United Kingdom"] * 8,
        "ts": ["2010-12-01 08:26:00"] * 6 + ["2010-12-01 09:41:00", "2011-08-12 14:51:00"],
    }
)
CLICKS = pl.DataFrame(
    {
        "session": [1, 1, 2, None],
        "item": [214536502, 214536500, 214536502, 7],
        "ts": [f"2014-04-07T10:51:0{k}.277Z" for k in range(4)],
    }
)
RATINGS = pl.DataFrame(
    {
        "user": [196, 186, 196, 22, 244],
        "item": [242, 302, 377, 51, 346],
        "rating": [5, 3, 5, 1, 6],
        "ts": [881250949, 891717742, 878887116, 880606923, 886397596],
    }
)


def save(frame: pl.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix == ".jsonl":
        frame.write_ndjson(path)
    else:
        frame.write_parquet(path)
    return path


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., tuple[ImportReport, pl.DataFrame]]:
    """Import rows, written in some format; return the report and the events."""

    def _load(
        rows: pl.DataFrame, preset: str, suffix: str = ".parquet"
    ) -> tuple[ImportReport, pl.DataFrame]:
        source = save(rows, tmp_path / f"source{suffix}")
        report = import_file("recommend", source, tmp_path / "out", preset)
        stream = Stream.open(report.path, "recommend")
        stream.verify()
        return report, pl.concat(list(stream.batches()))

    return _load


@pytest.mark.parametrize("preset", CASE.presets)
def test_each_preset_fits_the_case(preset: str, tmp_path: Path) -> None:
    with pytest.raises(StreamError, match="no such file"):
        import_file("recommend", tmp_path / "nothing.csv", tmp_path / "out", preset)


# Online Retail


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_invoice_lines_become_purchases(load: Callable[..., Any], suffix: str) -> None:
    report, events = load(INVOICES, "online-retail", suffix)
    assert (report.rows, report.events, report.labels) == (8, 6, 0)
    assert report.unknown_columns == ()
    assert report.quarantined == {"price: below 0": 1, "quantity: below 1": 1}
    line = events.row(by_predicate=pl.col("event_id") == "0", named=True)
    assert line.pop("event_time").isoformat(timespec="minutes") == "2010-12-01T08:26+00:00"
    assert line == {
        "event_id": "0",
        "session": "536365",
        "visitor": "17850",
        "item": "85123A",
        "kind": "purchase",
        "quantity": 6,
        "price": 255,
        "on_hand": None,
        "title": "HOLDER",
    }


def test_guests_are_no_visitors_and_what_costs_next_to_nothing_is_bought(
    load: Callable[..., Any],
) -> None:
    _, events = load(INVOICES, "online-retail")
    guest = events.row(by_predicate=pl.col("event_id") == "5", named=True)
    assert (guest["visitor"], guest["price"]) == (None, 0)


def test_descriptions_may_be_absent(load: Callable[..., Any]) -> None:
    report, events = load(INVOICES.drop("Description"), "online-retail")
    assert report.unknown_columns == ()
    assert events["title"].null_count() == events.height


def test_invoices_stay_together_and_their_lines_are_shuffled(load: Callable[..., Any]) -> None:
    n = 200
    lines = pl.concat([INVOICES[[0, 4]]] * (n // 2))
    _, events = load(lines, "online-retail")
    assert events["event_time"].dt.microsecond().to_list() == list(range(n))
    assert events["session"].to_list() == ["536365"] * (n // 2) + ["536366"] * (n // 2)
    order = events["event_id"].cast(pl.Int64).to_numpy()[: n // 2]
    assert sorted(order) == list(range(0, n, 2))
    assert abs(np.corrcoef(order, np.arange(n // 2))[0, 1]) < 0.3


def test_a_line_that_is_refused_moves_no_other() -> None:
    lines = pl.DataFrame(
        {
            "source_row": range(50),
            "session": ["1", "2"] * 25,
            "event_time": pl.Series([0] * 50).cast(TIME),
        }
    )
    without = shuffled(lines.filter(pl.col("source_row") != 30))["source_row"].to_list()
    assert without == [k for k in shuffled(lines)["source_row"].to_list() if k != 30]


@pytest.mark.skipif(not RETAIL.exists(), reason=f"the real invoices are not there: {RETAIL}")
def test_the_real_invoices_are_imported_whole(tmp_path: Path) -> None:
    report = import_file("recommend", RETAIL, tmp_path / "out", "online-retail")
    assert (report.rows, report.events) == (541_909, 531_283)
    assert report.quarantined == {"price: below 0": 2, "quantity: below 1": 10_624}
    assert (report.start[:16], report.end[:16]) == ("2010-12-01T08:26", "2011-12-09T12:50")


# YooChoose


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_clicks_become_views(load: Callable[..., Any], suffix: str) -> None:
    report, events = load(CLICKS, "yoochoose", suffix)
    assert report.quarantined == {"session: missing": 1}
    assert events["session"].to_list() == ["1", "1", "2"]
    assert events["item"][0] == "214536502"
    assert events["kind"].unique().to_list() == ["view"]
    assert events["visitor"].null_count() == 3
    assert events["event_time"][1].isoformat() == "2014-04-07T10:51:01.277000+00:00"


@pytest.mark.parametrize(
    "times",
    [
        pl.Series([1396867861, 1396867862, 1396867863, 1396867864]),
        pl.Series([1396867861.0, 1396867862.0, 1396867863.0, 1396867864.0]),
        pl.Series([1396867861, 1396867862, 1396867863, 1396867864]) * 1000,
        pl.Series([1396867861, 1396867862, 1396867863, 1396867864]) * 1_000_000_000,
        pl.Series([1396867861, 1396867862, 1396867863, 1396867864]).cast(pl.String),
        (pl.Series([1396867861, 1396867862, 1396867863, 1396867864]) * 1_000_000).cast(
            pl.Datetime("us")
        ),
        pl.Series([f"2014-04-07 10:51:0{k}" for k in (1, 2, 3, 4)]),
    ],
    ids=["seconds", "real seconds", "milliseconds", "nanoseconds", "text", "times", "ISO"],
)
def test_times_of_clicks_may_be_counted_or_spelled(
    load: Callable[..., Any], times: pl.Series
) -> None:
    _, events = load(CLICKS.with_columns(times.alias("ts")), "yoochoose")
    assert events["event_time"].dt.epoch("s").to_list() == [1396867861, 1396867862, 1396867863]


# MovieLens


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_the_best_ratings_become_views_in_the_session_of_their_user(
    load: Callable[..., Any], suffix: str
) -> None:
    report, events = load(RATINGS, "movielens", suffix)
    assert report.unknown_columns == ()
    assert report.quarantined == {"rating: above 5": 1, "rating: below 5": 2}
    assert events.select("event_id", "session", "visitor", "item", "kind").rows() == [
        ("2", "196", "196", "377", "view"),
        ("0", "196", "196", "242", "view"),
    ]
    assert events["event_time"].dt.epoch("s").to_list() == [878887116, 881250949]


@pytest.mark.parametrize(
    ("rating", "reason"), [("", "rating: missing"), ("good", "rating: not a number")]
)
def test_what_is_no_rating_is_kept_aside(
    load: Callable[..., Any], rating: str, reason: str
) -> None:
    rows = RATINGS.cast({"rating": pl.String})
    rows[1, "rating"] = rating
    report, _ = load(rows, "movielens", ".csv")
    assert report.quarantined[reason] == 1


def test_a_file_without_ratings_says_so(load: Callable[..., Any]) -> None:
    with pytest.raises(StreamError, match="all 5 rows are bad: 5 × rating: missing"):
        load(RATINGS.drop("rating"), "movielens")


# Any other shop


MAP = """
event_time = { column = "at", format = "any" }
[columns]
session = "visit"
item = { column = "article", whole = true }
kind = { column = "what", values = { addtocart = "cart", transaction = "purchase" } }
quantity = "n"
price = { column = "cost", scale = 100 }
on_hand = "left"
title = { column = "name", optional = true }
"""
ROW = {"at": "2015-06-02T05:02:12Z", "visit": "v", "article": "7.0", "what": "view"} | {
    "n": "",
    "cost": "",
    "left": "",
}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "view"),
        ({"what": "addtocart", "n": "2"}, "cart"),
        ({"what": "transaction", "n": "2", "cost": "9.99"}, "purchase"),
        ({"what": "stock", "left": "0", "visit": ""}, "stock"),
        ({"what": "wish"}, "kind: not one of view, cart, purchase, stock"),
        ({"what": ""}, "kind: missing"),
        ({"visit": ""}, "session: missing"),
        ({"article": ""}, "item: missing"),
        ({"n": "0"}, "quantity: below 1"),
        ({"n": "-2"}, "quantity: below 1"),
        ({"n": "1.5"}, "quantity: not a whole number"),
        ({"cost": "-0.01"}, "price: below 0"),
        ({"cost": "cheap"}, "price: not a number"),
        ({"what": "stock", "left": "-1", "visit": ""}, "on_hand: below 0"),
        ({"what": "stock", "visit": ""}, "on_hand: missing"),
    ],
)
def test_rows_of_any_shop_are_events_or_have_a_reason(
    tmp_path: Path, row: dict[str, str], expected: str
) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    rows = pl.DataFrame([ROW, {**ROW, **row}])
    source = save(rows, tmp_path / "shop.csv")
    report = import_file("recommend", source, tmp_path / "out", map_file=tmp_path / "map.toml")
    if report.quarantined:
        assert report.quarantined == {expected: 1}
        bad = pl.read_parquet(report.path / "quarantine.parquet")
        assert json.loads(bad["row"][0]) == rows.row(1, named=True)
    else:
        events = pl.concat(list(Stream.open(report.path).batches()))
        assert events["item"].to_list() == ["7", "7"]
        assert events["kind"][1] == expected
