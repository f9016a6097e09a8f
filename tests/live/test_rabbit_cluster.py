"""Three nodes of RabbitMQ, of which one is killed under load: every alert arrives, once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from alert_examples import an_alert, ids, put
from pika import BasicProperties
from servers import Server, until
from sqlalchemy import create_engine, text

from workbench.errors import ServiceError
from workbench.live.consumer import consume
from workbench.live.inbox import once
from workbench.live.rabbit import connect
from workbench.live.relay_alerts import relay
from workbench.live.routes import EXCHANGE, TRIES, Routes, nodes, settle
from workbench.live.services import Services
from workbench.live.services.kinds import kind
from workbench.live.settings import Settings
from workbench.live.stopping import Stop
from workbench.live.topics import Topics, create

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from workbench.live.consumer import Message

BEFORE, AFTER = 6_000, 3_000
ROUTES = Routes("fraud")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Three nodes."""
    try:
        kind("rabbitmq").require()
    except ServiceError as error:
        pytest.skip(str(error))
    services = Services(tmp_path_factory.mktemp("cluster"))
    with services.running("rabbitmq", nodes=3):
        yield Server("rabbitmq", services.environment(), services)


def asked(cluster: Server, node: int, path: str) -> Any:
    """Ask a node's HTTP API."""
    found = cluster.settings
    user = ("workbench", found.rabbitmq_password.get_secret_value())
    address = found.rabbitmq_api.split(",")[node]
    return httpx.get(f"{address}/api/{path}", auth=user, timeout=20).raise_for_status().json()


class Worked:
    """Work on a database that counts how often each message was worked on."""

    def __init__(self, folder: Path) -> None:
        self.engine = create_engine(f"sqlite:///{folder / 'worked.sqlite'}")
        with self.engine.begin() as connection:
            connection.execute(text("CREATE TABLE worked (id TEXT)"))
        self.delivered = 0
        self._once = once(self.engine, "test", self._keep)

    def __call__(self, messages: Sequence[Message]) -> None:
        self.delivered += len(messages)
        self._once(messages)

    def _keep(self, connection: Connection, new: Sequence[Message]) -> None:
        rows = [{"id": message.id} for message in new]
        connection.execute(text("INSERT INTO worked VALUES (:id)"), rows)

    @property
    def ids(self) -> list[str]:
        with self.engine.begin() as connection:
            return [row.id for row in connection.execute(text("SELECT id FROM worked"))]


def test_queues_of_a_cluster_are_kept_by_all_of_its_nodes(cluster: Server) -> None:
    settle(cluster.settings, Routes("kept"))

    found = {queue["name"]: queue for queue in asked(cluster, 2, "queues")}
    ours = [queue for name, queue in found.items() if ".kept." in name]
    assert nodes(cluster.settings) == 3
    assert len(ours) == 5
    assert {queue["type"] for queue in ours} == {"quorum"}
    assert {len(queue["members"]) for queue in ours} == {3}


def test_what_fails_comes_back_and_is_given_up_after_some_tries(cluster: Server) -> None:
    routes, came = Routes("failing"), Counter[str]()

    def work(messages: Sequence[Message]) -> None:
        for message in messages:
            came[message.id] += 1
            if message.id == "never" or came[message.id] == 1:
                raise ValueError(message.id)

    settle(cluster.settings, routes)
    with closing(connect(cluster.settings)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for identity in ("later", "never"):
            properties = BasicProperties(message_id=identity, delivery_mode=2)
            channel.basic_publish(EXCHANGE, routes.key("high"), b"{}", properties, mandatory=True)

        done = consume(cluster.settings, routes, work, until_idle=0.5)

        assert (done.done, done.parked) == (1, 1)
        assert came["never"] == TRIES
        _, parked, _ = channel.basic_get(routes.parked, auto_ack=True)
    assert parked.message_id == "never"


def test_no_confirmed_alert_is_lost_or_doubled_when_a_node_is_killed(
    kafka: Server, cluster: Server, topics: str, tmp_path: Path
) -> None:
    names, stop, worked = Topics(topics), Stop(), Worked(tmp_path)
    settings = Settings.model_validate(
        {name: value for one in (kafka, cluster) for name, value in one.settings if value}
    )
    create(settings, names)
    put(settings, names, map(an_alert, range(BEFORE)))
    with ThreadPoolExecutor(2) as pool:
        try:
            relayed = pool.submit(relay, settings, "fraud", names, stop=(sent := Stop()))
            consumed = pool.submit(consume, settings, ROUTES, worked, stop=stop)
            until(lambda: worked.delivered > BEFORE // 4 or consumed.done() or relayed.done())
            # Both speak to the first node, for its address is the first.
            cluster.services.kill("rabbitmq", 0)
            put(settings, names, map(an_alert, range(BEFORE, BEFORE + AFTER)))
            until(
                lambda: len(worked.ids) >= BEFORE + AFTER or consumed.done() or relayed.done(),
                within=120,
            )
        finally:
            sent.ask()
            stop.ask()

    assert consumed.result().done >= BEFORE + AFTER
    assert relayed.result().alerts == BEFORE + AFTER
    assert sorted(worked.ids) == sorted(ids(BEFORE + AFTER))


def test_with_a_node_down_others_say_of_how_many_the_cluster_is(cluster: Server) -> None:
    cluster.services.kill("rabbitmq", 0)

    assert nodes(cluster.settings) == 3


def test_a_node_that_was_killed_comes_back_to_the_others(cluster: Server) -> None:
    cluster.services.kill("rabbitmq", 0)

    cluster.services.start("rabbitmq", 0)

    until(lambda: all(node["running"] for node in asked(cluster, 0, "nodes")))
    assert nodes(cluster.settings) == 3
