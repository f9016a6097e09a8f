"""With encryption, users and rights: every command works, is refused, and keeps its secrets."""

from __future__ import annotations

import resource
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import orjson
import psutil
import pytest
from live_examples import begin, for_people, simulated
from secure_examples import NONE, OTHER, OWN, WRONG, Chain, Said, expired, full_disk
from servers import until
from worker_examples import counting, read, world

import workbench.live as live
from workbench.errors import ServiceError
from workbench.live.services import Services
from workbench.live.services.certificates import make_certificates
from workbench.live.services.kinds import kind
from workbench.live.topics import Topics, create
from workbench.streams.recorded import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

SERVERS = ("kafka", "rabbitmq", "opensearch")
#: Who runs what.
PRINCIPALS = {
    "publish": "publisher",
    "record": "recorder",
    "live": "worker",
    "relay alerts": "relay-alerts",
    "relay index": "relay-index",
    "desk verdict": "desk",
    "desk": "desk",
}
RUNNING = ("live", "relay alerts", "relay index", "desk")
IDLE = ("--until-idle", "1s")
#: All that a log can tell, and a line that it always has: where metrics are.
TALKATIVE = ("--log-level", "DEBUG", "--metrics-port", "0")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The servers, secured, with topics of our own and of others."""
    try:
        for name in SERVERS:
            kind(name).require_secure()
    except ServiceError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("chain")
    stream = simulated(folder / "stream", days=20, scale=0.06)
    with Services(folder / "services").running(*SERVERS, secure=True) as services:
        services.grant(OWN, NONE)
        found = Chain(services, world(folder, stream), folder)
        create(found.settings(None), Topics(OTHER), partitions=1)
        yield found


class Ran(NamedTuple):
    """What became of the whole chain.

    Attributes
    ----------
    said
        By each command.
    logged
        By those that went on until they were stopped, their log included.
    lines
        The command lines of all processes while they ran.
    """

    said: dict[str, Said]
    logged: dict[str, str]
    lines: list[str]


@pytest.fixture(scope="module")
def ran(chain: Chain) -> Ran:
    """Events to scores, alerts to the desk and the index, a verdict back, and a recording."""
    said = {"publish": chain.run("publisher", *chain.command("publish"))}
    running = {
        name: begin(chain.environment(PRINCIPALS[name]), *chain.command(name), *TALKATIVE)
        for name in RUNNING
    }
    logged = {}
    try:
        until(lambda: len(read(chain.settings("tail"), f"{OWN}.scores")) >= len(chain.world.scores))
        alerts = len(read(chain.settings("tail"), f"{OWN}.alerts"))
        until(lambda: len(kept(chain)) >= alerts)
        lines = [
            " ".join(one.cmdline())
            for process in running.values()
            for one in (psutil.Process(process.pid), *psutil.Process(process.pid).children())
        ]
        verdict = chain.command("desk verdict")
        said["desk verdict"] = chain.run("desk", *verdict[:2], kept(chain)[0], *verdict[3:])
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for name, process in running.items():
            out, err = process.communicate(timeout=60)
            said[name], logged[name] = Said(process.returncode, out, for_people(err)), out + err
    said["record"] = chain.run("recorder", *chain.command("record"), "--until-idle", "1s")
    said["relay index"] = chain.run("relay-index", *chain.command("relay index"), *IDLE)
    begins = min(row["event_time"] for row in read(chain.settings("tail"), f"{OWN}.scores"))
    window = ("--from", begins, "--json")
    said["reconcile"] = chain.run("reconcile", *chain.command("reconcile"), *window)
    return Ran(said, logged, lines)


def kept(chain: Chain) -> list[str]:
    """Return the ids of the desk's alerts."""
    try:
        with closing(sqlite3.connect(chain.folder / "desk.sqlite", timeout=10)) as database:
            return [row[0] for row in database.execute("SELECT alert_id FROM alerts")]
    except sqlite3.OperationalError:
        return []  # the desk has not made its tables yet


