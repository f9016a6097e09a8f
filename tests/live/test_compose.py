"""compose.yaml: pinned, healthy, on the loopback interface alone, and without a password in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.live.services import docker, jars
from workbench.live.services.passwords import Passwords
from workbench.live.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / docker.COMPOSE).read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
#: Those that give users their passwords, and end.
ONCE = [name for name, about in SERVICES.items() if about["restart"] == "no"]
LASTING = [name for name in SERVICES if name not in ONCE]


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """What `workbench services secrets` writes."""
    path = tmp_path / docker.FILE
    passwords = Passwords.make(tmp_path / "secrets.env")
    passwords.write(path, docker.settings(passwords))
    return path


def client() -> list[str] | None:
    """Return Docker's compose client, if this machine has one; it needs no Docker here."""
    if found := shutil.which("docker-compose"):
        return [found]
    found = shutil.which("docker")
    plugin = found and subprocess.run([found, "compose", "version"], capture_output=True)  # noqa: S603 - the program that was just found
    return [found, "compose"] if plugin and plugin.returncode == 0 else None


def compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = client()
    assert command is not None
    return subprocess.run(  # noqa: S603 - the program that was just found
        [*command, "-f", str(ROOT / docker.COMPOSE), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
    )


def test_it_has_every_server() -> None:
    assert set(LASTING) == {
        "kafka-1",
        "kafka-2",
        "kafka-3",
        "rabbitmq",
        "elasticsearch",
        "kibana",
        "redis",
        "prometheus",
        "grafana",
    }


@pytest.mark.skipif(client() is None, reason="no compose client: apt-get install docker-compose")
def test_the_client_finds_nothing_wrong(env_file: Path) -> None:
    done = compose("--env-file", str(env_file), "config", "--quiet")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(client() is None, reason="no compose client: apt-get install docker-compose")
def test_without_passwords_nothing_starts() -> None:
    done = compose("config", "--quiet")

    assert done.returncode != 0
    assert "run workbench services secrets" in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+(-management)?$", SERVICES[name]["image"])


def versions(image: str) -> set[str]:
    """Return the versions of an image, wherever it is used."""
    images = [about["image"].rpartition(":") for about in SERVICES.values()]
    return {version for name, _, version in images if name.endswith(image)}


@pytest.mark.parametrize(
    ("image", "folder", "artifact"),
    [
        ("apache/kafka", "kafka", "kafka_2.13"),
        ("elasticsearch", "elasticsearch", "elasticsearch"),
        # It refuses to work with an engine of another version.
        ("kibana", "elasticsearch", "elasticsearch"),
    ],
)
def test_servers_are_of_the_same_version_as_without_docker(
    image: str, folder: str, artifact: str
) -> None:
    pom = (jars.SOURCES / folder / "pom.xml").read_text()
    found = re.search(rf"<artifactId>{artifact}</artifactId>\s*<version>(.*?)</version>", pom)

    assert found is not None
    assert versions(image) == {found[1]}


@pytest.mark.parametrize("name", LASTING)
def test_servers_say_whether_they_are_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", LASTING)
def test_servers_listen_on_the_loopback_interface_alone(name: str) -> None:
    about = SERVICES[name]
    if about.get("network_mode") == "host":
        words = [*about.get("command", ()), *map(str, about.get("environment", {}).values())]
        assert "ports" not in about
        assert [
            w for w in words if re.fullmatch(r"(--web\.listen-address=)?127\.0\.0\.1(:\d+)?", w)
        ]
    else:
        assert all(port.startswith("127.0.0.1:") for port in about["ports"])


@pytest.mark.parametrize("name", LASTING)
def test_what_servers_keep_outlives_them(name: str) -> None:
    kept = {volume.partition(":")[0] for volume in SERVICES[name]["volumes"]}

    assert kept & set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_stands_in_it(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASS|AUTH$|^USER_|JAAS", variable) and "ScramLoginModule" not in value:
            assert "${" in value, variable
            assert not re.search(r'password="[^$]', value), variable


def test_every_password_is_one_that_the_command_draws(env_file: Path) -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (ROOT / docker.COMPOSE).read_text()))
    drawn = {line.partition("=")[0] for line in env_file.read_text().splitlines()}

    assert wanted <= drawn


def test_the_same_file_tells_clients_where_everything_is(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_SETTINGS", str(env_file))
    published = {
        port.rpartition(":")[0] for about in SERVICES.values() for port in about.get("ports", ())
    } | {"127.0.0.1:9090"}

    found = Settings.load()

    urls = [found.rabbitmq, found.rabbitmq_api, found.search, found.redis, found.prometheus]
    addresses = re.findall(r"127\.0\.0\.1:\d+", " ".join(urls))
    assert len(addresses) == len(urls)
    assert {*addresses, *found.kafka.split(",")} <= published
    assert found.kafka_password.get_secret_value()
