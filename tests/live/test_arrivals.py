"""A stream's events and labels as messages, in the order in which they became known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import polars as pl
import pytest
from live_examples import FRAUD, events_of, labels_of, simulated

from workbench.durations import DAY, HOUR
from workbench.live.arrivals import Arrivals, arrivals
from workbench.live.fields import read_time
from workbench.live.messages import EventCodec
from workbench.streams.recorded import Stream
from workbench.streams.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CODEC = EventCodec(FRAUD.schema)
START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return simulated(tmp_path_factory.mktemp("arrivals") / "s", days=6)


def told(parts: Iterable[Arrivals]) -> list[tuple[int, bool, bytes, bytes]]:
    return [
        row
        for part in parts
        for row in zip(
            part.times.tolist(), part.labels.tolist(), part.keys, part.values, strict=True
        )
    ]


def stream_of(
    folder: Path, events: list[tuple[str, int]], labels: list[tuple[str, int | None]]
) -> Stream:
    """Make a stream of events (id, hour) and labels (id, hour in which each became known)."""
    with StreamWriter(folder, "fraud", FRAUD.schema, {}) as writer:
        for name, hour in events:
            row = {
                "event_id": [name],
                "event_time": [START + timedelta(hours=hour)],
                "card": [f"card of {name}"],
                "terminal": ["t"],
                "amount": [1],
            }
            writer.events(pl.DataFrame(row))
        for name, known in labels:
            at = None if known is None else START + timedelta(hours=known)
            writer.labels(
                pl.DataFrame(
                    {"event_id": [name], "label": [1], "known_at": [at]},
                    schema_overrides={"known_at": pl.Datetime("us", "UTC")},
                )
            )
    return Stream.open(folder)


def short(parts: Iterable[Arrivals]) -> list[str]:
    """Each message as its event id, labels with a star."""
    return [orjson.loads(value)["event_id"] + "*" * label for _, label, _, value in told(parts)]


def test_every_event_and_label_comes_once_in_the_order_of_time(small: Stream) -> None:
    rows = told(arrivals(small, CODEC, 7 * DAY))

    times = [time for time, *_ in rows]
    assert times == sorted(times)
    documents = [(label, orjson.loads(value)) for _, label, _, value in rows]
    assert [d["event_id"] for label, d in documents if not label] == (
        events_of(small)["event_id"].to_list()
    )
    assert [d["event_id"] for label, d in documents if label] == (
        labels_of(small)["event_id"].to_list()
    )
    for time, (label, document) in zip(times, documents, strict=True):
        assert read_time(document["known_at" if label else "event_time"], "") == time


def test_a_label_has_the_key_of_its_event(small: Stream) -> None:
    cards = dict(events_of(small).select("event_id", "card").iter_rows())

    for _, _, key, value in told(arrivals(small, CODEC, 7 * DAY)):
        assert key.decode() == cards[orjson.loads(value)["event_id"]]


@pytest.mark.parametrize("batch", [1, 7, 1_000])
def test_how_much_is_read_at_once_changes_nothing(small: Stream, batch: int) -> None:
    assert told(arrivals(small, CODEC, 7 * DAY, batch=batch)) == told(
        arrivals(small, CODEC, 7 * DAY)
    )


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_a_label_comes_before_the_events_of_its_moment(tmp_path: Path, batch: int) -> None:
    events = [("a", 0), ("b", 5), ("c", 5), ("d", 6)]
    stream = stream_of(tmp_path / "s", events, [("a", 5), ("c", 5), ("b", 9)])

    assert short(arrivals(stream, CODEC, DAY, batch=batch)) == [
        "a",
        "a*",
        "c*",
        "b",
        "c",
        "d",
        "b*",
    ]


def test_labels_without_a_time_come_with_the_delay(tmp_path: Path) -> None:
    stream = stream_of(tmp_path / "s", [("a", 0), ("b", 1), ("c", 3)], [("a", None), ("b", None)])

    assert short(arrivals(stream, CODEC, 2 * HOUR)) == ["a", "b", "a*", "b*", "c"]


def test_a_label_without_event_has_the_event_id_as_its_key(tmp_path: Path) -> None:
    stream = stream_of(tmp_path / "s", [("a", 0)], [("elsewhere", 1)])

    assert told(arrivals(stream, CODEC, DAY))[1][2] == b"elsewhere"


def test_a_label_later_than_any_of_the_account_still_comes(tmp_path: Path) -> None:
    events = [("a", 0), *((f"b{hour}", hour) for hour in range(1, 50))]
    stream = stream_of(tmp_path / "s", events, [("b1", 2), ("a", 49)])
    assert stream.manifest.label_delay is not None
    foreign = stream.manifest.model_copy(
        update={"label_delay": stream.manifest.label_delay.model_copy(update={"max": "1h"})}
    )
    stream = Stream(stream.path, foreign, stream.schema)

    last = told(arrivals(stream, CODEC, HOUR, batch=2))[-2:]

    # It is only its key that is forgotten, for who says so has no later ones.
    assert {key for _, label, key, _ in last if label} == {b"a"}


@pytest.mark.parametrize("hour", range(8))
def test_two_spans_are_the_whole(tmp_path: Path, hour: int) -> None:
    events = [("a", 0), ("b", 5), ("c", 5), ("d", 6)]
    stream = stream_of(tmp_path / "s", events, [("a", 5), ("c", 6), ("b", 7)])
    cut = int((START + timedelta(hours=hour)).timestamp()) * 1_000_000

    before = told(arrivals(stream, CODEC, DAY, until=cut))
    after = told(arrivals(stream, CODEC, DAY, start=cut))

    assert before + after == told(arrivals(stream, CODEC, DAY))
    assert all(time < cut for time, *_ in before)
