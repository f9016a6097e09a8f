"""Servers without Docker: they answer, are started and stopped, and leave nothing behind."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import psutil
import pytest
import redis as client_of_redis

from workbench.errors import ParameterError, ServiceError
from workbench.live.services import Services, ports
from workbench.live.services.processes import Launch, Process, start, stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def everything_of(services: Services) -> tuple[list[psutil.Process], list[int]]:
    """Return every process of the services, with their children, and every port."""
    nodes = [node for service in services.status() for node in service.nodes]
    leaders = [psutil.Process(p.pid) for node in nodes for p in node.processes.values()]
    children = [child for leader in leaders for child in leader.children(recursive=True)]
    return leaders + children, [port for node in nodes for port in node.ports.values()]


def connected(services: Services) -> client_of_redis.Redis:
    return client_of_redis.Redis.from_url(services.environment()["WORKBENCH_REDIS"])


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Services]:
    """Services of which Redis is up, which takes a moment only."""
    with Services(tmp_path / "services").running("redis") as services:
        yield services


@pytest.mark.parametrize("name", ["redis", "postgresql", "prometheus", "rabbitmq"])
def test_what_is_stopped_leaves_no_process_and_no_port(tmp_path: Path, name: str) -> None:
    services = Services(tmp_path)
    services.up(name)
    processes, bound = everything_of(services)

    assert services.down() == [name]

    assert not [process for process in processes if process.is_running()]
    assert all(map(ports.usable, bound))
    services.remove()
    assert not (tmp_path / name).exists()


def test_each_server_has_a_folder_of_its_own_on_the_loopback_interface_alone(
    quick: Services,
) -> None:
    (service,) = quick.status()
    (node,) = service.nodes

    listening = psutil.Process(quick.pid("redis")).net_connections("tcp")
    assert node.folder == quick.folder / "redis" / "0"
    assert node.log.exists()
    assert {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_what_is_up_already_is_left_alone(quick: Services) -> None:
    pid = quick.pid("redis")

    assert quick.up("redis") == []
    assert quick.pid("redis") == pid


def test_what_was_stopped_starts_again_with_its_data(quick: Services) -> None:
    with connected(quick) as client:
        client.set("kept", "yes")
    quick.down("redis")
    with pytest.raises(ServiceError, match="redis 0 is not up"):
        quick.pid("redis")

    quick.up("redis")

    with connected(quick) as client:
        assert client.get("kept") == b"yes"


def test_what_was_killed_starts_again_on_the_same_ports(quick: Services) -> None:
    pid, address = quick.pid("redis"), quick.environment()
    quick.kill("redis")
    assert not psutil.pid_exists(pid)

    quick.start("redis")

    assert quick.pid("redis") != pid
    assert quick.environment() == address


def test_what_was_killed_is_not_up(quick: Services) -> None:
    quick.kill("redis")

    assert quick.environment() == {}
    assert [service.name for service in quick.up("redis")] == ["redis"]


def test_ports_that_somebody_took_meanwhile_are_given_up(quick: Services) -> None:
    before = quick.environment()
    quick.down("redis")
    taken = int(before["WORKBENCH_REDIS"].rpartition(":")[2].partition("/")[0])
    with socket.create_server((ports.HOST, taken)):
        quick.up("redis")

    assert quick.environment() != before


def test_a_server_that_does_not_start_says_its_last_words_and_nothing_runs(
    quick: Services,
) -> None:
    quick.down("redis")
    (manifest,) = (quick.folder / "redis" / "0").glob("appendonlydir/*.manifest")
    manifest.write_text("this is no manifest\n")

    with pytest.raises(ServiceError, match=r"redis ended right after its start.*manifest"):
        quick.up("redis")

    assert quick.environment() == {}
    assert everything_of(quick)[0] == []


def test_a_service_is_not_set_up_in_two_ways_in_one_folder(quick: Services) -> None:
    quick.down("redis")

    with pytest.raises(ParameterError, match=r"set up as 1 of it, without --secure.*--dir"):
        quick.up("redis", secure=True)


def test_a_name_that_is_no_service_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"'mysql'.*kafka, rabbitmq, opensearch"):
        Services(tmp_path).up("mysql")


def test_two_servers_are_no_cluster(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"--brokers 2 .* 1 or 3"):
        Services(tmp_path).up("kafka", brokers=2)
    with pytest.raises(ParameterError, match=r"--nodes 2 .* 1 or 3"):
        Services(tmp_path).up("rabbitmq", nodes=2)


def test_a_process_that_got_the_same_id_later_is_not_ours(tmp_path: Path) -> None:
    running = start(Launch(("sleep", "60")), tmp_path, tmp_path / "log")
    former = Process(pid=running.pid, born=running.born - 3600)

    former.kill()
    stop([former])

    assert (former.alive, running.alive) == (False, True)
    running.kill()
    assert not running.alive


def test_who_does_not_go_when_asked_is_killed(tmp_path: Path) -> None:
    stubborn = Launch(("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 60; done"))
    running = start(stubborn, tmp_path, tmp_path / "log")
    while (tmp_path / "log").read_text() != "ready\n" and running.alive:
        os.sched_yield()
    family = [psutil.Process(running.pid), *psutil.Process(running.pid).children()]

    stop([running], patience=0.2)

    assert not [process for process in family if process.is_running()]


def test_a_server_sees_none_of_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_KAFKA_PASSWORD", "hidden")
    with Services(tmp_path / "services").running("redis") as services:
        environment = psutil.Process(services.pid("redis")).environ()

    assert "hidden" not in environment.values()


def test_free_ports_are_never_those_of_outgoing_connections() -> None:
    found = ports.free(50)

    assert len(set(found)) == 50
    assert max(found) < ports.HIGHEST
