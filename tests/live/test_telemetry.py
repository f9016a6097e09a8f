"""What a process measures, who may ask it, and what it says of its health."""

from __future__ import annotations

import re
import socket
import threading

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from workbench.errors import ParameterError
from workbench.live.health import Health
from workbench.live.metrics import METRICS, OTHER, ROLES, VALUES, series_of, value_of
from workbench.live.telemetry import Telemetry, serve


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry("worker", "fraud")


def told(telemetry: Telemetry, series: str, **labels: str) -> float | None:
    every = {"role": telemetry.role, "topics": telemetry.prefix}
    return telemetry.registry.get_sample_value(series, every | labels)


def test_counts_add_up(telemetry: Telemetry) -> None:
    telemetry.count("events")
    telemetry.count("events", 41)

    assert told(telemetry, "workbench_events_total") == 42


def test_counts_with_labels_are_kept_apart(telemetry: Telemetry) -> None:
    telemetry.count("alerts", severity="high")
    telemetry.count("alerts", 2, severity="low")

    assert told(telemetry, "workbench_alerts_total", severity="high") == 1
    assert told(telemetry, "workbench_alerts_total", severity="low") == 2


def test_a_counter_stands_at_zero_before_its_first_count(telemetry: Telemetry) -> None:
    """Otherwise the first message in quarantine would be no increase for Prometheus."""
    assert told(telemetry, "workbench_quarantined_total", reason="missing") == 0


def test_a_gauge_is_not_there_before_it_was_set(telemetry: Telemetry) -> None:
    """A watermark of 1970 would look like a lag of half a century."""
    assert told(telemetry, "workbench_watermark_seconds") is None

    telemetry.gauge("watermark_seconds", 1.5e9)

    assert told(telemetry, "workbench_watermark_seconds") == 1.5e9


def test_a_process_has_no_counters_of_others() -> None:
    assert told(Telemetry("desk", "fraud"), "workbench_labels_total") is None


def test_a_histogram_takes_one_value_or_a_batch(telemetry: Telemetry) -> None:
    telemetry.observe("score", 0.1)
    telemetry.observe("score", np.array([0.05, 0.5, 0.99]))

    assert told(telemetry, "workbench_score_bucket", le="0.1") == 2
    assert told(telemetry, "workbench_score_bucket", le="+Inf") == 4
    assert told(telemetry, "workbench_score_count") == 4
    assert told(telemetry, "workbench_score_sum") == pytest.approx(1.64)


def test_a_histogram_leaves_out_what_is_no_number(telemetry: Telemetry) -> None:
    telemetry.observe("score", np.array([np.nan, 0.5]))

    assert told(telemetry, "workbench_score_count") == 1
    assert told(telemetry, "workbench_score_sum") == 0.5


def test_an_empty_batch_changes_nothing(telemetry: Telemetry) -> None:
    telemetry.observe("score", np.empty(0))

    assert told(telemetry, "workbench_score_count") == 0


@pytest.mark.parametrize(
    ("method", "name", "labels"),
    [
        ("count", "evnets", {}),
        ("gauge", "events", {}),
        ("observe", "watermark_seconds", {}),
        ("count", "alerts", {}),
        ("count", "events", {"card": "4000"}),
    ],
)
def test_what_is_not_declared_is_refused(
    telemetry: Telemetry, method: str, name: str, labels: dict[str, str]
) -> None:
    with pytest.raises(KeyError, match="not declared"):
        getattr(telemetry, method)(name, 1, **labels)


@pytest.mark.parametrize("label", VALUES)
def test_no_value_of_a_message_becomes_a_label(label: str) -> None:
    assert value_of(label, "card 4000-1234") == OTHER


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("event_id: missing", "missing"),
        ("amount: below 1,000", "below"),
        ("larger than 1,048,576 bytes", "larger than"),
        ("not a JSON object", "not a JSON object"),
        ("event_time: out of range, so late that its place is forgotten", "out of range"),
        ("mapper_parsing_exception: [score] holds 'missing'", "parsing_exception"),
        ("after 4 retries: KeyError: 'missing'", "retries"),
    ],
)
def test_of_a_reason_its_kind_is_told(reason: str, kind: str) -> None:
    assert value_of("reason", reason) == kind


def test_of_a_topic_its_kind_is_told() -> None:
    assert value_of("topic", "some.prefix.labels") == "labels"


def test_counts_from_many_threads_all_arrive(telemetry: Telemetry) -> None:
    def work() -> None:
        for _ in range(2_000):
            telemetry.count("events")
            telemetry.observe("batch_seconds", 0.01)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told(telemetry, "workbench_events_total") == 8_000
    assert told(telemetry, "workbench_batch_seconds_count") == 8_000


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_declared_whole(name: str) -> None:
    """By Prometheus's rules for names, with a sentence that says what it is."""
    metric = METRICS[name]

    assert all(re.fullmatch(r"[a-z][a-z_]*[a-z]", series) for series in series_of(name))
    assert metric.help.endswith(".")
    assert set(metric.roles) <= set(ROLES)
    assert set(metric.labels) <= set(VALUES)
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))


def test_prometheus_reads_what_is_told(telemetry: Telemetry) -> None:
    telemetry.observe("score", 0.3)
    with serve(telemetry, 0) as address:
        answer = httpx.get(f"{address}/metrics")

    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert answer.headers["content-type"].startswith("text/plain")
    assert families["workbench_score"].type == "histogram"
    assert families["workbench_events"].documentation == METRICS["events"].help
    assert "process_resident_memory_bytes" in families


def test_ready_is_what_the_process_says(telemetry: Telemetry) -> None:
    with serve(telemetry, 0) as address:
        before = httpx.get(f"{address}/ready")
        telemetry.health.ready = True
        after = httpx.get(f"{address}/ready")

    assert (before.status_code, after.status_code) == (503, 200)
    assert told(telemetry, "workbench_ready") == 1


def test_healthy_is_who_gave_a_sign_of_life(telemetry: Telemetry) -> None:
    with serve(telemetry, 0) as address:
        assert httpx.get(f"{address}/health").status_code == 200

        telemetry.health = Health(stuck=-1)

        assert httpx.get(f"{address}/health").status_code == 503


def test_another_path_says_which_there_are(telemetry: Telemetry) -> None:
    with serve(telemetry, 0) as address:
        answer = httpx.get(f"{address}/")

    assert answer.status_code == 404
    assert "/metrics" in answer.text


def test_it_listens_on_this_machine_only(telemetry: Telemetry) -> None:
    with serve(telemetry, 0) as address:
        assert str(address).startswith("http://127.0.0.1:")


def test_the_port_is_free_again_afterwards(telemetry: Telemetry) -> None:
    with serve(telemetry, 0) as address:
        port = int(str(address).rpartition(":")[2])

    with serve(telemetry, port) as again:
        assert again == address


def test_without_a_port_nothing_is_served(telemetry: Telemetry) -> None:
    with serve(telemetry, None) as address:
        assert address is None


@pytest.mark.parametrize("port", [None, 70_000])
def test_a_port_that_cannot_be_had_is_named(telemetry: Telemetry, port: int | None) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        wanted = port or other.getsockname()[1]
        with (
            pytest.raises(ParameterError, match=f"--metrics-port {wanted}"),
            serve(telemetry, wanted),
        ):
            pass
