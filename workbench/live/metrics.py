"""What every process of a live case measures: names, kinds, meanings, labels and buckets.

The one table that telemetry, alert rules and dashboards share. Every label has a closed set of
values, so that the number of series is known beforehand and nothing of an event, an entity or a
person can get into one; what is not in the set is ``other``. Units are in the names, as
Prometheus has it (https://prometheus.io/docs/practices/naming/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.replay.alerting import SEVERITIES

Kind = Literal["counter", "gauge", "histogram"]

PREFIX = "workbench_"
OTHER = "other"
#: Labels of every series: which process, and of which topics.
EVERY = ("role", "topics")

#: Why a message can be in quarantine, without the field and without any value: the first of these
#: that is part of the reason.
REASONS = (
    "retries",
    "unroutable",
    "parsing_exception",
    "mapping",
    "missing",
    "not text",
    "not a single value",
    "not a whole number",
    "not a number",
    "not a time",
    "out of range",
    "after the message was written",
    "below",
    "above",
    "tombstone",
    "duplicate",
    "larger than",
    "not JSON",
    "not a JSON object",
    "a name that comes twice",
    "neither 0 nor 1",
    "of another type",
    "passed that time",
    "not after",
    "the artifact has",
)
VALUES: dict[str, tuple[str, ...]] = {
    "topic": ("events", "labels", "scores", "alerts", "quarantine", "control", "shadow"),
    "reason": REASONS,
    "severity": SEVERITIES,
    "sink": ("kafka", "rabbitmq", "search", "database"),
}

_SECOND, _MINUTE, _HOUR, _DAY = 1.0, 60.0, 3_600.0, 86_400.0
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SHARES = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_DELAYS = (
    _MINUTE,
    *(hours * _HOUR for hours in (1, 6)),
    *(days * _DAY for days in (1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 120)),
)

READERS = ("worker", "recorder", "relay-alerts", "relay-index", "desk")
ROLES = ("publisher", *READERS)


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that is measured.

    Parameters
    ----------
    kind
        ``counter`` (only rises), ``gauge`` or ``histogram``.
    help
        What it is, in one sentence for people.
    roles
        The processes that have it from their start on, at zero if it is a counter.
    labels
        Names of its labels beside those that every series has.
    buckets
        Upper bounds of a histogram's buckets, without infinity.
    """

    kind: Kind
    help: str
    roles: tuple[str, ...]
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS: dict[str, Metric] = {
    # What passes.
    "events": Metric("counter", "Events taken in.", ("publisher", "worker", "recorder")),
    "labels": Metric("counter", "Labels taken in.", ("publisher", "worker", "recorder")),
    "scores": Metric("counter", "Scores committed.", ("worker",)),
    "shadow_scores": Metric("counter", "Scores of the artifact that does not count.", ("worker",)),
    "alerts": Metric("counter", "Alerts committed.", ("worker",), ("severity",)),
    "late_events": Metric("counter", "Events that came after their place in time.", ("worker",)),
    "duplicates": Metric(
        "counter", "Messages whose id was there before.", ("worker", "recorder", "desk")
    ),
    "quarantined": Metric("counter", "Messages put into quarantine.", READERS, ("reason",)),
    "cleared": Metric(
        "counter", "Impossible values of good events, taken as missing.", ("worker",), ("reason",)
    ),
    # How fast.
    "score_latency_seconds": Metric(
        "histogram",
        "From the moment an event was produced to its committed score.",
        ("worker",),
        buckets=_FAST,
    ),
    "batch_seconds": Metric(
        "histogram", "Work on one batch, without its transaction.", READERS, buckets=_FAST
    ),
    "transaction_seconds": Metric(
        "histogram", "One transaction, from begin to commit.", ("worker",), buckets=_FAST
    ),
    "checkpoint_seconds": Metric(
        "histogram", "Writing one checkpoint of the state.", ("worker",), buckets=_FAST
    ),
    # How far behind.
    "lag_offsets": Metric(
        "gauge", "Messages on a topic that were not yet read.", READERS, ("topic",)
    ),
    "lag_event_seconds": Metric(
        "gauge", "From the watermark to the newest event time that was read.", ("worker",)
    ),
    "watermark_seconds": Metric(
        "gauge", "Event time up to which all is processed, in seconds since 1970.", ("worker",)
    ),
    # What the detector says and learns.
    "score": Metric("histogram", "Scores, as they are distributed.", ("worker",), buckets=_SHARES),
    "label_delay_seconds": Metric(
        "histogram",
        "From an event to the moment its label became known, in event time.",
        ("worker",),
        buckets=_DELAYS,
    ),
    # After Kafka.
    "relay_confirms": Metric(
        "counter", "Alerts that the queue confirmed.", ("relay-alerts",), ("severity",)
    ),
    "relay_confirm_seconds": Metric(
        "histogram", "From sending an alert to its confirm.", ("relay-alerts",), buckets=_FAST
    ),
    "index_documents": Metric("counter", "Documents that the index took.", ("relay-index",)),
    "index_failed": Metric("counter", "Documents that the index refused.", ("relay-index",)),
    "desk_alerts": Metric("counter", "Alerts kept in the desk's database.", ("desk",)),
    "sink_in_flight": Metric("gauge", "Sent and not yet acknowledged.", (*ROLES,), ("sink",)),
    # How it goes.
    "retries": Metric("counter", "Attempts that were made again.", ROLES, ("sink",)),
    "restarts": Metric("counter", "Successors that the supervisor started.", ("worker",)),
    "heartbeat_seconds": Metric(
        "gauge", "When the process last said that it goes on, in seconds since 1970.", ROLES
    ),
    "ready": Metric("gauge", "1 while the process does its work, 0 before.", ROLES),
}


def value_of(label: str, value: str) -> str:
    """Return a label's value as it is told: one of the closed set, or ``other``.

    A topic may carry its prefix; of a quarantine's reason only the kind is kept.

    Examples
    --------
    >>> value_of("topic", "fraud.events"), value_of("reason", "amount: below 1,000")
    ('events', 'below')
    >>> value_of("severity", "4000-1234")
    'other'
    """
    if label == "reason":
        return next((kind for kind in REASONS if kind in value), OTHER)
    if label == "topic":
        value = value.rpartition(".")[2]
    return value if value in VALUES[label] else OTHER


def series_of(name: str) -> tuple[str, ...]:
    """Return the names under which Prometheus has a metric.

    Examples
    --------
    >>> series_of("events"), series_of("ready")
    (('workbench_events_total',), ('workbench_ready',))
    """
    full = PREFIX + name
    match METRICS[name].kind:
        case "counter":
            return (f"{full}_total",)
        case "gauge":
            return (full,)
        case _:
            return (f"{full}_bucket", f"{full}_count", f"{full}_sum")
