"""Servers on this machine, without Docker: set up, started, watched and stopped."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import project
from workbench.errors import ParameterError, ServiceError
from workbench.live.services import docker, ports
from workbench.live.services.certificates import make_certificates
from workbench.live.services.kinds import KINDS, Kind, kind
from workbench.live.services.passwords import FILE, Passwords, refuse
from workbench.live.services.processes import start, stop
from workbench.live.services.state import Node, Service
from workbench.live.services.waiting import wait
from workbench.lock import locked
from workbench.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from workbench.live.services.processes import Process

#: How many servers a cluster has, or one that is none: of two, neither may die.
SIZES = (1, 3)


class Services:
    """The services below one folder.

    Parameters
    ----------
    folder
        Where their configurations, data, logs and states lie, a folder for each; also their
        passwords and certificates. ``build/services`` in the project unless given.

    Examples
    --------
    A notebook or a test starts what it needs and leaves nothing running::

        with Services(folder).running("kafka", "redis") as services:
            os.environ.update(services.environment())
            services.kill("kafka")  # as a power failure would
            services.start("kafka")
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder or project.output("build/services")).absolute()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"

    def up(
        self, *names: str, brokers: int = 1, nodes: int = 1, secure: bool = False
    ) -> list[Service]:
        """Start services that are not up; return those that were started.

        Parameters
        ----------
        *names
            Which; all that this machine can have if none is given.
        brokers
            How many brokers of Kafka: 1, or 3 of which one may die.
        nodes
            How many nodes of RabbitMQ: 1, or 3 of which one may die.
        secure
            With encryption, users, passwords and rights.

        Raises
        ------
        ServiceError
            If one cannot be had, or does not start or answer; nothing of it is left running.
        ParameterError
            If it was set up in another way before.
        """
        for option, count in (("--brokers", brokers), ("--nodes", nodes)):
            if count not in SIZES:
                raise ParameterError.of(
                    f"{option} {count}", allowed="1 or 3", hint="take 3 to see one fail"
                )
        kinds = [kind(name) for name in names or self.to_be_had(secure=secure)[0]]
        started = []
        with self._alone():
            self._secrets(secure=secure)
            for one in kinds:
                found = self.find(one.name)
                if found is None or not found.up:
                    count = {"kafka": brokers, "rabbitmq": nodes}.get(one.name, 1)
                    started.append(self._up(one, found, count, secure=secure))
        return started

    def to_be_had(self, *, secure: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of what this machine can have, and how to get the others."""
        had, missing = [], []
        for one in KINDS.values():
            try:
                _require(one, secure=secure)
                had.append(one.name)
            except ServiceError as error:
                missing.append(str(error))
        return tuple(had), tuple(missing)

    def remarks(self, *names: str, secure: bool = False) -> list[str]:
        """Return what to say of services: what they are not for, and what ``secure`` cannot do."""
        kinds = list(map(kind, names))
        said = [one.remark for one in kinds] + [one.insecure for one in kinds if secure]
        return [text for text in said if text]

    def down(self, *names: str) -> list[str]:
        """Stop services with all that belongs to them; return the names of those that ran."""
        with self._alone():
            services = [
                service
                for service in map(self.find, names or KINDS)
                if service is not None and service.some_up
            ]
            # All at once: brokers wait for each other when they leave one by one.
            stop([p for service in services for node in service.nodes for p in _backwards(node)])
            for service in services:
                for node in service.nodes:
                    node.processes = {}
                service.save()
        return [service.name for service in services]

    def remove(self, *names: str) -> None:
        """Remove what stopped services have written."""
        with self._alone():
            for service in map(self.find, names or KINDS):
                if service is not None and not service.some_up:
                    kind(service.name).discard(service)
                    shutil.rmtree(service.folder)

    def status(self) -> list[Service]:
        """Return every service that was set up here."""
        return [service for name in KINDS if (service := self.find(name)) is not None]

    @staticmethod
    def state(service: Service, node: Node) -> str:
        """Return ``up``, ``down``, or ``silent``: its process runs, and it does not answer."""
        if not node.up:
            return "down"
        return "up" if kind(service.name).answers(service, node) else "silent"

    def find(self, name: str) -> Service | None:
        """Return a service that was set up here, ``None`` if it never was."""
        return Service.load(self.folder / kind(name).name)

    def environment(self, principal: str | None = None, *names: str) -> dict[str, str]:
        """Return the settings, ``WORKBENCH_…``, with which clients reach what was set up.

        Parameters
        ----------
        principal
            The process whose users are wanted, for instance ``worker``; the administrator's if
            not given. With ``secure`` it is told of nothing where it has nothing to do.
        *names
            Which services; all that are up if none is given.
        """
        settings: dict[str, str] = {}
        for service in self.status():
            if service.name in names or (not names and service.some_up):
                # Of two search engines, the first one counts.
                settings = {**kind(service.name).environment(service, principal), **settings}
        return settings

    def grant(self, *prefixes: str) -> None:
        """Give every principal its rights for topics with these prefixes (secure Kafka only).

        The names of the registered cases are granted by :meth:`up`.
        """
        from workbench.live.services.rights import grant

        grant(self.environment(None, "kafka"), *prefixes)

    def secrets(self, *, force: bool = False) -> list[Path]:
        """Draw passwords where there are none yet; return where they were written.

        They go to ``secrets.env`` below the folder; and, with the addresses of the servers in
        Docker, to ``.env`` beside ``compose.yaml``. Only their owner can read either.

        Parameters
        ----------
        force
            Draw new ones in place of those that servers may know.

        Raises
        ------
        ParameterError
            If both exist and ``force`` is not given.
        """
        kept = self.folder / FILE
        for_docker = project.root() / docker.FILE
        wanted = [kept, for_docker] if (project.root() / docker.COMPOSE).exists() else [kept]
        missing = wanted if force else [path for path in wanted if not path.exists()]
        if not missing:
            refuse(wanted[-1], force=False)
        drawn = Passwords.make(kept, force=force) if kept in missing else Passwords.read(kept)
        if for_docker in missing:
            drawn.write(for_docker, docker.settings(drawn))
        return missing

    @contextmanager
    def running(
        self, *names: str, brokers: int = 1, nodes: int = 1, secure: bool = False
    ) -> Iterator[Services]:
        """Start services for a block, and stop them and remove what they wrote after it."""
        try:
            self.up(*names, brokers=brokers, nodes=nodes, secure=secure)
            yield self
        finally:
            self.down(*names)
            self.remove(*names)

    def pid(self, name: str, index: int = 0) -> int:
        """Return the process id of a server that is up."""
        _, node = self._node(name, index)
        if node.server is None or not node.up:
            raise ServiceError(f"{name} {index} is not up; start it first.")
        return node.server.pid

    def kill(self, name: str, index: int = 0) -> None:
        """End a server at once, as a power failure would (SIGKILL)."""
        _, node = self._node(name, index)
        if node.server is not None:
            node.server.kill()

    def stop(self, name: str, index: int = 0) -> None:
        """Ask a server to end, and wait until it has."""
        service, node = self._node(name, index)
        stop(_backwards(node))
        node.processes = {}
        service.save()

    def start(self, name: str, index: int = 0) -> None:
        """Start a server again in the same folder on the same ports, and wait until it answers."""
        service, node = self._node(name, index)
        if not node.up:
            self._start(kind(name), service, [node])

    def _up(self, one: Kind, found: Service | None, count: int, *, secure: bool) -> Service:
        _require(one, secure=secure)
        folder = self.folder / one.name
        if found is None:
            given = [self._ports(one) for _ in range(count)]
            service = Service.laid_out(one.name, folder, secure=secure, count=count, ports=given)
        else:
            service = self._again(one, found, count, secure=secure)
        for node in service.nodes:
            node.folder.mkdir(parents=True, exist_ok=True)
        try:
            one.prepare(service)
        except BaseException:
            if found is None:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        self._start(one, service, service.nodes)
        try:
            one.settle(service)
        except BaseException:
            self._halt(service, service.nodes)
            raise
        return service

    def _again(self, one: Kind, found: Service, count: int, *, secure: bool) -> Service:
        """Return a service that was stopped, with ports that can be had."""
        if (len(found.nodes), found.secure) != (count, secure):
            was = f"{len(found.nodes)} of it, {'with' if found.secure else 'without'} --secure"
            raise ParameterError.of(
                f"{one.name} in {found.folder}, which was set up as {was},",
                allowed="the same again",
                hint=f"choose another --dir, or stop it and remove {found.folder}",
            )
        for node in found.nodes:
            fit = node.ports.keys() == set(one.ports) and all(
                map(ports.usable, node.ports.values())
            )
            if not node.up and not fit:
                node.ports = self._ports(one)
        return found

    @staticmethod
    def _ports(one: Kind) -> dict[str, int]:
        return dict(zip(one.ports, ports.free(len(one.ports)), strict=True))

    def _start(self, one: Kind, service: Service, nodes: list[Node]) -> None:
        down = [node for node in nodes if not node.up]
        try:
            with progress(f"starting {one.name}", len(down), "servers") as step:
                for node in down:
                    self._launch(one, service, node)
                for node in down:
                    wait(one, service, node, lambda passed: step(0, passed))
                    step(1)
        except BaseException:
            self._halt(service, down)
            raise

    def _launch(self, one: Kind, service: Service, node: Node) -> None:
        for name, launch in one.launches(service, node).items():
            running = node.processes.get(name)
            if running is None or not running.alive:
                node.processes[name] = start(launch, node.folder, node.log)
                service.save()  # at once: whatever happens now, it can be found and stopped

    @staticmethod
    def _halt(service: Service, nodes: list[Node]) -> None:
        stop([p for node in nodes for p in _backwards(node)], patience=5.0)
        for node in nodes:
            node.processes = {}
        service.save()

    def _node(self, name: str, index: int) -> tuple[Service, Node]:
        service = self.find(name)
        if service is None or not 0 <= index < len(service.nodes):
            raise ServiceError(
                f"there is no {name} {index} in {self.folder}: `workbench services up {name}` "
                "sets one up."
            )
        return service, service.nodes[index]

    def _secrets(self, *, secure: bool) -> None:
        if not (self.folder / FILE).exists():
            Passwords.make(self.folder / FILE)
        if secure:
            make_certificates(self.folder / "tls")

    def _alone(self) -> AbstractContextManager[bool]:
        return locked(self.folder / ".lock")


def _require(one: Kind, *, secure: bool) -> None:
    if secure:
        one.require_secure()
    else:
        one.require()


def _backwards(node: Node) -> list[Process]:
    return list(reversed(node.processes.values()))
