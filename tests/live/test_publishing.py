"""Publishing a recorded stream to a real broker."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING

import orjson
import pytest
from live_examples import begin, events_of, for_people, run, simulated

from workbench.errors import Interrupted, ParameterError
from workbench.live.clients import LiveError, consumer, partition_of, partitions
from workbench.live.promise import promised
from workbench.live.publish import publish
from workbench.live.speed import Speed
from workbench.live.stopping import Stop
from workbench.live.telemetry import Telemetry
from workbench.live.topics import Topics
from workbench.moments import moment, ticks

if TYPE_CHECKING:
    from kafka.consumer.fetcher import ConsumerRecord
    from servers import Server

    from workbench.live.settings import Settings
    from workbench.streams.recorded import Stream


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return simulated(tmp_path_factory.mktemp("publish") / "s", days=6)


def everything(settings: Settings, topic: str) -> list[ConsumerRecord]:
    """All records of a topic, partition by partition."""
    with closing(consumer(settings)) as client:
        places = partitions(client, settings, topic)
        client.assign(places)
        ends = client.end_offsets(places)
        found: list[ConsumerRecord] = []
        until = time.monotonic() + 60
        while any(client.position(place) < end for place, end in ends.items()):
            assert time.monotonic() < until, f"{len(found)} records of {ends}"
            for rows in client.poll(timeout_ms=200).values():
                found += rows
    return sorted(found, key=lambda record: (record.partition, record.offset))


def time_of(record: ConsumerRecord) -> int:
    document = orjson.loads(record.value)
    found = ticks(moment(document.get("event_time") or document["known_at"]))
    assert found is not None
    return found


def test_all_events_and_labels_are_there_once(kafka: Server, topics: str, small: Stream) -> None:
    names = Topics(topics)

    done = publish(kafka.settings, small, names, partitions=3)

    assert (done.events, done.labels) == (small.n_events, small.n_labels)
    assert names.events in done.made
    for topic, count in ((names.events, small.n_events), (names.labels, small.n_labels)):
        found = everything(kafka.settings, topic)
        assert len({orjson.loads(record.value)["event_id"] for record in found}) == count
        assert len(found) == count


def test_a_partition_has_its_entities_in_the_order_of_time(
    kafka: Server, topics: str, small: Stream
) -> None:
    publish(kafka.settings, small, Topics(topics), partitions=3)
    cards = dict(events_of(small).select("event_id", "card").iter_rows())

    for topic in (Topics(topics).events, Topics(topics).labels):
        found = everything(kafka.settings, topic)
        for before, record in pairwise(found):
            assert record.partition > before.partition or time_of(before) <= time_of(record)
        for record in found:
            assert record.key.decode() == cards[orjson.loads(record.value)["event_id"]]
            assert record.partition == partition_of(record.key, 3)


def test_a_promise_is_kept(
    kafka: Server, topics: str, small: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.live.publish.CHUNK", 50)
    names = Topics(topics)

    publish(kafka.settings, small, names, partitions=2)

    found = everything(kafka.settings, names.events) + everything(kafka.settings, names.labels)
    promises = {id(record): promised(record.headers) or 0 for record in found}
    assert len(set(promises.values())) > 50
    for record in found:
        assert promises[id(record)] <= time_of(record)
    # The brokers put a time on what they take. What is older than a promise was there before it.
    for record in found:
        for other in found[:: len(found) // 20]:
            if time_of(record) < promises[id(other)]:
                assert record.timestamp <= other.timestamp


def test_what_is_published_again_is_there_twice(kafka: Server, topics: str, small: Stream) -> None:
    publish(kafka.settings, small, Topics(topics))
    again = publish(kafka.settings, small, Topics(topics))

    assert again.made == []
    assert len(everything(kafka.settings, Topics(topics).events)) == 2 * small.n_events


def test_a_topic_keeps_its_number_of_partitions(kafka: Server, topics: str, small: Stream) -> None:
    end = small.start.replace(hour=1)
    publish(kafka.settings, small, Topics(topics), until=ticks(end), partitions=2)

    with pytest.raises(ParameterError, match=r"--partitions 3 for the topic .*, which has 2"):
        publish(kafka.settings, small, Topics(topics), partitions=3)


def test_where_it_was_stopped_the_same_command_goes_on(
    kafka: Server, topics: str, small: Stream
) -> None:
    class Soon(Stop):
        looks = 0

        def wait(self, seconds: float) -> bool:
            self.looks += 1
            return self.looks > 20 or super().wait(seconds)

    names = Topics(topics)
    with pytest.raises(Interrupted, match=r"--from (\S+)$") as caught:
        publish(kafka.settings, small, names, speed=Speed(rate=400), stop=Soon())

    publish(kafka.settings, small, names, start=ticks(moment(str(caught.value).split()[-1])))

    ids = [orjson.loads(r.value)["event_id"] for r in everything(kafka.settings, names.events)]
    assert sorted(set(ids)) == sorted(events_of(small)["event_id"])
    # Of one moment some may come twice, and no more.
    assert len(ids) <= small.n_events + 20


def test_what_was_sent_is_counted(kafka: Server, topics: str, small: Stream) -> None:
    telemetry = Telemetry("publisher", topics)

    publish(kafka.settings, small, Topics(topics), telemetry=telemetry)

    for name, count in (("events", small.n_events), ("labels", small.n_labels)):
        found = telemetry.registry.get_sample_value(
            f"workbench_{name}_total", {"role": "publisher", "topics": topics}
        )
        assert found == count


def test_a_message_that_is_too_large_for_the_topic_says_so(
    kafka: Server, topics: str, small: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kafka import KafkaAdminClient
    from kafka.admin import ConfigResource

    publish(kafka.settings, small, Topics(topics), until=ticks(small.start) + 1)
    with closing(KafkaAdminClient(bootstrap_servers=kafka.settings.kafka)) as client:
        limit = {"max.message.bytes": "100"}
        client.alter_configs([ConfigResource("TOPIC", Topics(topics).events, limit)])

    with pytest.raises(LiveError, match=r"larger than the broker takes.*--from \S+\.$"):
        publish(kafka.settings, small, Topics(topics))


def test_ctrl_c_leaves_cleanly_and_says_where_to_go_on(
    kafka: Server, topics: str, small: Stream
) -> None:
    process = begin(
        kafka.environment,
        "publish",
        "fraud",
        "--stream",
        small.path,
        "--topics",
        topics,
        "--speed",
        "500/s",
    )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if everything(kafka.settings, Topics(topics).events):
                break
        except LiveError:
            time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert out == ""
    assert "are published, all that became known before" in err
    assert for_people(err).count("\n") == 1


def test_the_command_tells_what_it_did(kafka: Server, topics: str, small: Stream) -> None:
    code, out, err = run(
        kafka.environment, "publish", "fraud", "--stream", small.path, "--topics", topics, "--json"
    )

    document = orjson.loads(out)
    assert (code, err) == (0, "")
    assert document["events"] == small.n_events
    assert document["labels"] == small.n_labels
    assert document["messages_per_second"] > 0


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("no-such-host.invalid:9092", "the host 'no-such-host.invalid', which is unknown,"),
        ("127.0.0.1:1", "127.0.0.1:1, where nothing answers"),
        ("127.0.0.1", "'127.0.0.1', which is no host:port,"),
    ],
)
def test_where_no_broker_is_one_paragraph_says_so(
    small: Stream, address: str, expected: str
) -> None:
    code, out, err = run({"WORKBENCH_KAFKA": address}, "publish", "fraud", "--stream", small.path)

    assert (code, out) == (2, "")
    assert err.startswith(expected)
    assert for_people(err).count("\n") == 1
