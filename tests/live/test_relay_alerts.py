"""Alerts from Kafka reach the queues of RabbitMQ: each under its id, and none before its turn."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from alert_examples import Host, an_alert, ids, put, taken, until
from live_examples import begin, run

from workbench.live import routes as routing
from workbench.live.relay_alerts import relay
from workbench.live.routes import EXCHANGE, Routes, settle
from workbench.live.sender import Unroutable
from workbench.live.telemetry import Telemetry
from workbench.live.topics import Topics, create

if TYPE_CHECKING:
    from servers import Server

    from workbench.live.settings import Settings

ROUTES = Routes("fraud")
IDLE = ("--until-idle", "1s", "--json")


@pytest.fixture
def host(kafka: Server, rabbitmq: Server, topics: str) -> Host:
    """A virtual host named as the topics, and the brokers."""
    return Host.made({**kafka.environment, **rabbitmq.environment}, topics)


@pytest.fixture
def settings(host: Host) -> Settings:
    return host.settings


@pytest.fixture
def names(settings: Settings, topics: str) -> Topics:
    made = Topics(topics)
    create(settings, made)
    return made


def test_each_alert_lies_in_the_queue_of_its_severity_as_it_was_on_the_topic(
    host: Host, settings: Settings, names: Topics
) -> None:
    sent = [an_alert(k) for k in range(300)]
    put(settings, names, sent)

    done = relay(settings, "fraud", names, until_idle=0.5)

    assert (done.alerts, done.quarantined) == (300, 0)
    for severity in ("low", "medium", "high"):
        found = host.messages(ROUTES.queue(severity))
        expected = {a["alert_id"]: orjson.dumps(a) for a in sent if a["severity"] == severity}
        assert len(found) == len(expected) == 100
        assert {properties.message_id: body for properties, body in found} == expected
        properties = found[0][0]
        assert properties.delivery_mode == 2
        assert properties.content_type == "application/json"
        assert properties.headers == {"topics": names.prefix}


def test_alerts_of_one_entity_keep_their_order(
    host: Host, settings: Settings, names: Topics
) -> None:
    put(settings, names, [an_alert(k, entity="card", severity="low") for k in range(500)])
    relay(settings, "fraud", names, until_idle=0.5)
    found = host.messages(ROUTES.queue("low"))
    assert [properties.message_id for properties, _ in found] == ids(500)


def test_what_was_confirmed_is_not_sent_again(settings: Settings, names: Topics) -> None:
    put(settings, names, [an_alert(k) for k in range(50)])
    assert relay(settings, "fraud", names, until_idle=0.5).alerts == 50
    assert relay(settings, "fraud", names, until_idle=0.5).alerts == 0
    put(settings, names, [an_alert(50)])
    assert relay(settings, "fraud", names, until_idle=0.5).alerts == 1


def test_what_is_no_alert_goes_to_quarantine_with_reason_and_place(
    host: Host, settings: Settings, names: Topics
) -> None:
    bad: list[Any] = [b"{", an_alert(1, score="high"), an_alert(2, severity="a.b"), b"[1]"]
    put(settings, names, [an_alert(0), *bad, an_alert(3)])
    telemetry = Telemetry("relay-alerts", names.prefix)

    done = relay(settings, "fraud", names, until_idle=0.5, telemetry=telemetry)

    assert (done.alerts, done.quarantined) == (2, 4)
    found = [orjson.loads(record.value) for record in taken(settings, names.quarantine)]
    assert {f["reason"] for f in found} == {
        "not JSON in UTF-8", "score: not a number", "severity: out of range", "not a JSON object"
    }  # fmt: skip
    places = {(record.partition, record.offset) for record in taken(settings, names.alerts)}
    assert {f["topic"] for f in found} == {names.alerts}
    assert {(f["partition"], f["offset"]) for f in found} <= places
    value = telemetry.registry.get_sample_value(
        "workbench_quarantined_total",
        {"role": "relay-alerts", "topics": names.prefix, "reason": "not JSON"},
    )
    assert value == 1
    assert relay(settings, "fraud", names, until_idle=0.5).quarantined == 0


def test_an_alert_that_no_queue_takes_stops_the_relay_and_is_sent_once_one_does(
    host: Host, settings: Settings, names: Topics
) -> None:
    put(settings, names, [an_alert(k, entity="card", severity="low") for k in range(5)])
    put(settings, names, [an_alert(5, entity="card", severity="critical")])
    put(settings, names, [an_alert(6, entity="card", severity="low")])
    telemetry = Telemetry("relay-alerts", names.prefix)

    with pytest.raises(Unroutable, match=r"'fraud\.critical' found no queue \(NO_ROUTE\)"):
        relay(settings, "fraud", names, until_idle=0.5, telemetry=telemetry)

    labels = {"role": "relay-alerts", "topics": names.prefix, "reason": "unroutable"}
    assert telemetry.registry.get_sample_value("workbench_quarantined_total", labels) == 1
    host.api("POST", f"bindings/{host.name}/e/{EXCHANGE}/q/{ROUTES.queue('high')}",
             {"routing_key": "fraud.critical"})  # fmt: skip
    relay(settings, "fraud", names, until_idle=0.5)
    assert [p.message_id for p, _ in host.messages(ROUTES.queue("high"))] == [ids(6)[5]]
    low = [p.message_id for p, _ in host.messages(ROUTES.queue("low"))]
    assert set(low) == {*ids(5), ids(7)[6]}


def test_unroutable_ends_the_command_with_one_paragraph(
    host: Host, settings: Settings, names: Topics
) -> None:
    put(settings, names, [an_alert(0, severity="critical")])
    code, out, err = run(
        host.environment, "relay", "alerts", "fraud", "--topics", names.prefix, *IDLE
    )
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "found no queue" in err


def test_sigterm_ends_it_and_what_it_had_sent_is_not_sent_again(
    host: Host, settings: Settings, names: Topics
) -> None:
    put(settings, names, [an_alert(k) for k in range(600)])
    settle(settings, ROUTES)
    relaying = begin(host.environment, "relay", "alerts", "fraud", "--topics", names.prefix)
    until(lambda: sum(map(host.waiting, ROUTES.queues)) == 600)
    relaying.send_signal(signal.SIGTERM)
    out, err = relaying.communicate(timeout=30)
    assert (relaying.returncode, err) == (0, "")
    assert out.startswith("600 alerts are confirmed")
    assert relay(settings, "fraud", names, until_idle=0.5).alerts == 0


def test_a_single_node_gets_classic_queues_and_a_cluster_quorum_queues(
    host: Host, settings: Settings, names: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert routing.nodes(settings) == 1
    settle(settings, ROUTES)
    monkeypatch.setattr(routing, "nodes", lambda _: 3)
    settle(settings, Routes("other"))
    kinds = {queue["name"]: queue["type"] for queue in host.api("GET", f"queues/{host.name}")}
    assert kinds[ROUTES.queue("high")] == "classic"
    assert kinds[Routes("other").queue("high")] == "quorum"
    settle(settings, ROUTES)  # what is there stays as it is
    put(settings, names, [an_alert(k) for k in range(30)])
    assert relay(settings, "other", names, until_idle=0.5).alerts == 30
    assert host.waiting(Routes("other").queue("high")) == 10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"WORKBENCH_RABBITMQ_PASSWORD": "not-it"}, "the password of the user 'workbench'"),
        ({"WORKBENCH_RABBITMQ": "amqp://workbench@no.such.host.invalid:5672"}, "is unknown"),
        ({"WORKBENCH_RABBITMQ": "amqp://workbench@127.0.0.1:1"}, "where nothing answers"),
        ({"WORKBENCH_RABBITMQ": "amqp://workbench:hunter2@127.0.0.1"}, "without a password"),
        ({"WORKBENCH_RABBITMQ": ""}, "WORKBENCH_RABBITMQ, which is not set"),
        ({"WORKBENCH_KAFKA": "127.0.0.1:1"}, "where nothing answers"),
    ],
)
def test_a_server_that_cannot_be_had_is_said_in_one_paragraph(
    host: Host, names: Topics, change: dict[str, str], said: str
) -> None:
    code, out, err = run(
        {**host.environment, **change}, "relay", "alerts", "fraud", "--topics", names.prefix, *IDLE
    )
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
    assert "not-it" not in err
    assert "hunter2" not in err


def test_a_virtual_host_that_is_not_there_is_said(host: Host, names: Topics) -> None:
    address = host.environment["WORKBENCH_RABBITMQ"].replace(host.name, "no-such-host")
    code, _, err = run(
        {**host.environment, "WORKBENCH_RABBITMQ": address},
        *("relay", "alerts", "fraud", "--topics", names.prefix, *IDLE),
    )
    assert code == 2
    assert "the virtual host 'no-such-host'" in err


def test_topics_that_are_not_there_are_said(host: Host) -> None:
    code, _, err = run(host.environment, "relay", "alerts", "fraud", "--topics", "nobody", *IDLE)
    assert code == 2
    assert "there is no such topic" in err
