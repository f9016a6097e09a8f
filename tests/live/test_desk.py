"""The desk keeps each alert once, and what an analyst says of it reaches the detector."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from alert_examples import START, Host, an_alert, ids, put, taken
from live_examples import run
from sqlalchemy import create_engine, text

from workbench.cli import main
from workbench.live.consumer import REASON
from workbench.live.desk.database import address, opened
from workbench.live.desk.keeping import Kept, keep
from workbench.live.desk.tables import held
from workbench.live.fields import spell
from workbench.live.messages import decode_label
from workbench.live.relay_alerts import relay
from workbench.live.routes import EXCHANGE, Routes, settle
from workbench.live.topics import Topics, create
from workbench.streams.values import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers import Server

    from workbench.live.settings import Settings

ROUTES = Routes("fraud")
FOREVER = 2**62
KINDS = ("sqlite", "postgresql")


@contextmanager
def own_database(server: Server, name: str) -> Iterator[str]:
    """Make a database on PostgreSQL for a block, and yield its URL."""
    url = address(server.settings)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield server.environment["WORKBENCH_DATABASE"].replace("/desk", f"/{name}")
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


@pytest.fixture(params=KINDS)
def database(
    request: pytest.FixtureRequest, topics: str, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The settings of an empty database; tests run once with each kind."""
    if request.param == "sqlite":
        yield {"WORKBENCH_DATABASE": f"sqlite:///{tmp_path / 'desk.sqlite'}"}
        return
    server: Server = request.getfixturevalue("postgresql")
    with own_database(server, topics) as url:
        yield {**server.environment, "WORKBENCH_DATABASE": url}


@pytest.fixture
def host(kafka: Server, rabbitmq: Server, topics: str, database: dict[str, str]) -> Host:
    host = Host.made({**kafka.environment, **rabbitmq.environment, **database}, topics)
    settle(host.settings, ROUTES)
    return host


@pytest.fixture
def settings(host: Host) -> Settings:
    return host.settings


@pytest.fixture
def names(settings: Settings, topics: str) -> Topics:
    create(settings, Topics(topics))
    return Topics(topics)


