"""A stream is opened by path and read in order with bounded memory; damage has a name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from stream_examples import EPOCH, payments

from workbench.durations import HOUR
from workbench.errors import StreamError
from workbench.streams import writer as writing
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = datetime(2024, 1, 1, tzinfo=UTC)


def foreign(tmp_path: Path, events: pl.DataFrame, labels: pl.DataFrame | None = None) -> Path:
    """Write a stream as another program might: plain Parquet and a case."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "stream.json").write_text('{"case": "fraud"}')
    events.write_parquet(folder / "events-00000.parquet")
    if labels is not None:
        labels.write_parquet(folder / "labels-00000.parquet")
    return folder


def read(folder: Path, **options: Any) -> pl.DataFrame:
    return pl.concat(list(Stream.open(folder).batches(**options)))


# --- reading


@pytest.mark.parametrize("size", [1, 7, 100, 65_536])
def test_batches_are_at_most_the_size_asked_for(
    folder: Path, events: pl.DataFrame, size: int
) -> None:
    batches = list(Stream.open(folder).batches(size))
    assert all(0 < batch.height <= size for batch in batches)
    assert pl.concat(batches).equals(events)


def test_a_span_begins_inclusive_and_ends_exclusive(folder: Path, events: pl.DataFrame) -> None:
    span = read(folder, start=START + timedelta(hours=10), until=START + timedelta(hours=20))
    assert span.equals(events[10:20])
    assert read(folder, start=EPOCH + 10 * HOUR, until=EPOCH + 20 * HOUR).equals(span)
    assert list(Stream.open(folder).batches(start=START + timedelta(days=30))) == []


def test_row_groups_outside_the_span_are_not_read(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "GROUP_ROWS", 10)
    monkeypatch.setattr(writing, "PART_ROWS", 50)
    folder = write(payments(100))
    groups: list[int] = []
    iterate = pq.ParquetFile.iter_batches

    def watched(self: pq.ParquetFile, *args: Any, row_groups: list[int], **named: Any) -> Any:
        groups.extend(row_groups)
        return iterate(self, *args, row_groups=row_groups, **named)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watched)
    span = read(folder, start=EPOCH + 62 * HOUR, until=EPOCH + 65 * HOUR)
    assert span.equals(payments(100)[62:65])
    assert groups == [1]


def test_only_the_columns_asked_for_come_in_their_order(folder: Path, events: pl.DataFrame) -> None:
    assert read(folder, columns=["amount", "card"]).equals(events.select("amount", "card"))


def test_an_unknown_column_is_named(folder: Path) -> None:
    with pytest.raises(StreamError, match=r"'colour'.*event_id, event_time, card"):
        next(Stream.open(folder).batches(columns=["colour"]))


def test_what_loses_nothing_is_converted(tmp_path: Path, events: pl.DataFrame) -> None:
    stored = events.with_columns(
        pl.col("event_time").dt.replace_time_zone(None).dt.cast_time_unit("ns"),
        pl.col("amount").cast(pl.Int32),
        pl.col("card").cast(pl.Categorical),
    ).drop("area")
    assert read(foreign(tmp_path, stored)).equals(events)


def test_times_of_another_zone_are_turned_into_utc(tmp_path: Path, events: pl.DataFrame) -> None:
    stored = events.with_columns(
        pl.col("event_time").dt.convert_time_zone("Europe/Zurich").dt.cast_time_unit("ms")
    )
    assert read(foreign(tmp_path, stored)).equals(events)


def test_a_stream_without_statistics_is_read_all_the_same(
    tmp_path: Path, events: pl.DataFrame
) -> None:
    folder = foreign(tmp_path, events)
    events.write_parquet(folder / "events-00000.parquet", statistics=False)
    stream = Stream.open(folder)
    assert (stream.start, stream.end) == (START, START + timedelta(hours=99))
    assert read(folder, start=EPOCH + 50 * HOUR).equals(events[50:])


def test_labels_may_be_booleans_and_lack_known_at(
    tmp_path: Path, events: pl.DataFrame, labels: pl.DataFrame
) -> None:
    folder = foreign(tmp_path, events, labels.select("event_id", pl.col("label").cast(pl.Boolean)))
    stream = Stream.open(folder)
    stored = pl.concat(list(stream.labels()))
    assert stored["label"].equals(labels["label"])
    assert not stream.labels_have_known_at


# --- what is refused


def refused(folder: Path, message: str, case: str | None = None) -> None:
    with pytest.raises(StreamError, match=message) as caught:
        Stream.open(folder, case).verify()
    assert "\n" not in str(caught.value)


def test_a_missing_folder(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "nowhere .no such folder.*workbench simulate")


def test_a_folder_that_is_no_stream(tmp_path: Path) -> None:
    refused(tmp_path, r"it has no stream\.json")


def test_a_file_in_place_of_a_folder(folder: Path) -> None:
    refused(folder / "events-00000.parquet", "workbench import")


def test_a_stream_of_another_case(folder: Path) -> None:
    refused(folder, "of the case 'fraud'.*of the case 'vitals'", case="vitals")


def test_a_case_that_is_not_installed(folder: Path) -> None:
    (folder / "stream.json").write_text('{"case": "weather"}')
    refused(folder, "'weather'.*install the package")


def test_a_missing_part_is_named(folder: Path) -> None:
    (folder / "labels-00000.parquet").unlink()
    refused(folder, r"labels-00000\.parquet .the file is missing")


