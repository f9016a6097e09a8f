"""A whole secured chain: servers with encryption, users and rights, and every command beside it."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from alert_examples import an_alert, ids
from live_examples import begin, for_people

from workbench.live.consumer import Message
from workbench.live.desk.database import opened
from workbench.live.desk.keeping import Keeper
from workbench.live.relay_alerts import TOPICS
from workbench.live.services.passwords import FILE, Passwords
from workbench.live.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker_examples import World

    from workbench.live.services import Services

#: Topics that are there; that nobody has made; and that are there, for nobody but others.
OWN, NONE, OTHER = "chain", "nowhere", "other"
#: How long a command may take until it says what is wrong (s).
SOON = 30
WRONG = "s3cret-and-wrong"  # nobody's


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Chain:
    """Secured servers, what is published on them, and the commands that work with them.

    Attributes
    ----------
    services
        The servers.
    world
        What is published, and what it must score.
    folder
        What the commands write.
    """

    services: Services
    world: World
    folder: Path

    def environment(self, principal: str | None, **changes: str) -> dict[str, str]:
        """Return the variables of a process of a principal."""
        database = f"sqlite:///{self.folder / 'desk.sqlite'}"
        found = self.services.environment(principal)
        return {**found, f"{PREFIX}DATABASE": database, **changes}

    def settings(self, principal: str | None) -> Settings:
        """Return the same for this process."""
        found = self.environment(principal)
        values = {name.removeprefix(PREFIX).lower(): value for name, value in found.items()}
        return Settings.model_validate(values)

    def words(self) -> list[str]:
        """Return every password of the servers."""
        lines = (self.services.folder / FILE).read_text().splitlines()
        return [line.partition("=")[2] for line in lines if "=" in line and line[0] != "#"]

    def command(self, name: str, topics: str = OWN) -> tuple[str, ...]:
        """Return a command on some topics."""
        artifact, stream = self.world.artifact.path, self.world.stream.path
        alert = ids(2)[topics == NONE]  # the desk for errors holds one of each
        commands = {
            "publish": ("publish", "fraud", "--stream", str(stream)),
            "record": ("record", "fraud", "--out", str(self.folder / f"{name}-{topics}")),
            "live": (
                *("live", "fraud", "--artifact", str(artifact)),
                *("--state", str(self.folder / f"{name}-{topics}")),
            ),
            "relay alerts": ("relay", "alerts", "fraud"),
            "relay index": ("relay", "index", "fraud"),
            "desk verdict": ("desk", "verdict", alert, "true"),
            "desk": ("desk", "fraud"),
            "reconcile": ("reconcile", "fraud"),
        }
        return commands[name] + (("--topics", topics) if name != "desk" else ())

    def run(self, principal: str | None, *arguments: str, **changes: str) -> Said:
        """Run a command to its end; it must not take longer than :data:`SOON`."""
        process = begin(self.environment(principal, **changes), *arguments)
        try:
            out, err = process.communicate(timeout=SOON)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            return Said(-1, out, f"{err}\nnothing was said within {SOON} s")
        return Said(process.returncode, out, for_people(err))

    def desk_for_errors(self) -> str:
        """Return a desk's database that holds an alert of topics that are there and of others."""
        url = f"sqlite:///{self.folder / 'errors.sqlite'}"
        with opened(self.settings("desk"), url) as engine:
            keeper = Keeper(engine, "fraud")
            for k, topics in enumerate((OWN, NONE)):
                alert = an_alert(k)
                body = _json(alert)
                keeper([Message(alert["alert_id"], "fraud.low", body, {TOPICS: topics}, 1)])
        return url

    def weak_rabbitmq(self) -> dict[str, str]:
        """Return the variables of a user of RabbitMQ who may make no queue."""
        found = self.environment(None)
        authority = ssl.create_default_context(cafile=found["WORKBENCH_RABBITMQ_CA"])
        own = Passwords.read(self.services.folder / FILE).of("rabbitmq", "workbench")
        contents: dict[str, Any] = {
            "users/weak": {"password": WRONG, "tags": ""},
            "permissions/%2F/weak": {"configure": "^$", "write": ".*", "read": ".*"},
        }
        with httpx.Client(auth=("workbench", own), verify=authority) as client:
            for path, content in contents.items():
                at = f"{found['WORKBENCH_RABBITMQ_API']}/api/{path}"
                client.put(at, json=content).raise_for_status()
        return {
            "WORKBENCH_RABBITMQ": found["WORKBENCH_RABBITMQ"].replace("workbench@", "weak@"),
            "WORKBENCH_RABBITMQ_PASSWORD": WRONG,
        }


def _json(value: Any) -> bytes:
    import orjson

    return orjson.dumps(value)


@contextmanager
def expired(folder: Path) -> Iterator[str]:
    """Listen with the certificate in a folder; yields ``host:port``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with suppress(OSError):  # closed: the end
                while True:
                    plain = listening.accept()[0]
                    with plain, suppress(OSError):
                        context.wrap_socket(plain, server_side=True).close()

        answering = threading.Thread(target=answer, daemon=True)
        answering.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        answering.join(10)


@contextmanager
def full_disk(folder: Path) -> Iterator[bool]:
    """Make a folder a disk of 64 KB; yields whether that is allowed here."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    mounted = not subprocess.run(command, capture_output=True).returncode  # noqa: S603 - our own words
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607 - the same