def test_each_command_works_with_its_own_rights(ran: Ran) -> None:
    assert {name: said.code for name, said in ran.said.items()} == dict.fromkeys(ran.said, 0)


def test_scores_are_those_of_the_replay(chain: Chain, ran: Ran) -> None:
    assert counting(read(chain.settings("tail"), f"{OWN}.scores")) == chain.world.scores


def test_every_alert_is_at_the_desk_and_a_verdict_comes_back_as_a_label(
    chain: Chain, ran: Ran
) -> None:
    alerts = {alert["alert_id"] for alert in read(chain.settings("tail"), f"{OWN}.alerts")}
    labels = read(chain.settings("recorder"), f"{OWN}.labels")

    assert set(kept(chain)) == alerts
    assert alerts
    assert len(labels) == chain.world.stream.n_labels + 1


def test_what_was_published_is_recorded(chain: Chain, ran: Ran) -> None:
    recorded = Stream.open(chain.folder / f"record-{OWN}")

    assert recorded.n_events == chain.world.stream.n_events


def test_nothing_differs(ran: Ran) -> None:
    report = orjson.loads(ran.said["reconcile"].out)

    assert report["differs"] is False
    assert len(report["relations"]) == 4  # scores, both indices, and the desk


def test_tail_shows_what_came(chain: Chain, ran: Ran) -> None:
    tail = live.tail("fraud", OWN, until_idle=1, start="first", settings=chain.settings("tail"))

    assert sum(arrived.kind == "score" for arrived in tail) == len(chain.world.scores)


# -- secrets -----------------------------------------------------------------------------------


def test_no_log_of_any_level_holds_a_password(chain: Chain, ran: Ran) -> None:
    assert all("metrics at" in log for log in ran.logged.values())
    assert holding(chain, ran.logged) == []


def test_no_command_line_holds_a_password(chain: Chain, ran: Ran) -> None:
    assert len(ran.lines) > len(RUNNING)  # the worker has its supervisor
    assert holding(chain, dict(enumerate(ran.lines))) == []


def test_nothing_that_is_written_holds_a_password(chain: Chain, ran: Ran) -> None:
    files = [
        path
        for path in chain.folder.rglob("*")
        if path.is_file() and chain.services.folder not in path.parents
    ]

    assert {"desk.sqlite", "lock", "manifest.json"} <= {path.name for path in files}
    assert holding(chain, {path: path.read_bytes().decode("latin-1") for path in files}) == []


def test_settings_show_no_password(chain: Chain) -> None:
    settings = chain.settings("worker")

    assert holding(chain, {0: repr(settings), 1: str(settings)}) == []
    assert settings.kafka_password.get_secret_value() in chain.words()


def holding(chain: Chain, texts: Mapping[object, str]) -> list[object]:
    """Return the names of the texts that hold a password."""
    words = chain.words()
    assert len(words) > len(PRINCIPALS)
    return [name for name, text in texts.items() if any(word in text for word in words)]


# -- errors ------------------------------------------------------------------------------------

#: What is wrong: as whom (in place of the own principal), on which topics, with which settings;
#: what must be said.
KAFKA = ("publish", "record", "live", "relay alerts", "relay index", "desk verdict")
RABBITMQ, SEARCH = ("relay alerts", "desk"), ("relay index",)
FAULTS = {
    "a wrong password": (KAFKA, "the password of the user {user!r} for Kafka"),
    "an unknown host": (KAFKA, "the host 'no-such-host.invalid'"),
    "an expired certificate": (KAFKA, "(certificate has expired)"),
    "a missing right": (KAFKA, "a right is missing"),
    "no such topic": (KAFKA[1:], "there is no such topic"),
    "an expired certificate of RabbitMQ": (RABBITMQ, "certificate of RabbitMQ"),
    "a missing right at RabbitMQ": (RABBITMQ, "by the user 'weak'"),
    "a wrong password at the search engine": (SEARCH, "the password of the user relay-index for"),
    "an expired certificate of the search engine": (SEARCH, "(certificate has expired)"),
    "a missing right at the search engine": (SEARCH, "by the user tail at the search engine"),
}
CASES = [(command, fault) for fault, (commands, _) in FAULTS.items() for command in commands]


