"""A file of another program becomes a stream; what cannot be used is kept aside and counted."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from workbench.errors import BadInput, ParameterError
from workbench.streams import sources
from workbench.streams.importer import ImportReport, import_file
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def handbook(n: int = 50) -> pl.DataFrame:
    """Rows as the handbook's simulator writes them."""
    i = pl.int_range(n, eager=True)
    return pl.DataFrame(
        {
            "TRANSACTION_ID": i,
            "TX_DATETIME": (i * 600_000_000 + 1_522_540_800_000_000).cast(pl.Datetime("us")),
            "CUSTOMER_ID": i % 5,
            "TERMINAL_ID": i % 4,
            "TX_AMOUNT": (i * 7 % 90) + 0.99,
            "TX_TIME_SECONDS": i * 600,
            "TX_TIME_DAYS": i // 144,
            "TX_FRAUD": (i % 10 == 3).cast(pl.Int64),
            "TX_FRAUD_SCENARIO": pl.select(pl.when(i % 10 == 3).then(i % 3 + 1).otherwise(0))
            .to_series()
            .cast(pl.Int64),
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
def load(tmp_path: Path) -> Callable[..., ImportReport]:
    """Import a file with the handbook's preset."""

    def _load(source: Path, **options: Any) -> ImportReport:
        return import_file("fraud", source, tmp_path / "out", preset="handbook", **options)

    return _load


def test_the_handbook_preset_makes_a_stream(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    report = load(save(handbook(), tmp_path / "tx.parquet"))
    assert (report.rows, report.events, report.labels, report.positives) == (50, 50, 50, 5)
    assert (report.quarantined, report.unknown_columns) == ({}, ())
    stream = Stream.open(report.path, "fraud")
    stream.verify()
    first = next(stream.batches()).row(0, named=True)
    assert first["event_id"] == "0"
    assert first["event_time"].isoformat() == "2018-04-01T00:00:00+00:00"
    assert (first["card"], first["terminal"], first["amount"]) == ("0", "0", 99)
    assert not stream.labels_have_known_at
    assert stream.pattern()["pattern"].to_list() == [
        f"scenario {i % 3 + 1}" for i in range(3, 50, 10)
    ]
    assert stream.manifest.origin["file"] == "tx.parquet"
    assert stream.manifest.origin["preset"] == "handbook"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_every_format_makes_the_same_stream(
    tmp_path: Path, load: Callable[..., ImportReport], suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = Stream.open(load(save(handbook(), tmp_path / "tx.parquet")).path).hash
    monkeypatch.setattr(sources, "SIZE", 7)
    assert Stream.open(load(save(handbook(), tmp_path / f"tx{suffix}")).path).hash == expected


def test_a_compressed_file_is_read(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    packed = tmp_path / "tx.csv.gz"
    packed.write_bytes(gzip.compress(save(handbook(), tmp_path / "tx.csv").read_bytes()))
    assert load(packed).events == 50


def test_rows_in_any_order_are_put_in_the_total_order(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    mixed = handbook().sample(fraction=1, shuffle=True, seed=1)
    expected = Stream.open(load(save(handbook(), tmp_path / "a.parquet")).path).hash
    assert Stream.open(load(save(mixed, tmp_path / "b.parquet")).path).hash == expected


def test_bad_rows_go_to_quarantine_and_are_counted(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    text = save(handbook(6), tmp_path / "tx.csv").read_text().splitlines()
    text[2] = text[2].replace("7.99", "a lot")
    text[4] = "3,2018"
    text.append(text[1])
    (tmp_path / "tx.csv").write_text("\n".join(text) + "\n\n")
    report = load(tmp_path / "tx.csv")
    assert (report.rows, report.events) == (7, 4)
    assert report.quarantined == {
        "amount: not a number": 1,
        "duplicate event_id": 1,
        "malformed line: 2 fields where the header has 9": 1,
    }
    bad = pl.read_parquet(report.path / "quarantine.parquet")
    assert bad["source_row"].to_list() == [1, 3, 6]
    assert json.loads(bad["row"][0])["TX_AMOUNT"] == "a lot"
    assert json.loads(bad["row"][1]) == "3,2018"
    assert json.loads(bad["row"][2])["TRANSACTION_ID"] == "0"
    assert "7 rows → 4 events" in str(report)
    assert "1 × duplicate event_id" in str(report)
    assert json.loads(json.dumps(report.to_dict()))["quarantined"] == report.quarantined


def test_a_malformed_json_line_is_a_bad_row_and_no_crash(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    lines = save(handbook(5), tmp_path / "tx.jsonl").read_text().splitlines()
    lines[1] = lines[1][:30]
    lines[3] = "[1, 2]"
    (tmp_path / "tx.jsonl").write_text("\n".join(lines))
    report = load(tmp_path / "tx.jsonl")
    assert (report.rows, report.events, sum(report.quarantined.values())) == (5, 3, 2)
    bad = pl.read_parquet(report.path / "quarantine.parquet")
    assert bad["source_row"].to_list() == [1, 3]
    assert json.loads(bad["row"][1]) == "[1, 2]"


def test_json_values_of_mixed_types_are_read_one_by_one(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    rows = json.loads(handbook(4).with_columns(pl.col("TX_DATETIME").dt.to_string()).write_json())
    rows[1]["TX_AMOUNT"] = "8.99"
    rows[2]["TX_AMOUNT"] = {"value": 1}
    del rows[3]["CUSTOMER_ID"]
    path = tmp_path / "tx.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    report = load(path)
    assert report.quarantined == {"amount: not a number": 1, "card: missing": 1}
    assert next(Stream.open(report.path).batches())["amount"].to_list() == [99, 899]


def test_unknown_columns_are_named_and_not_fatal(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    wide = handbook().with_columns(colour=pl.lit("red"), shape=pl.lit("round"))
    report = load(save(wide, tmp_path / "tx.parquet"))
    assert report.unknown_columns == ("colour", "shape")
    assert "2 unknown column(s) not imported: colour, shape" in str(report)


def test_the_scenario_may_be_absent(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    report = load(save(handbook().drop("TX_FRAUD_SCENARIO"), tmp_path / "tx.parquet"))
    assert Stream.open(report.path).pattern().height == 0
    assert Stream.open(report.path).truth is None


def test_progress_is_told_in_rows(
    tmp_path: Path, load: Callable[..., ImportReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SIZE", 20)
    told: list[int] = []
    load(save(handbook(), tmp_path / "tx.parquet"), progress=told.append)
    assert told == [20, 40, 50]


def test_a_mapping_of_ones_own_columns(tmp_path: Path) -> None:
    (tmp_path / "tx.csv").write_text(
        "booked;pan;shop;chf;verdict;learned\n"
        "31.12.2023 23:30;4000;S1;12.50;Y;05.01.2024\n"
        "01.01.2024 00:10;4001;S2;7;N;\n"
        "01.01.2024 00:20;4002;S2;7;;\n",
    )
    (tmp_path / "map.toml").write_text(
        """
        delimiter = ";"
        [event_time]
        column = "booked"
        format = "%d.%m.%Y %H:%M"
        zone = "Europe/Zurich"
        [columns]
        card = "pan"
        terminal = "shop"
        amount = { column = "chf", scale = 100 }
        [label]
        column = "verdict"
        positive = ["Y"]
        known_at = { column = "learned", format = "%d.%m.%Y", zone = "Europe/Zurich" }
        """
    )
    report = import_file(
        "fraud", tmp_path / "tx.csv", tmp_path / "out", map_file=tmp_path / "map.toml"
    )
    stream = Stream.open(report.path)
    events = pl.concat(list(stream.batches()))
    assert events["event_id"].to_list() == ["0", "1", "2"]
    assert events["event_time"][0].isoformat() == "2023-12-31T22:30:00+00:00"
    assert events["amount"].to_list() == [1250, 700, 700]
    labels = pl.concat(list(stream.labels()))
    assert labels.select("event_id", "label").rows() == [("0", 1), ("1", 0)]
    assert labels["known_at"][0].isoformat() == "2024-01-04T23:00:00+00:00"
    assert labels["known_at"][1] is None
    assert stream.manifest.origin["map"] == "map.toml"


# --- what is refused, with nothing written


def refused(load: Callable[..., ImportReport], source: Path, message: str, **options: Any) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        load(source, **options)
    assert "\n" not in str(caught.value)
    assert source.name in str(caught.value)
    assert not list(source.parent.glob("out*"))


def test_strict_fails_on_a_bad_row(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    bad = handbook().with_columns(
        pl.when(pl.col("TRANSACTION_ID") == 7).then(-1.0).otherwise("TX_AMOUNT").alias("TX_AMOUNT")
    )
    message = r"--strict .1 bad row.*amount: below 0; the first is row 7"
    refused(load, save(bad, tmp_path / "tx.parquet"), message, strict=True)


def test_strict_fails_on_an_unknown_column(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    wide = save(handbook().with_columns(colour=pl.lit("red")), tmp_path / "tx.parquet")
    refused(load, wide, r"--strict .1 unknown column.s.: colour", strict=True)


def test_strict_passes_a_clean_file(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    assert load(save(handbook(), tmp_path / "tx.parquet"), strict=True).events == 50


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_an_empty_file(tmp_path: Path, load: Callable[..., ImportReport], suffix: str) -> None:
    path = tmp_path / f"tx{suffix}"
    path.touch()
    refused(load, path, "an empty file")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_without_rows(
    tmp_path: Path, load: Callable[..., ImportReport], suffix: str
) -> None:
    refused(load, save(handbook(0), tmp_path / f"tx{suffix}"), "it has no rows")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_column_that_is_not_there(
    tmp_path: Path, load: Callable[..., ImportReport], suffix: str
) -> None:
    path = save(handbook().drop("CUSTOMER_ID"), tmp_path / f"tx{suffix}")
    refused(load, path, "no column 'CUSTOMER_ID'; it has TRANSACTION_ID, TX_DATETIME")


def test_a_file_whose_rows_are_all_bad(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    bad = handbook().with_columns(pl.col("TX_AMOUNT") * -1)
    refused(load, save(bad, tmp_path / "tx.parquet"), "all 50 rows are bad: 50 × amount: below 0")


def test_a_truncated_parquet(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    path = save(handbook(), tmp_path / "tx.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    refused(load, path, "truncated or damaged")


def test_a_truncated_archive(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    path = tmp_path / "tx.csv.gz"
    path.write_bytes(gzip.compress(save(handbook(), tmp_path / "tx.csv").read_bytes())[:-20])
    refused(load, path, "not readable to its end")


def test_a_suffix_that_is_not_known(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    path = tmp_path / "tx.xlsx"
    path.write_text("x")
    refused(load, path, r"a file that ends in \.csv")


def test_a_file_that_is_not_there(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    refused(load, tmp_path / "none.csv", "no such file")


def test_a_folder(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    (tmp_path / "many.csv").mkdir()
    refused(load, tmp_path / "many.csv", "a folder")


def test_text_that_is_not_utf8(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    path = save(handbook(), tmp_path / "tx.csv")
    path.write_bytes(path.read_bytes() + "Zürich".encode("latin-1"))
    refused(load, path, "not UTF-8: byte 0xfc.*iconv")


def test_a_quote_that_is_never_closed_swallows_nothing(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    path = save(handbook(), tmp_path / "tx.csv")
    lines = path.read_text().splitlines()
    lines[10] = lines[10][:-1] + '"'
    lines[10] = lines[10].rsplit(",", 1)[0] + ',"0'
    path.write_text("\n".join(lines) + "\n")
    refused(load, path, "a quote opened in row 9 is still open in line 51")


def test_a_header_with_a_column_twice(tmp_path: Path, load: Callable[..., ImportReport]) -> None:
    path = tmp_path / "tx.csv"
    path.write_text("a,b,a\n1,2,3\n")
    refused(load, path, "the header 'a,b,a'")


def test_a_preset_that_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"'manual'.*handbook"):
        import_file("fraud", tmp_path / "tx.csv", tmp_path / "out", preset="manual")


@pytest.mark.parametrize("options", [{}, {"preset": "handbook", "map_file": "map.toml"}])
def test_exactly_one_of_preset_and_mapping(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="give one of the two"):
        import_file("fraud", tmp_path / "tx.csv", tmp_path / "out", **options)


def test_something_else_at_the_target_stays(
    tmp_path: Path, load: Callable[..., ImportReport]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(ParameterError, match="where something else is"):
        load(save(handbook(), tmp_path / "tx.parquet"))
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"