@pytest.fixture
def workbench(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process; return exit code, stdout and stderr."""
    for name, value in host.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORKBENCH_PROGRESS", "off")

    def do(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return (main(arguments), *capsys.readouterr())

    return do


def kept(settings: Settings, topics: str) -> list[str]:
    """Return the ids of the alerts in the database."""
    with opened(settings) as engine:
        return [row.alert_id for row in held(engine, topics, 0, FOREVER)]


def test_alerts_come_from_the_topic_to_the_database_each_as_it_was(
    settings: Settings, names: Topics
) -> None:
    sent = [an_alert(k) for k in range(700)]
    put(settings, names, sent)
    relay(settings, "fraud", names, until_idle=0.5)

    assert keep(settings, "fraud", until_idle=0.5) == Kept(alerts=700, there=0, parked=0)

    with opened(settings) as engine:
        rows = list(held(engine, names.prefix, START, START + 700 * 1_000_000))
    assert [row.alert_id for row in rows] == ids(700)
    assert [orjson.loads(row.document) for row in rows] == sent


def test_an_alert_that_comes_again_is_there_once(host: Host, settings: Settings) -> None:
    alerts = [an_alert(k) for k in range(10)]
    host.send(EXCHANGE, "fraud.low", alerts + alerts[:4], topics="t")
    assert keep(settings, "fraud", until_idle=0.5) == Kept(alerts=10, there=4, parked=0)
    host.send(EXCHANGE, "fraud.low", alerts, topics="t")
    assert keep(settings, "fraud", until_idle=0.5) == Kept(alerts=0, there=10, parked=0)
    assert kept(settings, "t") == ids(10)


def test_the_same_alert_of_other_topics_is_another_one(host: Host, settings: Settings) -> None:
    for topics in ("one", "other"):
        host.send(EXCHANGE, "fraud.low", [an_alert(0)], topics=topics)
    assert keep(settings, "fraud", until_idle=0.5).alerts == 2
    assert kept(settings, "one") == kept(settings, "other") == ids(1)


def test_what_is_no_alert_is_parked_with_its_reason_and_the_rest_is_kept(
    host: Host, settings: Settings
) -> None:
    host.send(EXCHANGE, "fraud.low", [an_alert(0), b"poison", an_alert(1)], topics="t")
    assert keep(settings, "fraud", until_idle=0.5) == Kept(alerts=2, there=0, parked=1)
    [(properties, body)] = host.messages(ROUTES.parked)
    assert (properties.headers[REASON], body) == ("not JSON in UTF-8", b"poison")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_text_that_the_database_cannot_hold_is_parked(host: Host, settings: Settings) -> None:
    host.send(EXCHANGE, "fraud.low", [an_alert(0), an_alert(1, entity="a\0b")], topics="t")
    assert keep(settings, "fraud", until_idle=0.5) == Kept(alerts=1, there=0, parked=1)
    [(properties, _)] = host.messages(ROUTES.parked)
    assert "not text that the database can hold" in properties.headers[REASON]


def test_a_verdict_becomes_a_label_of_the_alerts_event_known_at_the_newest_event(
    host: Host, settings: Settings, names: Topics, workbench: Callable[..., tuple[int, str, str]]
) -> None:
    host.send(EXCHANGE, "fraud.low", [an_alert(k) for k in range(10)], topics=names.prefix)
    keep(settings, "fraud", until_idle=0.5)

    code, out, err = workbench("desk", "verdict", ids(4)[3], "true")

    assert (code, err) == (0, "")
    assert "is kept and sent to" in out
    [record] = taken(settings, names.labels)
    label = decode_label(record.value, LATEST)
    assert label == (START + 9 * 1_000_000, "e3", 1)
    assert record.key == b"card-3"


def test_a_verdict_given_again_does_nothing_and_another_one_is_said_and_sent(
    host: Host, settings: Settings, names: Topics, workbench: Callable[..., tuple[int, str, str]]
) -> None:
    host.send(EXCHANGE, "fraud.low", [an_alert(0)], topics=names.prefix)
    keep(settings, "fraud", until_idle=0.5)
    known_at = ("--known-at", "2018-04-02T00:00:00Z")

    said = [
        orjson.loads(workbench("desk", "verdict", ids(1)[0], word, *known_at, "--json")[1])
        for word in ("true", "true", "false")
    ]

    assert [one["verdict"] for one in said] == ["new", "same", "updated"]
    sent = [orjson.loads(record.value) for record in taken(settings, names.labels)]
    time = "2018-04-02T00:00:00.000000Z"
    assert sent == [{"event_id": "e0", "label": n, "known_at": time} for n in (1, 0)]


def test_a_verdict_on_an_event_of_today_is_known_now(
    host: Host, settings: Settings, names: Topics, workbench: Callable[..., tuple[int, str, str]]
) -> None:
    now = datetime.now(UTC).timestamp() * 1_000_000
    times = [spell(int(now) - 60_000_000), spell(int(now) + 3_600_000_000)]
    alerts = [an_alert(k, event_time=time) for k, time in enumerate(times)]
    host.send(EXCHANGE, "fraud.low", alerts, topics=names.prefix)
    keep(settings, "fraud", until_idle=0.5)
    workbench("desk", "verdict", ids(1)[0], "true")
    [record] = taken(settings, names.labels)
    assert times[0] < orjson.loads(record.value)["known_at"] < times[1]


def test_the_open_alerts_are_shown_the_latest_first_and_a_verdict_closes_one(
    host: Host, settings: Settings, names: Topics, workbench: Callable[..., tuple[int, str, str]]
) -> None:
    long = {"reasons": [{"feature": "much longer than the table is wide " * 9}], "entity": "E" * 90}
    sent = [an_alert(0, **long), an_alert(1), an_alert(2, **long)]
    host.send(EXCHANGE, "fraud.low", sent, topics=names.prefix)
    keep(settings, "fraud", until_idle=0.5)
    workbench("desk", "verdict", ids(2)[1], "false")

    shown = orjson.loads(workbench("desk", "alerts", "--json")[1])["alerts"]

    assert [alert["alert_id"] for alert in shown] == [ids(3)[2], ids(3)[0]]
    assert workbench("desk", "alerts", "--limit", "1")[1].count(ids(3)[2]) == 1


def test_text_from_data_is_shown_as_text_and_commands_no_terminal(
    host: Host, settings: Settings, workbench: Callable[..., tuple[int, str, str]]
) -> None:
    host.send(EXCHANGE, "fraud.low", [an_alert(0, entity="\x1b[2J[b]card[/b]")], topics="t")
    keep(settings, "fraud", until_idle=0.5)
    out = workbench("desk", "alerts")[1]
    assert "\x1b" not in out
    assert "[2J[b]card[/b]" in out


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "true"), "the alert 'nobody' cannot be used"),
        ((ids(1)[0], "maybe"), "the verdict 'maybe' cannot be used: allowed is true or false"),
        ((ids(1)[0], "true", "--known-at", "2018-03-31"), "nobody can know of it before"),
        ((ids(1)[0], "true", "--topics", "other"), "cannot be used: allowed is the id of an alert"),
        ((ids(2)[1], "true"), "which came from several topics, cannot be used"),
    ],
)
def test_a_verdict_that_cannot_be_given_is_refused_and_nothing_is_sent(
    host: Host,
    settings: Settings,
    names: Topics,
    workbench: Callable[..., tuple[int, str, str]],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    host.send(EXCHANGE, "fraud.low", [an_alert(0), an_alert(1)], topics=names.prefix)
    host.send(EXCHANGE, "fraud.low", [an_alert(1)], topics="another")
    keep(settings, "fraud", until_idle=0.5)
    code, out, err = workbench("desk", "verdict", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert taken(settings, names.labels) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_verdict_whose_label_could_not_be_sent_is_sent_when_it_is_given_again(
    host: Host,
    settings: Settings,
    names: Topics,
    workbench: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host.send(EXCHANGE, "fraud.low", [an_alert(0)], topics=names.prefix)
    keep(settings, "fraud", until_idle=0.5)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("WORKBENCH_KAFKA", "127.0.0.1:1")
        code, _, err = workbench("desk", "verdict", ids(1)[0], "true")
        assert code == 2
        assert "where nothing answers" in err
    code, out, _ = workbench("desk", "verdict", ids(1)[0], "true", "--json")
    assert (code, orjson.loads(out)["verdict"]) == (0, "new")
    assert len(taken(settings, names.labels)) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"WORKBENCH_DATABASE_PASSWORD": "hunter2"}, "the password of the user 'workbench'"),
        ({"at": "no.such.host.invalid:5432"}, "the host 'no.such.host.invalid'"),
        ({"at": "127.0.0.1:1"}, "which does not answer"),
        ({"WORKBENCH_DATABASE": "postgresql://u:hunter2@h/d"}, "without a password"),
        ({"WORKBENCH_DATABASE": "mysql://u@h/d"}, "allowed is sqlite:///FILE or postgresql"),
        ({"WORKBENCH_RABBITMQ_PASSWORD": "hunter2"}, "the password of the user 'workbench'"),
    ],
)
def test_a_server_that_cannot_be_had_is_said_in_one_paragraph(
    host: Host, change: dict[str, str], said: str
) -> None:
    environment: dict[str, Any] = {**host.environment, **change}
    if "at" in change:
        before, _, name = environment["WORKBENCH_DATABASE"].rpartition("/")
        environment["WORKBENCH_DATABASE"] = f"{before.split('@')[0]}@{change['at']}/{name}"
    code, out, err = run(environment, "desk", "fraud", "--until-idle", "1s")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert "hunter2" not in err
    assert host.environment["WORKBENCH_DATABASE_PASSWORD"] not in err


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing command"),
        (("nonsense",), "the case 'nonsense' cannot be used"),
        (("fraud", "--until-idle", "soon"), "'soon'"),
        (("fraud", "--database", "sqlite://"), "--database cannot be used"),
        (("--database", "sqlite:///x"), "Missing argument 'CASE'"),
    ],
)
def test_wrong_usage_is_said(
    workbench: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = workbench("desk", *arguments)
    assert (code, out) == (2, "")
    assert said in err
