"""A recording that is encrypted: on its way as at its end, and gone on with only by its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from live_examples import FRAUD, events_of, labels_of, run, simulated

from workbench.errors import ParameterError, StreamError
from workbench.live.assemble import assemble
from workbench.live.publish import publish
from workbench.live.recording import Asked, Recording
from workbench.live.topics import Topics
from workbench.streams.recorded import Stream
from workbench.streams.secret import KEY, KEY_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server

WORD = "a-word-that-nobody-may-see"
ASKED = Asked("fraud", FRAUD.schema.version, "t", None, None, encrypted=True)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_FILE, raising=False)
    monkeypatch.setenv(KEY, WORD)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return simulated(tmp_path_factory.mktemp("encrypted") / "s", days=3)


def placed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        partition=pl.lit(0, pl.Int32), offset=pl.int_range(frame.height, dtype=pl.Int64)
    )


def begun(folder: Path, stream: Stream, asked: Asked = ASKED) -> Recording:
    recording = Recording.open(folder, FRAUD.schema, asked)
    recording.add("events", placed(events_of(stream)))
    recording.add("labels", placed(labels_of(stream)))
    recording.save({"events/0": stream.n_events})
    return recording


def test_what_waits_to_be_a_stream_is_encrypted(small: Stream, tmp_path: Path) -> None:
    begun(tmp_path / "r", small)

    assert b"PAR1" in (small.path / "events-00000.parquet").read_bytes()
    for path in (tmp_path / "r").iterdir():
        assert path.suffix in (".aes", ".json"), path
        assert b"PAR1" not in path.read_bytes()


def test_it_becomes_the_same_stream_as_a_plain_one_encrypted(small: Stream, tmp_path: Path) -> None:
    assemble(begun(tmp_path / "r", small), Topics("t"), tmp_path / "s", {})

    stream = Stream.open(tmp_path / "s")
    stream.verify()
    assert {path.suffix for path in stream.path.iterdir()} == {".aes", ".json"}
    assert events_of(stream).equals(events_of(small))
    assert labels_of(stream).equals(labels_of(small))


def test_it_goes_on_with_its_key(small: Stream, tmp_path: Path) -> None:
    begun(tmp_path / "r", small)

    again = Recording.open(tmp_path / "r", FRAUD.schema, ASKED)

    assert again.offsets == {"events/0": small.n_events}
    (events,) = again.of_kind("events")
    assert again.read(events).height == small.n_events


def test_it_does_not_go_on_with_another_key(
    small: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(tmp_path / "r", small)
    monkeypatch.setenv(KEY, "another")

    with pytest.raises(StreamError, match="with a wrong key"):
        Recording.open(tmp_path / "r", FRAUD.schema, ASKED)


@pytest.mark.parametrize(("first", "then"), [(True, False), (False, True)])
def test_it_goes_on_only_as_it_began(
    small: Stream, tmp_path: Path, first: bool, then: bool
) -> None:
    ways = {e: Asked("fraud", FRAUD.schema.version, "t", None, None, encrypted=e)
            for e in (True, False)}  # fmt: skip
    begun(tmp_path / "r", small, ways[first])

    was = "to be encrypted" if first else "that is plain"
    with pytest.raises(ParameterError, match=rf"an unfinished recording of a stream {was}"):
        Recording.open(tmp_path / "r", FRAUD.schema, ways[then])


def test_topics_are_recorded_encrypted(
    kafka: Server, topics: str, small: Stream, tmp_path: Path
) -> None:
    publish(kafka.settings, small, Topics(topics))
    command = ("record", "fraud", "--out", tmp_path / "s", "--topics", topics)
    ended = ("--until-idle", "0.5s", "--encrypt")

    refused, _, why = run({**kafka.environment, KEY: ""}, *command, *ended)
    code, _, err = run({**kafka.environment, KEY: WORD}, *command, *ended)

    assert refused == 2
    assert "--encrypt without a key" in why
    assert code == 0, err
    assert {path.suffix for path in (tmp_path / "s").iterdir()} == {".aes", ".json"}
    stream = Stream.open(tmp_path / "s")
    assert events_of(stream).equals(events_of(small))
    assert labels_of(stream).equals(labels_of(small))
