"""The search engine is killed under load: the index equals the topics in the end."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import orjson
import pytest
from index_examples import alerts, client_of, scores, settings_of, sources, wait, write
from live_examples import begin
from servers import had

from workbench.live.index.layout import Layout
from workbench.live.index.relay import BATCH, DEPTH, Relayed, relay
from workbench.live.index.retention import existing
from workbench.live.services import Services
from workbench.live.stopping import Stop
from workbench.live.telemetry import Telemetry
from workbench.live.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

ROUNDS, SIZE = 3, 2_500
SERIES = {"role": "relay-index"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An engine of this module's own; what the relay asks of both engines, other tests show."""
    services = Services(tmp_path_factory.mktemp("mortal"))
    try:
        yield had(services, "opensearch")
    finally:
        services.down()
        services.remove()


@pytest.fixture
def mortal(own: Server) -> Server:
    """The same, up again after whatever the last test did to it."""
    own.services.start(own.name)
    return own


@pytest.mark.timeout(600)
def test_killed_under_load_nothing_is_lost_and_nothing_doubled(
    kafka: Server, mortal: Server, topics: str
) -> None:
    names, settings = Topics(topics), settings_of(kafka, mortal)
    moments = random.Random(7)
    environment = kafka.environment | mortal.environment
    written = scores(names, ROUNDS * SIZE)
    raised = alerts(names, written)
    write(settings, names, raised)
    # An engine may take all that is there before its start is reported: idle is longer than that.
    running = begin(
        environment,
        *("relay", "index", "fraud", "--topics", topics, "--until-idle", "20s", "--json"),
    )
    try:
        with client_of(settings) as client:
            wait(lambda: bool(existing(client, Layout(names.prefix))), 120)
        for number in range(ROUNDS):
            write(settings, names, written[number * SIZE : (number + 1) * SIZE])
            moment = moments.uniform(0, 0.5)
            threading.Event().wait(moment)
            mortal.services.kill(mortal.name)
            mortal.services.start(mortal.name)
            assert running.poll() is None, running.communicate()
        out, err = running.communicate(timeout=240)
    finally:
        running.kill()
        running.communicate()

    assert running.returncode == 0, err
    assert orjson.loads(out)["quarantined"] == 0
    with client_of(settings) as client:
        found = sources(client, names.prefix, "scores")
        warned = sources(client, names.prefix, "alerts")
    assert len(found) == len(written)
    assert {content["event_id"]: content for content in found.values()} == {
        (content := orjson.loads(value))["event_id"]: content | {"entity": key.decode()}
        for _, key, value in written
    }
    assert warned == {(a := orjson.loads(value))["alert_id"]: a for _, _, value in raised}


@pytest.mark.timeout(600)
def test_while_the_engine_is_away_no_more_is_read_than_fits(
    kafka: Server, mortal: Server, topics: str
) -> None:
    names, settings = Topics(topics), settings_of(kafka, mortal)
    telemetry, stop = Telemetry("relay-index", topics), Stop()
    write(settings, names, scores(names, 10))
    done: list[Relayed] = []
    work = threading.Thread(
        target=lambda: done.append(
            relay(settings, names, until_idle=3, stop=stop, telemetry=telemetry)
        )
    )
    work.start()
    try:
        with client_of(settings) as client:
            wait(lambda: bool(existing(client, Layout(names.prefix))))
        mortal.services.kill(mortal.name)
        write(settings, names, scores(names, 3 * DEPTH * BATCH, first=10))
        wait(lambda: _told(telemetry, "retries_total", sink="search") >= 5)

        assert 0 < _told(telemetry, "sink_in_flight", sink="search") <= DEPTH * BATCH
        assert telemetry.health.alive

        mortal.services.start(mortal.name)
        work.join(240)
    finally:
        stop.ask()
        work.join(60)
    assert [one.taken + one.there for one in done] == [10 + 3 * DEPTH * BATCH]


@pytest.mark.timeout(600)
def test_whoever_is_asked_to_stop_while_the_engine_is_away_leaves_at_once(
    kafka: Server, mortal: Server, topics: str
) -> None:
    names, settings = Topics(topics), settings_of(kafka, mortal)
    write(settings, names, scores(names, 10))
    running = begin(
        kafka.environment | mortal.environment, *("relay", "index", "fraud", "--topics", topics)
    )
    try:
        with client_of(settings) as client:
            wait(lambda: bool(existing(client, Layout(names.prefix))))
        mortal.services.kill(mortal.name)
        write(settings, names, scores(names, 100, first=10))
        running.terminate()
        _, err = running.communicate(timeout=30)
    finally:
        running.kill()
        running.communicate()

    assert running.returncode in (0, 130)
    assert "Traceback" not in err


def _told(telemetry: Telemetry, name: str, **labels: str) -> float:
    every = {"role": telemetry.role, "topics": telemetry.prefix}
    return telemetry.registry.get_sample_value(f"workbench_{name}", every | labels) or 0.0
