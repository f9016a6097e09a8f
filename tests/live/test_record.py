"""Recording topics of a real broker into a stream that replays as the published one did."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import orjson
import polars as pl
import pytest
from kafka import KafkaProducer
from live_examples import begin, events_of, for_people, hashes, labels_of, run, simulated

from workbench.case import get_case
from workbench.errors import ParameterError
from workbench.live.clients import LARGEST, LiveError
from workbench.live.messages import EventCodec, encode_labels
from workbench.live.publish import publish
from workbench.live.record import Recorded, record, state_of
from workbench.live.services.ports import free
from workbench.live.stopping import Stop
from workbench.live.telemetry import Telemetry
from workbench.live.topics import Topics, create
from workbench.moments import ticks
from workbench.replay.replay import replay
from workbench.replay.setup import Setup
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from servers import Server

IDLE = 0.5


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return simulated(tmp_path_factory.mktemp("record") / "s", days=12)


@pytest.fixture(scope="module")
def published(kafka: Server, small: Stream) -> Topics:
    """Topics that hold the small stream; tests read them and write nothing there."""
    names = Topics("test-recorded")
    publish(kafka.settings, small, names)
    return names


@pytest.fixture
def producer(kafka: Server) -> Iterator[KafkaProducer]:
    with closing(
        KafkaProducer(bootstrap_servers=kafka.settings.kafka, max_request_size=8 * LARGEST)
    ) as client:
        yield client


def recorded(kafka: Server, names: Topics, out: Path, **edges: str | None) -> Recorded:
    return record(kafka.settings, "fraud", names, out, idle=IDLE, **edges)


def scores(stream: Stream, out: Path) -> bytes:
    setup = Setup.of("fraud", None, {"warm_up": "12h", "negatives": "1.0"})
    return (replay(stream, setup, out).path / "scores.parquet").read_bytes()


def test_what_was_published_is_recorded_and_replays_the_same(
    kafka: Server, published: Topics, small: Stream, tmp_path: Path
) -> None:
    done = recorded(kafka, published, tmp_path / "s")

    stream = Stream.open(tmp_path / "s", case="fraud")
    stream.verify()
    assert (done.events, done.labels, done.quarantined) == (small.n_events, small.n_labels, {})
    assert hashes(stream) == hashes(small)
    assert scores(stream, tmp_path / "a") == scores(small, tmp_path / "b")
    assert not state_of(tmp_path / "s").exists()


def test_the_stream_tells_its_topics_and_offsets(
    kafka: Server, published: Topics, small: Stream, tmp_path: Path
) -> None:
    recorded(kafka, published, tmp_path / "s")

    origin = Stream.open(tmp_path / "s").manifest.origin
    assert origin["topics"] == published.prefix
    assert sorted(origin["offsets"]) == sorted(
        f"{kind}/{n}" for kind in ("events", "labels") for n in range(6)
    )
    read = {"events": 0, "labels": 0}
    for place, (first, end) in origin["offsets"].items():
        read[place.split("/")[0]] += end - first
    assert read == {"events": small.n_events, "labels": small.n_labels}


def test_the_same_topics_give_the_same_bytes(
    kafka: Server, published: Topics, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        recorded(kafka, published, tmp_path / name)

    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "b").iterdir())
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_recording_goes_on_where_another_one_ended(
    kafka: Server, topics: str, small: Stream, tmp_path: Path
) -> None:
    names, middle = Topics(topics), ticks(_middle(small))
    publish(kafka.settings, small, names, until=middle)
    first = recorded(kafka, names, tmp_path / "a")
    publish(kafka.settings, small, names, start=middle)

    second = recorded(kafka, names, tmp_path / "b", start=first.offsets)

    assert first.events + second.events == small.n_events
    both = [Stream.open(tmp_path / name) for name in "ab"]
    assert pl.concat([events_of(stream) for stream in both]).equals(events_of(small))


def test_offsets_say_where_to_end(kafka: Server, published: Topics, tmp_path: Path) -> None:
    ends = ",".join(f"{kind}/{n}=20" for kind in ("events", "labels") for n in range(6))

    done = record(kafka.settings, "fraud", published, tmp_path / "s", until=ends)

    assert (done.events, done.labels, done.offsets) == (120, 120, ends)


def test_a_partition_without_an_end_of_its_own_ends_where_it_is_now(
    kafka: Server, published: Topics, small: Stream, tmp_path: Path
) -> None:
    done = record(kafka.settings, "fraud", published, tmp_path / "s", until="events/0=0")

    assert done.labels == small.n_labels
    assert 0 < done.events < small.n_events


def test_a_time_says_what_is_recorded_and_when_to_end(
    kafka: Server, published: Topics, small: Stream, tmp_path: Path
) -> None:
    first, last = small.start.replace(hour=12), _middle(small)

    done = record(
        kafka.settings,
        "fraud",
        published,
        tmp_path / "s",
        start=first.isoformat(),
        until=last.isoformat(),
    )

    stream = Stream.open(tmp_path / "s")
    known = (pl.col("known_at") >= first) & (pl.col("known_at") < last)
    assert events_of(stream).equals(pl.concat(list(small.batches(start=first, until=last))))
    assert labels_of(stream).equals(labels_of(small).filter(known))
    assert done.skipped == small.n_events + small.n_labels - done.events - done.labels


def test_a_time_that_has_not_come_is_waited_for(
    kafka: Server, topics: str, small: Stream, tmp_path: Path
) -> None:
    names, middle = Topics(topics), _middle(small)
    publish(kafka.settings, small, names, until=ticks(small.start.replace(hour=20)))
    process = begin(
        kafka.environment,
        "record",
        "fraud",
        "--out",
        tmp_path / "s",
        "--topics",
        topics,
        "--until",
        middle.isoformat(),
        "--json",
    )

    publish(kafka.settings, small, names, start=ticks(small.start.replace(hour=20)))
    out, err = process.communicate(timeout=120)

    assert (process.returncode, for_people(err)) == (0, "")
    until = pl.concat(list(small.batches(until=middle)))
    assert orjson.loads(out)["events"] == until.height
    assert events_of(Stream.open(tmp_path / "s")).equals(until)


def test_bad_messages_go_to_quarantine_and_the_stream_is_the_clean_one(
    kafka: Server, topics: str, small: Stream, tmp_path: Path, producer: KafkaProducer
) -> None:
    names, codec = Topics(topics), EventCodec(get_case("fraud").schema)
    create(kafka.settings, names, 1)
    _raise_limit(kafka, names.events)
    keys, values = codec.encode(events_of(small))
    good = orjson.loads(values[0])
    bad: list[tuple[bytes | None, str]] = [
        (None, "no value (a tombstone)"),
        (b"{", "not JSON in UTF-8"),
        (b'{"event_id":"\xff\xfe"}', "not JSON in UTF-8"),
        (b"[]", "not a JSON object"),
        (b"[" * 50_000, "not JSON in UTF-8"),
        (orjson.dumps(good | {"pad": "x" * (2 << 20)}), "larger than 1,048,576 bytes"),
        (orjson.dumps(good | {"amount": "12"}), "amount: not a number"),
        (orjson.dumps(good | {"amount": -1}), "amount: below 0"),
        (orjson.dumps(good | {"card": None}), "card: missing"),
        (orjson.dumps(good | {"event_time": "yesterday"}), "event_time: not a time"),
        (b'{"event_id":"a","event_id":"b"}', "a name that comes twice"),
        (values[0], "duplicate event_id"),
    ]
    expected = []
    for at, (key, value) in enumerate(zip(keys, values, strict=True)):
        producer.send(names.events, value=value, key=key)
        if at % 50 == 49 and bad:
            worst, reason = bad.pop(0)
            expected.append(
                (reason, producer.send(names.events, value=worst, key=b"k").get(30).offset)
            )
    assert not bad
    for value in encode_labels(labels_of(small)):
        producer.send(names.labels, value=value)
    again = orjson.loads(encode_labels(labels_of(small)[:1])[0])
    late = again | {"known_at": "2090-01-01T00:00:00.000000Z"}
    producer.send(names.labels, value=orjson.dumps(again | {"label": 2}))
    producer.send(names.labels, value=orjson.dumps(late))
    producer.send(names.labels, value=orjson.dumps(again))
    producer.flush()

    done = recorded(kafka, names, tmp_path / "s")

    stream = Stream.open(tmp_path / "s")
    stream.verify()
    assert hashes(stream) == hashes(small)
    found = pl.read_parquet(tmp_path / "s" / "quarantine.parquet")
    rows = [(row["reason"], orjson.loads(row["row"])) for row in found.to_dicts()]
    events = [(why, row["offset"]) for why, row in rows if row["topic"] == names.events]
    labels = [why for why, row in rows if row["topic"] == names.labels]
    assert events == expected
    assert labels == [
        "label: neither 0 nor 1",
        "known_at: more than a day after the message was written",
        "duplicate label",
    ]
    assert sum(done.quarantined.values()) == len(rows)
    assert max(len(row["value"] or "") for _, row in rows) < 10_000


def test_what_was_published_twice_is_recorded_once(
    kafka: Server, topics: str, small: Stream, tmp_path: Path
) -> None:
    for _ in range(2):
        publish(kafka.settings, small, Topics(topics), partitions=2)

    done = recorded(kafka, Topics(topics), tmp_path / "s")

    assert hashes(Stream.open(tmp_path / "s")) == hashes(small)
    assert done.quarantined == {
        "duplicate event_id": small.n_events,
        "duplicate label": small.n_labels,
    }


def test_what_was_aborted_is_not_recorded_and_delays_no_end(
    kafka: Server, topics: str, small: Stream, tmp_path: Path
) -> None:
    names, codec = Topics(topics), EventCodec(get_case("fraud").schema)
    create(kafka.settings, names, 1)
    keys, values = codec.encode(events_of(small)[:20])
    with closing(
        KafkaProducer(bootstrap_servers=kafka.settings.kafka, transactional_id=topics)
    ) as client:
        client.init_transactions()
        for first, kept in ((0, True), (10, False)):
            client.begin_transaction()
            for at in range(first, first + 10):
                client.send(names.events, value=values[at], key=keys[at])
            client.flush()
            if kept:
                client.commit_transaction()
            else:
                client.abort_transaction()

    done = recorded(kafka, names, tmp_path / "s")

    assert done.events == 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_recording_and_writes_the_stream(
    kafka: Server, published: Topics, small: Stream, tmp_path: Path, number: signal.Signals
) -> None:
    out, port = tmp_path / "s", free(1)[0]
    process = begin(
        kafka.environment,
        *("record", "fraud", "--out", out, "--topics", published.prefix),
        *("--metrics-port", port, "--json"),
    )
    until = time.monotonic() + 60
    while _counted(port) < small.n_events + small.n_labels:
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    told, err = process.communicate(timeout=60)

    assert (process.returncode, for_people(err)) == (0, "")
    assert orjson.loads(told)["events"] == small.n_events
    assert hashes(Stream.open(out)) == hashes(small)


def test_what_is_read_is_counted(
    kafka: Server, published: Topics, small: Stream, tmp_path: Path
) -> None:
    telemetry = Telemetry("recorder", published.prefix)

    record(kafka.settings, "fraud", published, tmp_path / "s", idle=IDLE, telemetry=telemetry)

    for name, count in (("events", small.n_events), ("labels", small.n_labels)):
        found = telemetry.registry.get_sample_value(
            f"workbench_{name}_total", {"role": "recorder", "topics": published.prefix}
        )
        assert found == count


def test_two_recordings_of_one_folder_are_refused(
    kafka: Server, published: Topics, tmp_path: Path
) -> None:
    class Second(Stop):
        said = ""

        @property
        def asked(self) -> bool:
            with pytest.raises(ParameterError, match="another process records"):
                recorded(kafka, published, tmp_path / "s")
            return True

        @asked.setter
        def asked(self, value: bool) -> None:
            pass

    with pytest.raises(LiveError, match="no event was read"):
        record(kafka.settings, "fraud", published, tmp_path / "s", stop=Second())


def test_topics_without_events_are_no_stream_and_can_go_on(
    kafka: Server, topics: str, small: Stream, tmp_path: Path
) -> None:
    create(kafka.settings, Topics(topics), 2)
    with pytest.raises(LiveError, match="no event was read"):
        recorded(kafka, Topics(topics), tmp_path / "s")
    assert not (tmp_path / "s").exists()

    publish(kafka.settings, small, Topics(topics))

    assert recorded(kafka, Topics(topics), tmp_path / "s").events == small.n_events


def test_offsets_that_are_not_there_are_refused(
    kafka: Server, published: Topics, tmp_path: Path
) -> None:
    with pytest.raises(LiveError, match=r"the offset 1,000,000 of .*events/0"):
        recorded(kafka, published, tmp_path / "s", start="events/0=1000000")
    with pytest.raises(ParameterError, match=r"--until labels/6=1 .*labels/5"):
        recorded(kafka, published, tmp_path / "s", until="labels/6=1")
    assert list(tmp_path.iterdir()) == []


def test_a_topic_that_is_not_there_is_named(kafka: Server, topics: str, tmp_path: Path) -> None:
    code, out, err = run(
        kafka.environment, "record", "fraud", "--out", tmp_path / "s", "--topics", topics
    )

    assert (code, out) == (2, "")
    assert f"reading the topic {topics}.events" in err
    assert "there is no such topic" in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_else_is_left_alone(
    kafka: Server, published: Topics, tmp_path: Path
) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "mine.txt").write_text("kept")

    code, _, err = run(
        kafka.environment, "record", "fraud", "--out", tmp_path / "s", "--topics", published.prefix
    )

    assert code == 2
    assert "where something else is" in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("no-such-host.invalid:9092", "the host 'no-such-host.invalid', which is unknown,"),
        ("127.0.0.1:1", "127.0.0.1:1, where nothing answers"),
    ],
)
def test_where_no_broker_is_one_paragraph_says_so(
    tmp_path: Path, address: str, expected: str
) -> None:
    code, out, err = run({"WORKBENCH_KAFKA": address}, "record", "fraud", "--out", tmp_path / "s")

    assert (code, out) == (2, "")
    assert err.startswith(expected)
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def _middle(stream: Stream) -> datetime:
    return (stream.start + (stream.end - stream.start) / 2).replace(microsecond=0)


def _counted(port: int) -> float:
    """Events and labels that a process has counted; none before it answers."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    except httpx.TransportError:
        return 0
    return sum(
        float(line.split()[-1])
        for line in text.splitlines()
        if line.startswith(("workbench_events_total", "workbench_labels_total"))
    )


def _raise_limit(kafka: Server, topic: str) -> None:
    from kafka import KafkaAdminClient
    from kafka.admin import ConfigResource

    with closing(KafkaAdminClient(bootstrap_servers=kafka.settings.kafka)) as client:
        limit = {"max.message.bytes": str(8 * LARGEST)}
        client.alter_configs([ConfigResource("TOPIC", topic, limit)])