@pytest.mark.parametrize("keep", [0, 3, 500])
def test_a_truncated_part_is_named(folder: Path, keep: int) -> None:
    path = folder / "events-00000.parquet"
    path.write_bytes(path.read_bytes()[:keep])
    refused(folder, r"events-00000\.parquet .truncated or damaged")


def test_a_flipped_bit_is_found_by_verify(folder: Path) -> None:
    path = folder / "labels-00000.parquet"
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    refused(folder, r"labels-00000\.parquet .SHA-256")


def test_damaged_pages_are_named_when_they_are_read(folder: Path) -> None:
    path = folder / "events-00000.parquet"
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    with pytest.raises(StreamError, match=r"events-00000\.parquet .truncated or damaged"):
        list(Stream.open(folder).batches())


def test_other_rows_than_the_manifest_counts(folder: Path) -> None:
    document = json.loads((folder / "stream.json").read_text())
    document["parts"][0]["rows"] = 99
    (folder / "stream.json").write_text(json.dumps(document))
    refused(folder, "100 rows where the manifest has 99")


def test_an_empty_stream(write: Callable[..., Path], events: pl.DataFrame) -> None:
    refused(write(None), "no events")
    refused(write(events[:0], name="none"), "no events")


def test_labels_only(write: Callable[..., Path], labels: pl.DataFrame) -> None:
    refused(write(None, labels), "labels but no events")


def test_events_out_of_order_across_parts(
    write: Callable[..., Path], events: pl.DataFrame, tmp_path: Path
) -> None:
    folder = foreign(tmp_path, events[50:])
    events[:50].write_parquet(folder / "events-00001.parquet")
    refused(folder, r"events-00001\.parquet .event '10000000' comes after '10000099'")


def test_events_of_one_time_are_ordered_by_the_text_of_their_ids(
    tmp_path: Path, events: pl.DataFrame
) -> None:
    tied = events[:2].with_columns(pl.col("event_time").first(), event_id=pl.Series(["9", "10"]))
    refused(foreign(tmp_path, tied), "event '10' comes after '9' of the same time")


def test_a_repeated_event(tmp_path: Path, events: pl.DataFrame) -> None:
    twice = pl.concat([events[:3], events[2:3]])
    refused(foreign(tmp_path, twice), "'10000002' comes after '10000002'")


def test_an_event_that_comes_again_later(tmp_path: Path, events: pl.DataFrame) -> None:
    again = events[2:3].with_columns(event_time=pl.lit(events["event_time"][-1]))
    twice = pl.concat([events[:-1], again])
    refused(foreign(tmp_path, twice), "event '10000002' comes more than once")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (pl.col("amount").cast(pl.String), "'amount' of type String .* Int64"),
        (pl.col("amount").cast(pl.Float64), "'amount' of type Float64 .* Int64"),
        (pl.col("event_time").dt.to_string(), "'event_time' of type String"),
        (
            pl.when(pl.col("amount") > 0).then("card").alias("card"),
            r"1 missing value.*'card'.*row 0",
        ),
    ],
)
def test_a_column_that_cannot_be_used_is_named(
    tmp_path: Path, events: pl.DataFrame, damage: pl.Expr, message: str
) -> None:
    folder = foreign(tmp_path, events.with_columns(damage))
    with pytest.raises(StreamError, match=message):
        list(Stream.open(folder).batches())


def test_a_column_that_is_not_there_is_named(tmp_path: Path, events: pl.DataFrame) -> None:
    refused(foreign(tmp_path, events.drop("terminal")), "no column 'terminal'")


def test_a_label_that_is_neither_0_nor_1(
    tmp_path: Path, events: pl.DataFrame, labels: pl.DataFrame
) -> None:
    strange = labels.with_columns(pl.col("label") * 2)
    refused(foreign(tmp_path, events, strange), "the label 2 of event '10000000'")


def test_ground_truth_that_is_no_object(folder: Path) -> None:
    (folder / "truth.json").write_text("[]")
    with pytest.raises(StreamError, match=r"truth\.json"):
        _ = Stream.open(folder).truth


# --- how it looks


def test_it_describes_itself_for_json(folder: Path) -> None:
    about = json.loads(json.dumps(Stream.open(folder).describe()))
    assert about["events"] == 100
    assert about["days"] == 5
    assert about["label_rate"] == 0.1
    assert about["label_delay"] == {"median": "7d", "max": "7d"}


def test_the_table_shows_rates_and_escapes_what_comes_from_data(folder: Path) -> None:
    document = json.loads((folder / "stream.json").read_text())
    document["origin"] = {"file": "<script>alert(1)</script>"}
    document["counts"]["quarantined"] = {"card: <b>": 3}
    (folder / "stream.json").write_text(json.dumps(document))
    (folder / "truth.json").write_text(
        '{"drift": [{"time": "2024-01-02T00:00:00Z", "what": "<i>x</i>"}, 7],'
        ' "patterns": [{"name": "odd", "from": "2024-01-01", "until": null}]}'
    )
    html = Stream.open(folder)._repr_html_()
    for wanted in (
        "10 positive (10.00%)",
        "7 d in the median",
        "odd (2024-01-01 – …)",
        "2024-01-02 &lt;i",
    ):
        assert wanted in html
    for unwanted in ("<script", "<b>", "<i>", "#000", "#fff"):
        assert unwanted not in html
    assert repr(Stream.open(folder)).endswith("100 events 2024-01-01 – 2024-01-05, 100 labels>")