@pytest.fixture(scope="module")
def told(
    chain: Chain, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, str], Future[Said]]]:
    """Every command with every fault, two at once."""
    create(chain.settings(None), Topics(OWN))
    old = tmp_path_factory.mktemp("expired")
    authority, desk = str(make_certificates(old, days=-1)), chain.desk_for_errors()
    with expired(old) as listening, ThreadPoolExecutor(2) as pool:
        changes = {
            "a wrong password": {"WORKBENCH_KAFKA_PASSWORD": WRONG},
            "an unknown host": {"WORKBENCH_KAFKA": "no-such-host.invalid:9092"},
            "an expired certificate": {
                "WORKBENCH_KAFKA": listening,
                "WORKBENCH_KAFKA_CA": authority,
            },
            "an expired certificate of RabbitMQ": {
                "WORKBENCH_RABBITMQ": f"amqps://workbench@{listening}",
                "WORKBENCH_RABBITMQ_CA": authority,
            },
            "a missing right at RabbitMQ": chain.weak_rabbitmq(),
            "a wrong password at the search engine": {"WORKBENCH_SEARCH_PASSWORD": WRONG},
            "an expired certificate of the search engine": {
                "WORKBENCH_SEARCH": f"https://{listening}",
                "WORKBENCH_SEARCH_CA": authority,
            },
            "a missing right at the search engine": chain.services.environment(
                "tail", "opensearch"
            ),
        }

        def run(command: str, fault: str) -> Said:
            principal, topics = PRINCIPALS[command], NONE if fault == "no such topic" else OWN
            if fault == "a missing right":
                principal = "desk" if command == "record" else "recorder"
            # Elsewhere it stays itself: what is wrong is to be Kafka's.
            own = chain.services.environment(PRINCIPALS[command], "rabbitmq", "opensearch")
            given = {**own, "WORKBENCH_DATABASE": desk, **changes.get(fault, {})}
            return chain.run(principal, *chain.command(command, topics), **given)

        yield {case: pool.submit(run, *case) for case in CASES}


@pytest.mark.parametrize(("command", "fault"), CASES)
def test_what_is_wrong_is_told_apart_in_one_paragraph(
    chain: Chain, told: dict[tuple[str, str], Future[Said]], command: str, fault: str
) -> None:
    code, out, err = told[command, fault].result()

    assert (code, out) == (2, "")
    assert FAULTS[fault][1].format(user=PRINCIPALS[command]) in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert [word for word in (WRONG, *chain.words()) if word in err] == []


@pytest.mark.parametrize("command", ["publish", "record", "live", "relay alerts", "relay index"])
def test_topics_of_others_are_no_ones_to_see(chain: Chain, command: str) -> None:
    arguments = chain.command(command, OTHER)
    code, out, err = chain.run(PRINCIPALS[command], *arguments)

    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert f"{OTHER}." in err
    assert "a right is missing" in err or "may not see it" in err


@pytest.mark.parametrize(("command", "file"), [("record", "record"), ("live", "live")])
def test_a_full_disk_is_told_with_its_place(
    chain: Chain, ran: Ran, tmp_path: Path, command: str, file: str
) -> None:
    option = {"record": "--out", "live": "--state"}[command]
    with full_disk(tmp_path / "disk") as mounted:
        place = tmp_path / "disk" / file
        arguments = list(chain.command(command))
        arguments[arguments.index(option) + 1] = str(place)
        process = begin(chain.environment(PRINCIPALS[command]), *arguments, *IDLE)
        if not mounted:
            # Without the right to mount, a limit on files ends in the same way.
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (2, "")
    assert ("No space left on device" if mounted else "File too large") in err
    assert str(place) in err
    assert "make room" in err or not mounted
    assert "Traceback" not in err
