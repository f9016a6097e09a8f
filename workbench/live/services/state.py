"""What is known of a service that was started: ``DIR/NAME/service.json``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, Field

from workbench.atomic import atomic_file
from workbench.live.services.passwords import FILE, Passwords
from workbench.live.services.ports import HOST
from workbench.live.services.processes import Process  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Sequence

STATE = "service.json"


class Node(BaseModel):
    """One server of a service.

    Parameters
    ----------
    index
        Its place among the service's servers, from 0.
    folder
        Where its configuration, data and log lie.
    ports
        Its ports on the loopback interface, by their use.
    processes
        What runs, by name; empty while it is down.
    """

    index: int
    folder: Path
    ports: dict[str, int]
    processes: dict[str, Process] = Field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.folder / "server.log"

    @property
    def server(self) -> Process | None:
        """The server's own process, where helpers run beside it."""
        return self.processes.get("server")

    @property
    def up(self) -> bool:
        """Whether the server's process runs."""
        return self.server is not None and self.server.alive

    def at(self, port: str) -> str:
        """Return the address of one of its ports, as ``host:port``."""
        return f"{HOST}:{self.ports[port]}"


class Service(BaseModel):
    """A service: its servers and what they were started with.

    Parameters
    ----------
    name
        Which service.
    folder
        ``DIR/NAME``, with a folder for each server.
    secure
        Whether it was set up with encryption, users and rights.
    nodes
        Its servers.
    """

    name: str
    folder: Path
    secure: bool
    nodes: list[Node]

    @classmethod
    def laid_out(
        cls, name: str, folder: Path, *, secure: bool, count: int, ports: Sequence[dict[str, int]]
    ) -> Self:
        """Return a service that is not yet set up."""
        nodes = [
            Node(index=index, folder=folder / str(index), ports=ports[index])
            for index in range(count)
        ]
        return cls(name=name, folder=folder, secure=secure, nodes=nodes)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what was saved in the folder; ``None`` if nothing was."""
        try:
            return cls.model_validate_json((folder / STATE).read_bytes())
        except FileNotFoundError:
            return None

    def save(self) -> None:
        """Write it down."""
        with atomic_file(self.folder / STATE) as temporary:
            temporary.write_text(self.model_dump_json(indent=2) + "\n")

    @property
    def up(self) -> bool:
        """Whether all of its servers run."""
        return all(node.up for node in self.nodes)

    @property
    def some_up(self) -> bool:
        """Whether anything of it runs."""
        return any(p.alive for node in self.nodes for p in node.processes.values())

    @property
    def passwords(self) -> Passwords:
        """The passwords of everything below the same DIR."""
        return Passwords.read(self.folder.parent / FILE)

    @property
    def certificates(self) -> Path:
        """The folder of the certificates of everything below the same DIR."""
        return self.folder.parent / "tls"

    def addresses(self, port: str) -> str:
        """Return the addresses of one port of all servers, separated by commas."""
        return ",".join(node.at(port) for node in self.nodes)
