"""From a recording's parts to a stream: one total order, each event and each label once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_examples import FRAUD

from workbench.errors import ParameterError, StreamError
from workbench.live import assemble as assembling
from workbench.live import recording as recordings
from workbench.live.assemble import assemble
from workbench.live.messages import Event, EventCodec, Label, label_frame
from workbench.live.recording import BAD, Asked, Recording
from workbench.live.topics import Topics
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CODEC = EventCodec(FRAUD.schema)
TOPICS = Topics("t")
HOUR = 3_600_000_000
ASKED = Asked("fraud", FRAUD.schema.version, "t", None, None)

#: (hour, event id, partition, offset); an event's amount is its offset.
Row = tuple[int, str, int, int]


def recorded(folder: Path) -> Recording:
    return Recording.open(folder, FRAUD.schema, ASKED)


def placed(frame: pl.DataFrame, rows: Sequence[Row]) -> pl.DataFrame:
    return frame.with_columns(
        pl.Series("partition", [row[2] for row in rows], pl.Int32),
        pl.Series("offset", [row[3] for row in rows], pl.Int64),
    )


def events(*rows: Row) -> pl.DataFrame:
    found = [Event(hour * HOUR, name, ("c", "s", at, None)) for hour, name, _, at in rows]
    return placed(CODEC.frame(found), rows)


def labels(*rows: Row) -> pl.DataFrame:
    return placed(label_frame([Label(hour * HOUR, name, 1) for hour, name, *_ in rows]), rows)


def written(recording: Recording, out: Path) -> Stream:
    assemble(recording, TOPICS, out, {})
    stream = Stream.open(out)
    stream.verify()
    return stream


def kept(stream: Stream) -> list[tuple[str, int]]:
    """Event ids with the offsets that they were read at."""
    return [
        row for rows in stream.batches(columns=["event_id", "amount"]) for row in rows.iter_rows()
    ]


def quarantine(stream: Stream) -> list[tuple[str, str, int, int]]:
    found = pl.read_parquet(stream.path / "quarantine.parquet")
    rows = [(reason, orjson.loads(row)) for reason, row in found.select("reason", "row").rows()]
    assert found["source_row"].to_list() == list(range(found.height))
    return [(reason, r["topic"], r["partition"], r["offset"]) for reason, r in rows]


def test_parts_that_overlap_become_one_order(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    for part in (events((5, "e", 0, 0), (1, "a", 0, 1)), events((3, "c", 1, 2), (1, "b", 1, 3))):
        recording.add("events", part)
        recording.save({})

    assert kept(written(recording, tmp_path / "s")) == [("a", 1), ("b", 3), ("c", 2), ("e", 0)]


def test_of_equal_events_the_first_offset_is_kept(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    recording.add("events", events((1, "a", 0, 8), (1, "b", 0, 9)))
    recording.save({})
    recording.add("events", events((1, "a", 0, 5)))
    recording.save({})

    stream = written(recording, tmp_path / "s")

    assert kept(stream) == [("a", 5), ("b", 9)]
    assert quarantine(stream) == [("duplicate event_id", "t.events", 0, 8)]


def test_an_id_that_comes_at_two_times_counts_at_the_earlier_one(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    for row in ((900, "a", 0, 0), (1, "b", 0, 1), (2, "a", 1, 2), (901, "c", 0, 3)):
        recording.add("events", events(row))
        recording.save({})

    stream = written(recording, tmp_path / "s")

    assert kept(stream) == [("b", 1), ("a", 2), ("c", 3)]
    assert quarantine(stream) == [("duplicate event_id", "t.events", 0, 0)]


def test_of_two_labels_the_one_that_became_known_first_is_kept(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    recording.add("events", events((1, "a", 0, 0)))
    recording.add("labels", labels((9, "a", 0, 0), (5, "a", 0, 1)))
    recording.save({})

    stream = written(recording, tmp_path / "s")

    assert pl.concat(list(stream.labels()))["known_at"].to_physical().to_list() == [5 * HOUR]
    assert quarantine(stream) == [("duplicate label", "t.labels", 0, 0)]


def test_a_label_from_before_its_event_is_bad_and_a_later_one_counts(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    recording.add("events", events((5, "a", 0, 0), (5, "b", 0, 1)))
    recording.add("labels", labels((4, "a", 0, 0), (6, "a", 0, 1), (5, "b", 0, 2)))
    recording.save({})

    stream = written(recording, tmp_path / "s")

    assert pl.concat(list(stream.labels()))["event_id"].to_list() == ["b", "a"]
    assert quarantine(stream) == [("known_at: before the event", "t.labels", 0, 0)]


def test_a_label_is_measured_by_the_event_that_is_kept(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    recording.add("events", events((5, "a", 0, 0), (9, "a", 0, 1)))
    recording.add("labels", labels((6, "a", 0, 0)))
    recording.save({})

    stream = written(recording, tmp_path / "s")

    assert stream.n_labels == 1
    assert [reason for reason, *_ in quarantine(stream)] == ["duplicate event_id"]


def test_a_label_without_event_is_kept(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    recording.add("events", events((5, "a", 0, 0)))
    recording.add("labels", labels((4, "elsewhere", 0, 0)))
    recording.save({})

    assert written(recording, tmp_path / "s").n_labels == 1


def test_quarantine_is_in_the_order_of_places(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    recording.add("events", events((1, "a", 0, 7), (1, "a", 0, 9)))
    for at in (8, 3):
        row = (
            "t.events",
            0,
            at,
            "why",
            orjson.dumps({"topic": "t.events", "partition": 0, "offset": at}).decode(),
        )
        recording.add("bad", pl.DataFrame([row], BAD, orient="row"))
        recording.save({})

    assert [at for *_, at in quarantine(written(recording, tmp_path / "s"))] == [3, 8, 9]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abcdefgh")), min_size=1, max_size=60),
    st.integers(1, 20),
    st.integers(1, 30),
    st.integers(1, 10),
    st.integers(1, 30),
)
def test_however_it_is_cut_the_stream_is_what_sorting_gives(
    tmp_path_factory: pytest.TempPathFactory,
    found: list[tuple[int, str]],
    part: int,
    group: int,
    slice_: int,
    compared: int,
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    rows = [(hour, name, 0, at) for at, (hour, name) in enumerate(found)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "GROUP", group)
        patch.setattr(assembling, "SLICE", slice_)
        patch.setattr(assembling, "COMPARED", compared)
        recording = recorded(folder / "r")
        for start in range(0, len(rows), part):
            recording.add("events", events(*rows[start : start + part]))
            recording.save({})

        stream = written(recording, folder / "s")

    first: dict[str, int] = {}
    for _, name, _, at in sorted(rows):
        first.setdefault(name, at)
    assert kept(stream) == list(first.items())


def test_what_no_manifest_names_is_removed(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r")
    recording.add("events", events((1, "a", 0, 0)))
    recording.save({"events/0": 1})
    left = tmp_path / "r" / "events-000001.parquet"
    left.write_bytes(b"half")

    again = recorded(tmp_path / "r")

    assert not left.exists()
    assert again.offsets == {"events/0": 1}
    assert kept(written(again, tmp_path / "s")) == [("a", 0)]


def test_a_recording_of_something_else_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path / "r").save({})

    with pytest.raises(ParameterError, match=r"unfinished recording of --topics t"):
        Recording.open(tmp_path / "r", FRAUD.schema, Asked("fraud", 1, "u", None, None))


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    recorded(tmp_path / "r").save({})
    (tmp_path / "r" / "recording.json").write_bytes(b"{")

    with pytest.raises(StreamError, match=r"recording\.json"):
        recorded(tmp_path / "r")


def test_a_full_disk_leaves_the_recording_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = recorded(tmp_path / "r")
    recording.add("events", events((1, "a", 0, 0)))
    recording.save({"events/0": 1})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("workbench.streams.writer._write", full)
        with pytest.raises(StreamError, match="No space left"):
            assemble(recording, TOPICS, tmp_path / "s", {})

    assert not (tmp_path / "s").exists()
    assert kept(written(recorded(tmp_path / "r"), tmp_path / "s")) == [("a", 0)]
