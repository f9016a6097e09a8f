"""`workbench services`: what people type, and what they are told."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import psutil
import pytest

from workbench.cli import main
from workbench.live.services import Services, java

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Said]:
    """Run ``workbench services`` below a folder of the test's own."""

    def run(verb: str, *arguments: str) -> Said:
        code = main(["services", verb, *arguments, "--dir", str(tmp_path / "services")])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def redis_up(command: Callable[..., Said], tmp_path: Path) -> Any:
    """Redis, started by the command."""
    yield command("up", "redis", "--json")
    Services(tmp_path / "services").down()


def test_up_says_where_each_server_is(redis_up: Said) -> None:
    (row,) = orjson.loads(redis_up.out)["servers"]

    assert (redis_up.code, row["name"]) == (0, "redis")
    assert row["address"].startswith("127.0.0.1:")
    assert psutil.Process(row["pid"]).name() == "redis-server"


def test_up_twice_says_that_it_is_up(redis_up: Said, command: Callable[..., Said]) -> None:
    again = command("up", "redis", "--json")

    assert again.err == "redis: already up\n"
    assert again.out == redis_up.out


@pytest.mark.usefixtures("redis_up")
def test_status_tells_what_is_down(command: Callable[..., Said]) -> None:
    assert command("down").out == "stopped: redis\n"

    (row,) = orjson.loads(command("status", "--json").out)["servers"]
    assert (row["state"], row["pid"]) == ("down", None)
    assert " down " in command("status").out


def test_status_tells_what_runs_and_does_not_answer(
    redis_up: Said, command: Callable[..., Said]
) -> None:
    process = psutil.Process(orjson.loads(redis_up.out)["servers"][0]["pid"])
    process.suspend()
    try:
        (row,) = orjson.loads(command("status", "--json").out)["servers"]
    finally:
        process.resume()

    assert row["state"] == "silent"
    assert orjson.loads(redis_up.out)["servers"][0]["state"] == "up"


def test_what_is_for_tests_only_is_said(tmp_path: Path) -> None:
    (said,) = Services(tmp_path).remarks("redis", "elasticsearch")

    assert "elasticsearch: for tests only" in said


@pytest.mark.usefixtures("redis_up")
def test_env_prints_what_a_shell_can_evaluate(command: Callable[..., Said]) -> None:
    settings = orjson.loads(command("env", "--json").out)

    export, assignment = shlex.split(command("env").out)
    assert export == "export"
    assert assignment == f"WORKBENCH_REDIS={settings['WORKBENCH_REDIS']}"


@pytest.mark.usefixtures("redis_up")
def test_down_leaves_the_data_unless_told_otherwise(
    command: Callable[..., Said], tmp_path: Path
) -> None:
    command("down")
    assert (tmp_path / "services" / "redis" / "service.json").exists()

    command("down", "--remove")
    assert not (tmp_path / "services" / "redis").exists()
    assert command("status").out == "nothing was set up here\n"


def test_what_cannot_be_had_is_said_with_how_to_get_it(
    command: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("workbench.live.services.kinds.base.SYSTEM", ())

    done = command("up", "redis")

    assert done.code == 2
    assert "apt-get install --no-install-recommends redis-server" in done.err
    assert done.err.count("\n") == 1


def test_what_secure_needs_is_said_as_well(
    command: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("workbench.live.services.kinds.base.SYSTEM", ())

    done = command("up", "opensearch", "--secure")

    assert done.code == 2
    assert "apt-get install --no-install-recommends haproxy" in done.err
    assert done.err.count("\n") == 1


def test_a_missing_java_is_said_with_how_to_get_it(
    command: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java, "homes", dict)

    done = command("up", "kafka")

    assert done.code == 2
    assert "needs Java 17 or newer, and this machine has none" in done.err


def test_a_missing_maven_is_said_with_how_to_get_it(
    command: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WORKBENCH_JARS", str(tmp_path / "jars"))

    done = command("up", "kafka")

    assert done.code == 2
    assert "apt-get install --no-install-recommends maven" in done.err


def test_a_server_that_does_not_start_is_one_paragraph(
    redis_up: Said, command: Callable[..., Said], tmp_path: Path
) -> None:
    command("down")
    (manifest,) = (tmp_path / "services" / "redis" / "0").glob("appendonlydir/*.manifest")
    manifest.write_text("this is no manifest\n")

    done = command("up", "redis")

    assert done.code == 2
    assert "redis ended right after its start" in done.err
    assert done.err.count("\n") == 1


def test_where_nothing_can_be_secured_that_is_said(
    command: Callable[..., Said], tmp_path: Path
) -> None:
    try:
        done = command("up", "prometheus", "--secure")
    finally:
        Services(tmp_path / "services").down()

    assert done.code == 0
    assert "prometheus: without encryption and password" in done.err
