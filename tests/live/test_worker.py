"""The live worker: what it scores is what the replay scored, bit for bit, whatever happens."""

from __future__ import annotations

import random
import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import psutil
import pytest
from live_examples import begin, events_of, labels_of, run, simulated
from worker_examples import World, counting, read, send, world

from workbench.artifacts.export import export
from workbench.artifacts.score import score
from workbench.case import get_case
from workbench.live.fields import spell
from workbench.live.messages import EventCodec, encode_labels
from workbench.live.publish import publish
from workbench.live.topics import Topics, create
from workbench.replay.replay import replay
from workbench.replay.setup import Setup

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server

CODEC = EventCodec(get_case("fraud").schema)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("worker")
    return world(folder, simulated(folder / "stream", days=20, scale=0.06))


def worker(small: World, state: Path, topics: str, *more: str) -> tuple[str, ...]:
    return (
        "live",
        "fraud",
        "--artifact",
        str(small.artifact.path),
        "--state",
        str(state),
        "--topics",
        topics,
        "--until-idle",
        "1s",
        *more,
    )


def live(kafka: Server, small: World, state: Path, topics: str, *more: str) -> None:
    code, _, err = run(kafka.environment, *worker(small, state, topics, *more))
    assert code == 0, err


def messages(small: World) -> list[tuple[int, bool, bytes]]:
    """Every event and label as (time, is a label, message), in the order of becoming known."""
    events, labels = events_of(small.stream), labels_of(small.stream)
    rows = list(
        zip(
            events["event_time"].to_physical().to_list(),
            [False] * events.height,
            CODEC.encode(events)[1],
            strict=True,
        )
    ) + list(
        zip(
            labels["known_at"].to_physical().to_list(),
            [True] * labels.height,
            encode_labels(labels),
            strict=True,
        )
    )
    return sorted(rows, key=lambda row: row[0])


