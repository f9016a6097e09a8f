"""A worker at work, as Prometheus and its log tell of it: a real process on a real broker."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import orjson
import pytest
from live_examples import begin, run, simulated
from prometheus_client.parser import text_string_to_metric_families

import workbench as wb
from workbench.live import clients, tour
from workbench.live.fields import spell
from workbench.live.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Server

CARD, PASSWORD = "card-4000-1234-5678", "correct-horse-battery"
DAY = "2025-03-12"


@dataclass
class Worker:
    """A worker that has scored all that was published."""

    address: str
    metrics: dict[tuple[str, str], float]
    expected: int

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.address}{path}")


@dataclass
class Left:
    """What it said until it had left."""

    code: int
    log: list[str]


def told(address: str) -> dict[tuple[str, str], float]:
    """Return what the worker tells: by the name of the series and its own label, if it has one."""
    found = {}
    for family in text_string_to_metric_families(httpx.get(f"{address}/metrics").text):
        for sample in family.samples:
            own = [v for k, v in sorted(sample.labels.items()) if k not in ("role", "topics")]
            found[sample.name, ",".join(own)] = sample.value
    return found


@pytest.fixture(scope="module")
def observed(
    kafka: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Worker, Left]]:
    folder = tmp_path_factory.mktemp("observed")
    yield from _observed(kafka, folder)


def _observed(kafka: Server, folder: Path) -> Iterator[tuple[Worker, Left]]:
    stream = simulated(folder / "stream")
    artifact = wb.replay(stream, until=DAY, out=folder / "run").export(folder / "artifact")
    expected = tour.score(artifact, stream.path)
    topics = Topics("observed")
    code, _, err = run(
        kafka.environment,
        *("publish", "fraud", "--stream", stream.path, "--topics", topics.prefix),
        *("--from", tour.after(artifact)),
    )
    assert code == 0, err
    bad = {"event_id": CARD, "event_time": CARD, "card": CARD}
    last = expected["event_time"].to_physical()[-1]
    good = {"event_id": "marked", "event_time": spell(last + 1), "card": CARD}
    good |= {"terminal": CARD, "amount": 100}
    producer = clients.producer(kafka.settings)
    for value in (orjson.dumps(bad), orjson.dumps(good), f"{{{CARD}".encode()):
        producer.send(topics.events, value, key=CARD.encode())
    producer.close()

    process = begin(
        kafka.environment | {"WORKBENCH_RABBITMQ_PASSWORD": PASSWORD},
        *("live", "fraud", "--artifact", artifact.path, "--state", folder / "state"),
        *("--topics", topics.prefix, "--metrics-port", "0", "--log-level", "DEBUG"),
    )
    left = Left(-1, [])
    stderr = process.stderr
    assert stderr is not None
    listener = threading.Thread(target=lambda: left.log.extend(stderr), daemon=True)
    listener.start()
    deadline = time.monotonic() + 120
    address, metrics, wanted = "", {}, expected.height + 1
    try:
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
            if not address:
                where = re.search(r"metrics at (http://\S+)/metrics", "".join(left.log))
                address = where[1] if where else ""
            else:
                metrics = told(address)
                if metrics["workbench_scores_total", ""] >= wanted:
                    break
        assert address, "".join(left.log)
        yield Worker(address, metrics, wanted), left
    finally:
        process.send_signal(signal.SIGTERM)
        left.code = process.wait(60)
        listener.join(10)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def worker(observed: tuple[Worker, Left]) -> Worker:
    return observed[0]


def test_every_event_is_counted_and_every_score(worker: Worker) -> None:
    assert worker.metrics["workbench_scores_total", ""] == worker.expected
    assert worker.metrics["workbench_events_total", ""] == worker.expected


def test_bad_messages_are_counted_by_the_kind_of_their_reason(worker: Worker) -> None:
    assert worker.metrics["workbench_quarantined_total", "not a time"] == 1
    assert worker.metrics["workbench_quarantined_total", "not JSON"] == 1


def test_transactions_and_batches_are_timed(worker: Worker) -> None:
    for name in ("transaction", "batch"):
        assert worker.metrics[f"workbench_{name}_seconds_count", ""] > 0


def test_scores_are_told_as_they_are_distributed(worker: Worker) -> None:
    assert worker.metrics["workbench_score_count", ""] == worker.expected


def test_the_way_of_an_event_to_its_score_is_timed(worker: Worker) -> None:
    assert worker.metrics["workbench_score_latency_seconds_count", ""] > 0
    assert worker.metrics["workbench_score_latency_seconds_sum", ""] > 0


def test_delays_of_labels_are_told_in_event_time(worker: Worker) -> None:
    count = worker.metrics["workbench_label_delay_seconds_count", ""]

    assert count > 0
    # What nobody disputes is genuine after 7 days; what is fraud becomes known earlier or later.
    assert 1 < worker.metrics["workbench_label_delay_seconds_sum", ""] / count / 86_400 < 30


def test_it_says_how_far_it_is(worker: Worker) -> None:
    assert worker.metrics["workbench_watermark_seconds", ""] > 1_741_737_600  # 2025-03-12
    assert worker.metrics["workbench_lag_event_seconds", ""] == 0
    assert worker.metrics["workbench_lag_offsets", "events"] == 0


def test_it_is_alive_and_ready(worker: Worker) -> None:
    assert worker.get("/health").status_code == 200
    assert worker.get("/ready").status_code == 200


def test_nothing_of_an_event_is_told(worker: Worker) -> None:
    assert CARD not in worker.get("/metrics").text


def test_its_log_holds_no_card_and_no_password(observed: tuple[Worker, Left]) -> None:
    log = observed[1].log

    assert log
    assert all(json.loads(line)["role"] in ("worker", "supervisor") for line in log)
    assert CARD not in "".join(log)
    assert PASSWORD not in "".join(log)
