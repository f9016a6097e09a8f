"""A stream is written whole or not at all, and the same rows make the same bytes."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import polars as pl
import pytest
from stream_examples import labels_of, payments

from workbench.cases.fraud.schema import SCHEMA
from workbench.durations import DAY, MINUTE
from workbench.errors import ParameterError, StreamError
from workbench.streams import writer as writing
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_what_was_written_is_read_back(
    folder: Path, events: pl.DataFrame, labels: pl.DataFrame
) -> None:
    stream = Stream.open(folder)
    assert pl.concat(list(stream.batches())).equals(events)
    assert pl.concat(list(stream.labels())).equals(labels)


@pytest.mark.parametrize("size", [1, 7, 99])
def test_the_cut_into_calls_changes_no_byte(
    folder: Path, tmp_path: Path, events: pl.DataFrame, labels: pl.DataFrame, size: int
) -> None:
    with StreamWriter(tmp_path / "cut", "fraud", SCHEMA, {"by": "a test"}) as writer:
        for at in range(0, events.height, size):
            writer.events(events[at : at + size])
            writer.labels(labels[at : at + size])
    assert contents(tmp_path / "cut") == contents(folder)


def test_parts_have_the_same_size_however_the_rows_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: pl.DataFrame
) -> None:
    monkeypatch.setattr(writing, "PART_ROWS", 30)
    with StreamWriter(tmp_path / "s", "fraud", SCHEMA, {}) as writer:
        writer.events(events[:20])
        writer.events(events[20:95])
        writer.events(events[95:])
    parts = writer.manifest.of_kind("events")
    assert [part.rows for part in parts] == [30, 30, 30, 10]
    assert [part.name for part in parts][-1] == "events-00003.parquet"
    assert Stream.open(tmp_path / "s").n_events == 100


def test_the_manifest_counts_what_was_written(folder: Path) -> None:
    manifest = Stream.open(folder).manifest
    assert manifest.counts.events == 100
    assert manifest.counts.labels == 100
    assert manifest.counts.positives == 10
    assert manifest.label_delay is not None
    assert manifest.label_delay != "none"
    assert (manifest.label_delay.median, manifest.label_delay.max) == ("7d", "7d")


def test_labels_with_known_at_are_sorted_by_it(
    write: Callable[..., Path], events: pl.DataFrame
) -> None:
    late = labels_of(events).with_columns(
        pl.col("known_at").reverse() + pl.duration(days=pl.int_range(100) % 3)
    )
    stream = Stream.open(write(events, late))
    stored = pl.concat(list(stream.labels()))
    assert stored.equals(late.sort("known_at", "event_id"))


def test_labels_without_known_at_stay_in_the_order_of_events(
    write: Callable[..., Path], events: pl.DataFrame, labels: pl.DataFrame
) -> None:
    stream = Stream.open(write(events, labels.drop("known_at")))
    assert not stream.labels_have_known_at
    assert stream.manifest.label_delay == "none"
    stored = pl.concat(list(stream.labels()))
    assert stored["event_id"].equals(events["event_id"])
    assert stored["known_at"].null_count() == 100


def test_truth_and_quarantine_are_parts_of_the_stream(tmp_path: Path, events: pl.DataFrame) -> None:
    with StreamWriter(tmp_path / "s", "fraud", SCHEMA, {}) as writer:
        writer.events(events)
        writer.truth = {"drift": [{"time": "2024-01-02T00:00:00Z", "what": "it starts"}]}
        writer.pattern(pl.DataFrame({"event_id": ["10000001"], "pattern": ["odd"]}))
        writer.quarantine(
            pl.DataFrame({"source_row": [4], "reason": ["card: missing"], "row": ["{}"]})
        )
    stream = Stream.open(tmp_path / "s")
    assert stream.truth == {"drift": [{"time": "2024-01-02T00:00:00Z", "what": "it starts"}]}
    assert stream.pattern().rows() == [("10000001", "odd")]
    assert stream.manifest.counts.quarantined == {"card: missing": 1}
    assert pl.read_parquet(tmp_path / "s" / "quarantine.parquet").height == 1
    stream.verify()


def test_a_case_may_keep_ground_truth_in_tables_of_its_own(
    tmp_path: Path, events: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PART_ROWS", 2)
    places = pl.DataFrame({"place": ["a", "b", "c"], "since": events["event_time"][:3]})
    with StreamWriter(tmp_path / "s", "fraud", SCHEMA, {}) as writer:
        writer.events(events)
        writer.pattern(pl.DataFrame({"event_id": ["10000001"], "pattern": ["odd"]}))
        writer.truth_table("places", places[:1])
        writer.truth_table("places", places[1:])
    stream = Stream.open(tmp_path / "s")
    assert [part.name for part in stream.manifest.of_kind("truth")] == [
        "truth-00000.parquet",
        "truth-places-00000.parquet",
        "truth-places-00001.parquet",
    ]
    found = stream.truth_table("places")
    assert found is not None
    assert found.equals(places)
    assert stream.truth_table("other") is None
    assert stream.pattern().rows() == [("10000001", "odd")]
    stream.verify()
    (tmp_path / "s" / "truth-places-00001.parquet").write_bytes(b"")
    with pytest.raises(StreamError, match=r"truth-places-00001\.parquet"):
        stream.verify()


def test_an_error_inside_leaves_nothing_behind(tmp_path: Path, events: pl.DataFrame) -> None:
    def fail() -> None:
        with StreamWriter(tmp_path / "s", "fraud", SCHEMA, {}) as writer:
            writer.events(events)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_message_and_leaves_the_old_stream(
    folder: Path, events: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def rewrite() -> None:
        with StreamWriter(folder, "fraud", SCHEMA, {}) as writer:
            writer.events(events)

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(StreamError, match=r"No space left on device.*make room"):
        rewrite()
    assert contents(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == ["stream"]


def test_a_stream_is_replaced_but_nothing_else(folder: Path, events: pl.DataFrame) -> None:
    with StreamWriter(folder, "fraud", SCHEMA, {}) as writer:
        writer.events(events[:5])
    assert Stream.open(folder).n_events == 5
    (folder / "stream.json").unlink()
    with pytest.raises(ParameterError, match="where something else is"):
        StreamWriter(folder, "fraud", SCHEMA, {}).__enter__()


def test_events_out_of_order_are_refused(write: Callable[..., Path], events: pl.DataFrame) -> None:
    with pytest.raises(StreamError, match="'10000003' comes after '10000007'"):
        write(pl.concat([events[7:8], events[3:4]]))


def test_a_repeated_event_is_refused_across_calls(tmp_path: Path, events: pl.DataFrame) -> None:
    with StreamWriter(tmp_path / "s", "fraud", SCHEMA, {}) as writer:
        writer.events(events[:5])
        with pytest.raises(StreamError, match="'10000004' comes after '10000004'"):
            writer.events(events[4:])


def test_sixty_days_of_payments_stay_small(write: Callable[..., Path]) -> None:
    many = payments(100_000, step=MINUTE)
    folder = write(many, labels_of(many, 30 * DAY))
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1_000_000