def test_live_is_replay_through_kills_of_worker_and_supervisor(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    create(kafka.settings, Topics(topics))
    moments = random.Random(3)
    arguments = ("publish", "fraud", "--stream", small.stream.path, "--topics", topics)
    publisher = begin(kafka.environment, *arguments, "--speed", "800/s")
    for number in range(4):
        process = begin(
            kafka.environment, *worker(small, tmp_path, topics, "--checkpoint-every", "1s")
        )
        time.sleep(moments.uniform(1.0, 4.0))  # at any moment of starting or working
        if number == 3:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            # Told so before it could listen, it is just gone.
            assert process.returncode in (0, -signal.SIGTERM)
            continue
        children = psutil.Process(process.pid).children()
        if children and number % 2:
            children[0].kill()
            time.sleep(1.0)  # its successor is started, and loses its supervisor
        process.kill()
        process.communicate()
    publisher.communicate(timeout=120)
    assert publisher.returncode == 0
    live(kafka, small, tmp_path, topics)

    assert counting(read(kafka.settings, f"{topics}.scores")) == small.scores
    alerts = [alert["alert_id"] for alert in read(kafka.settings, f"{topics}.alerts")]
    assert len(alerts) == len(set(alerts)) > 0
    assert read(kafka.settings, f"{topics}.quarantine") == []


def test_any_partitions_and_any_order_of_arrival_within_the_lateness_change_nothing(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    create(kafka.settings, Topics(topics), partitions=3)
    chance = random.Random(5)
    jumbled = sorted(messages(small), key=lambda row: row[0] + chance.uniform(0, 600e6))
    send(
        kafka.settings,
        [
            (f"{topics}.{'labels' if is_label else 'events'}", chance.randrange(3), message)
            for _, is_label, message in jumbled
        ],
    )
    live(kafka, small, tmp_path, topics, "--lateness", "10m")

    assert counting(read(kafka.settings, f"{topics}.scores")) == small.scores


def test_a_state_that_was_lost_is_computed_anew_and_nothing_is_written_twice(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    middle = small.stream.start + (small.stream.end - small.stream.start) * 0.75
    at = int(middle.timestamp() * 1e6)
    publish(kafka.settings, small.stream, Topics(topics), until=at)
    live(kafka, small, tmp_path / "first", topics)
    publish(kafka.settings, small.stream, Topics(topics), start=at)
    live(kafka, small, tmp_path / "second", topics)

    assert counting(read(kafka.settings, f"{topics}.scores")) == small.scores


def test_bad_messages_go_to_quarantine_with_their_place_and_the_good_ones_score_as_if_alone(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    create(kafka.settings, Topics(topics), partitions=2)
    chance, sent, bad = random.Random(7), [], 0
    offsets = {(f"{topics}.{kind}", part): 0 for kind in ("events", "labels") for part in (0, 1)}
    places = set()
    for _, is_label, message in messages(small):
        topic, part = f"{topics}.{'labels' if is_label else 'events'}", chance.randrange(2)
        # The first message of a partition is a good one: it says what time it is.
        if offsets[topic, part] and chance.random() < 0.2:
            sent.append((topic, part, mutated(message, chance)))
            places.add((topic, part, offsets[topic, part]))
            offsets[topic, part] += 1
            bad += 1
        sent.append((topic, part, message))
        offsets[topic, part] += 1
    send(kafka.settings, sent)
    live(kafka, small, tmp_path, topics)

    quarantine = read(kafka.settings, f"{topics}.quarantine")
    assert {(row["topic"], row["partition"], row["offset"]) for row in quarantine} == places
    assert len(quarantine) == bad > 500
    assert all(row["reason"] for row in quarantine)
    assert counting(read(kafka.settings, f"{topics}.scores")) == small.scores


def mutated(message: bytes, chance: random.Random) -> bytes | None:
    """Return a message that cannot be used."""
    document = orjson.loads(message)
    time_field = "known_at" if "label" in document else "event_time"
    match chance.randrange(12):
        case 0:
            return None
        case 1:
            return message[: len(message) // 2]
        case 2:
            return message.replace(b'"', b'"\xff', 1)
        case 3:
            return b"[" * 50_000
        case 4:
            return b'{"amount":NaN,' + message[1:]
        case 5:
            return b'{"event_id":"other",' + message[1:]
        case 6:
            return orjson.dumps(document | {"event_id": {"deep": []}})
        case 7:
            return orjson.dumps(document | {time_field: "1970-01-02T00:00:00.000000Z"})
        case 8:
            return orjson.dumps(document | {time_field: "2099-01-01T00:00:00.000000Z"})
        case 9:
            return orjson.dumps(document | {time_field: None})
        case 10:
            return b'"text"'
        case _:
            return orjson.dumps(document | {"event_id": "x" * 400})


def test_a_late_event_is_marked_and_kept_out_of_the_state_and_an_id_counts_once(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    create(kafka.settings, Topics(topics), partitions=1)
    rows = messages(small)
    last = orjson.loads(next(m for _, is_label, m in reversed(rows) if not is_label))
    late = last | {"event_id": "late", "event_time": minutes_before(last["event_time"], 30)}
    sent = [(f"{topics}.{'labels' if k else 'events'}", 0, m) for _, k, m in rows]
    again = [(f"{topics}.events", 0, orjson.dumps(document)) for document in (late, last)]
    send(kafka.settings, [*sent, *again])
    live(kafka, small, tmp_path, topics)

    scores = read(kafka.settings, f"{topics}.scores")
    assert [row["event_id"] for row in scores if row["late"]] == ["late"]
    assert counting(scores) == small.scores
    [row] = read(kafka.settings, f"{topics}.quarantine")
    assert (row["reason"], row["offset"]) == ("duplicate event_id", small.stream.n_events + 1)


def minutes_before(text: str, minutes: int) -> str:
    moment = datetime.fromisoformat(text)
    return spell(
        int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() - 60 * minutes) * 1_000_000
    )


def test_a_second_worker_of_the_same_name_takes_over_and_does_no_harm(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    publish(kafka.settings, small.stream, Topics(topics))
    arguments = list(worker(small, tmp_path / "first", topics))
    arguments[arguments.index("1s")] = "60s"
    first = begin(kafka.environment, *arguments)
    time.sleep(2.0)  # wherever it is by then
    live(kafka, small, tmp_path / "second", topics)
    _, err = first.communicate(timeout=60)

    assert first.returncode == 2
    assert "another worker" in err.strip().splitlines()[-1]
    assert counting(read(kafka.settings, f"{topics}.scores")) == small.scores


def test_another_artifact_takes_over_at_a_stated_time_with_the_old_one_in_its_shadow(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    span = small.stream.end - small.stream.start
    seen, since, until = (small.stream.start + span * share for share in (0.55, 0.75, 0.9))
    setup = Setup.of("fraud", "logistic")
    other = export(replay(small.stream, setup, tmp_path / "run", until=seen), tmp_path / "other")
    score(other, small.stream, tmp_path / "other.parquet", learn=True)
    create(kafka.settings, Topics(topics))
    told = {
        "artifact": str(other.path),
        "digest": other.digest,
        "from": since.isoformat(),
        "shadow_until": until.isoformat(),
    }
    middle = int((small.stream.start + span * 0.65).timestamp() * 1e6)
    publish(kafka.settings, small.stream, Topics(topics), until=middle)
    live(kafka, small, tmp_path / "state", topics)
    send(kafka.settings, [(f"{topics}.control", 0, orjson.dumps(told))])
    live(kafka, small, tmp_path / "state", topics)
    publish(kafka.settings, small.stream, Topics(topics), start=middle)
    live(kafka, small, tmp_path / "state", topics)

    mine, theirs = small.artifact.digest, other.digest
    expected = scores_of(tmp_path / "other.parquet")
    rows = read(kafka.settings, f"{topics}.scores")
    assert {row["event_id"] for row in rows} == set(small.scores)
    for row in rows:
        after = datetime.fromisoformat(row["event_time"]) >= since
        assert row["artifact"] == (theirs if after else mine)
        assert row["score"] == (expected if after else small.scores)[row["event_id"]]
    shadow = read(kafka.settings, f"{topics}.shadow")
    assert {row["artifact"] for row in shadow} == {mine}
    assert {row["event_id"]: row["score"] for row in shadow} == {
        row["event_id"]: small.scores[row["event_id"]]
        for row in rows
        if since <= datetime.fromisoformat(row["event_time"]) < until
    }


def scores_of(path: Path) -> dict[str, Any]:
    import polars as pl

    return dict(pl.read_parquet(path).select("event_id", "score").iter_rows())


def test_what_the_control_topic_cannot_mean_is_put_away_with_the_reason(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    create(kafka.settings, Topics(topics), partitions=1)
    told = {"artifact": str(small.artifact.path), "digest": "0" * 16, "from": spell(10**15)}
    send(kafka.settings, [(f"{topics}.control", 0, orjson.dumps(told))])
    live(kafka, small, tmp_path, topics)

    [row] = read(kafka.settings, f"{topics}.quarantine")
    assert row["topic"] == f"{topics}.control"
    assert row["reason"].startswith("digest: ")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"WORKBENCH_KAFKA": "no-such-host.invalid:9092"}, "the host 'no-such-host.invalid'"),
        ({"WORKBENCH_KAFKA": "127.0.0.1:1"}, "nothing answers"),
        ({"WORKBENCH_KAFKA": ""}, "WORKBENCH_KAFKA, which is not set"),
        ({}, "there is no such topic"),
    ],
)
def test_what_is_wrong_with_the_brokers_is_said_in_one_paragraph(
    kafka: Server,
    topics: str,
    small: World,
    tmp_path: Path,
    change: dict[str, str],
    expected: str,
) -> None:
    code, _, err = run(kafka.environment | change, *worker(small, tmp_path, topics))

    assert code == 2
    assert expected in err
    assert "Traceback" not in err


def test_a_state_of_another_artifact_is_refused(
    kafka: Server, topics: str, small: World, tmp_path: Path
) -> None:
    publish(kafka.settings, small.stream, Topics(topics), until=0)
    live(kafka, small, tmp_path / "state", topics)
    run_ = replay(small.stream, Setup.of("fraud", "logistic"), tmp_path / "run")
    other = export(run_, tmp_path / "other")
    arguments = list(worker(small, tmp_path / "state", topics))
    arguments[arguments.index("--artifact") + 1] = str(other.path)
    code, _, err = run(kafka.environment, *arguments)

    assert code == 2
    assert "belongs to the artifact" in err
