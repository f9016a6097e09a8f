"""The consumer kit: acknowledged after the work, tried again, given up, never twice."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from alert_examples import Host, an_alert, ids, until
from sqlalchemy import Column, MetaData, String, Table, create_engine, insert, select

from workbench.live.clients import Away, LiveError
from workbench.live.consumer import REASON, Consumed, Message, Refused, consume
from workbench.live.inbox import once
from workbench.live.routes import EXCHANGE, TRIES, Routes, settle
from workbench.live.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from servers import Server
    from sqlalchemy import Connection

    from workbench.live.settings import Settings

ROUTES = Routes("fraud")
KEY = ROUTES.key("low")


@pytest.fixture
def host(rabbitmq: Server, topics: str) -> Host:
    host = Host.made(rabbitmq.environment, topics)
    settle(host.settings, ROUTES)
    return host


@pytest.fixture
def settings(host: Host) -> Settings:
    return host.settings


class Work:
    """Notes what it was given; fails for ids as often as told."""

    def __init__(self, failing: dict[str, int] | None = None, error: Exception | None = None):
        self.done: list[str] = []
        self.tried: list[str] = []
        self.failing = failing or {}
        self.error = error or RuntimeError("no luck")

    def __call__(self, messages: Sequence[Message]) -> None:
        self.tried += [message.id for message in messages]
        for message in messages:
            if self.failing.get(message.id, 0):
                # Of several, nobody knows which one it was.
                self.failing[message.id] -= len(messages) == 1
                raise self.error
        self.done += [message.id for message in messages]


def left(host: Host) -> int:
    return sum(map(host.waiting, (*ROUTES.queues, ROUTES.retry, ROUTES.parked)))


def test_what_is_done_is_acknowledged_in_the_order_in_which_it_came(
    host: Host, settings: Settings
) -> None:
    host.send(EXCHANGE, KEY, [an_alert(k) for k in range(1_200)])
    work = Work()
    assert consume(settings, ROUTES, work, until_idle=0.3) == Consumed(done=1_200)
    assert work.done == ids(1_200)
    assert left(host) == 0


def test_a_refused_message_is_parked_at_once_with_the_reason_and_the_others_are_done(
    host: Host, settings: Settings
) -> None:
    host.send(EXCHANGE, KEY, [an_alert(k) for k in range(20)], topics="t")
    poison = ids(20)[7]
    work = Work({poison: 1}, Refused("it says nothing"))

    done = consume(settings, ROUTES, work, until_idle=0.3)

    assert done == Consumed(done=19, parked=1)
    assert work.done == [one for one in ids(20) if one != poison]
    [(properties, body)] = host.messages(ROUTES.parked)
    assert properties.message_id == poison
    assert properties.headers == {REASON: "it says nothing", "key": KEY, "topics": "t"}
    assert b'"e7"' in body
    assert left(host) == 0


def test_a_message_that_fails_is_tried_again_a_bounded_number_of_times_and_then_parked(
    host: Host, settings: Settings
) -> None:
    host.send(EXCHANGE, KEY, [an_alert(0)])
    work = Work({ids(1)[0]: 99})

    done = consume(settings, ROUTES, work, until_idle=0.3)

    assert done == Consumed(again=TRIES - 1, parked=1)
    assert len(work.tried) == TRIES
    [(properties, _)] = host.messages(ROUTES.parked)
    assert properties.headers[REASON] == f"after {TRIES - 1} retries: RuntimeError: no luck"
    assert left(host) == 0


def test_a_message_that_fails_twice_is_done_the_third_time(host: Host, settings: Settings) -> None:
    host.send(EXCHANGE, KEY, [an_alert(k) for k in range(5)])
    work = Work({ids(5)[3]: 2})
    done = consume(settings, ROUTES, work, until_idle=0.3)
    assert done == Consumed(done=5, again=2)
    assert sorted(work.done) == sorted(ids(5))
    assert left(host) == 0


def test_while_what_the_work_needs_is_away_nothing_is_acknowledged_or_given_up(
    host: Host, settings: Settings
) -> None:
    host.send(EXCHANGE, KEY, [an_alert(k) for k in range(10)])
    work = Work()
    tries = []

    def away(messages: Sequence[Message]) -> None:
        tries.append(len(messages))
        if len(tries) <= TRIES + 1:
            raise Away("the database does not answer")
        work(messages)

    done = consume(settings, ROUTES, away, until_idle=0.3)

    assert done == Consumed(done=10)
    assert sorted(work.done) == sorted(ids(10))


def test_an_error_that_waits_for_a_person_ends_the_consumer_and_loses_nothing(
    host: Host, settings: Settings
) -> None:
    host.send(EXCHANGE, KEY, [an_alert(k) for k in range(10)])
    with pytest.raises(LiveError, match="the disk is full"):
        consume(settings, ROUTES, Work({ids(10)[3]: 1}, LiveError("the disk is full")))
    until(lambda: host.waiting(ROUTES.queue("low")) == 10)
    assert host.waiting(ROUTES.parked) == host.waiting(ROUTES.retry) == 0


def test_a_lost_connection_is_made_again(host: Host, settings: Settings) -> None:
    stop, work = Stop(), Work()
    consuming = threading.Thread(
        target=consume, args=(settings, ROUTES, work), kwargs={"stop": stop}
    )
    consuming.start()
    try:
        host.send(EXCHANGE, KEY, [an_alert(0)])
        until(lambda: work.done == ids(1))
        mine = [c["name"] for c in until_some(host) if c["vhost"] == host.name]
        for name in mine:
            host.api("DELETE", f"connections/{name.replace(' ', '%20').replace('>', '%3E')}")
        host.send(EXCHANGE, KEY, [an_alert(1)])
        until(lambda: work.done == ids(2))
    finally:
        stop.ask()
        consuming.join(30)
    assert left(host) == 0


def until_some(host: Host) -> list[dict[str, str]]:
    """Return the connections; the HTTP API learns of them a few seconds late."""
    found: list[dict[str, str]] = []

    def there() -> bool:
        found[:] = [c for c in host.api("GET", "connections") if c.get("vhost") == host.name]
        return bool(found)

    until(there)
    return found


def test_work_in_a_transaction_with_the_memory_of_the_id_is_done_once(
    host: Host, settings: Settings, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'work.sqlite'}")
    table = Table("done", MetaData(), Column("id", String))
    table.create(engine)
    fails = {ids(9)[4]: 1}

    def work(connection: Connection, messages: Sequence[Message]) -> None:
        connection.execute(insert(table), [{"id": message.id} for message in messages])
        for message in messages:
            if len(messages) == 1 and fails.pop(message.id, 0):
                raise RuntimeError("after the row was written")
            if message.id in fails:
                raise RuntimeError("in a batch")

    alerts = [an_alert(k) for k in range(9)]
    host.send(EXCHANGE, KEY, alerts + alerts[:5])
    consume(settings, ROUTES, once(engine, "test", work), until_idle=0.3)
    host.send(EXCHANGE, KEY, alerts)
    consume(settings, ROUTES, once(engine, "test", work), until_idle=0.3)

    with engine.connect() as connection:
        assert sorted(connection.execute(select(table.c.id)).scalars()) == sorted(ids(9))
    engine.dispose()
    assert fails == {}
    assert left(host) == 0
