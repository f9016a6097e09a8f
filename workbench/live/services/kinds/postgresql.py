"""PostgreSQL from the system's package, for the desk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from workbench.errors import ServiceError
from workbench.live.services.kinds.base import Kind, program
from workbench.live.services.passwords import private
from workbench.live.services.ports import HOST, listening
from workbench.live.services.processes import Launch, basics

if TYPE_CHECKING:
    from psycopg import Connection

    from workbench.live.services.state import Node, Service

PACKAGE = "postgresql"
USER, DATABASE = "workbench", "desk"
#: Whom it runs as where this process is root, which it refuses.
SYSTEM_USER = "postgres"


class PostgreSQL(Kind):
    """One server with one database.

    As root, where its system user cannot reach ``DIR``, the data lie in the system's folder for
    temporary files, and ``DIR/postgresql/0/data`` leads there.
    """

    name: ClassVar[str] = "postgresql"
    ports: ClassVar[tuple[str, ...]] = ("client",)
    insecure: ClassVar[str] = (
        "postgresql: with a password, and without encryption; it listens on the loopback "
        "interface alone."
    )

    def require(self) -> None:
        """Look for the server's programs."""
        _program("postgres")

    def prepare(self, service: Service) -> None:
        """Make the database's folder, once."""
        for node in service.nodes:
            data = node.folder / "data"
            if not data.is_dir():
                _place(data)
                _make(node, service.passwords.of("postgresql", USER))

    def launches(self, service: Service, node: Node) -> dict[str, Launch]:
        """Return the server's process."""
        del service
        options = {
            "listen_addresses": HOST,
            "port": node.ports["client"],
            "unix_socket_directories": "",
            "max_connections": 50,
        }
        command = [_program("postgres"), "-D", str((node.folder / "data").resolve())]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        # SIGTERM would wait until every client has gone by itself.
        return {"server": Launch(tuple(command), user=_user(), farewell=signal.SIGINT)}

    def answers(self, service: Service, node: Node) -> bool:
        """Whether the user can log in and ask."""
        import psycopg

        if not listening(node.ports["client"]):
            return False
        try:
            with _connected(service, node) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.Error:
            return False

    def settle(self, service: Service) -> None:
        """Make the desk's database, once."""
        with _connected(service, service.nodes[0]) as connection:
            known = connection.execute("SELECT datname FROM pg_database").fetchall()
            if (DATABASE,) not in known:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def discard(self, service: Service) -> None:
        """Remove data that lie elsewhere."""
        for node in service.nodes:
            data = node.folder / "data"
            if data.is_symlink():
                shutil.rmtree(data.resolve(), ignore_errors=True)

    def environment(self, service: Service, principal: str | None) -> dict[str, str]:
        """Return the database's URL and its user's password."""
        del principal
        at = service.nodes[0].at("client")
        return {
            "WORKBENCH_DATABASE": f"postgresql+psycopg://{USER}@{at}/{DATABASE}",
            "WORKBENCH_DATABASE_PASSWORD": service.passwords.of("postgresql", USER),
        }


def _connected(service: Service, node: Node) -> Connection[tuple[object, ...]]:
    import psycopg

    return psycopg.connect(
        host=HOST,
        port=node.ports["client"],
        user=USER,
        password=service.passwords.of("postgresql", USER),
        dbname="postgres",
        connect_timeout=5,
        autocommit=True,
    )


def _program(name: str) -> str:
    """Return a program of the newest version; distributions keep them off the path."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    return str(newest[-1]) if newest else program(name, PACKAGE)


def _version(path: Path) -> float:
    return float(path.parts[-3]) if path.parts[-3].replace(".", "", 1).isdigit() else 0.0


def _user() -> str | None:
    return SYSTEM_USER if os.geteuid() == 0 else None


def _owned(path: Path) -> Path:
    """Give a path to the user that the server runs as."""
    if _user() is not None:
        shutil.chown(path, SYSTEM_USER, SYSTEM_USER)
    return path


def _place(data: Path) -> None:
    """Make an empty folder that the server's user can reach and nobody else can read."""
    data.unlink(missing_ok=True)  # what led to a folder that is gone
    if _user() is not None and not all(parent.stat().st_mode & 0o001 for parent in data.parents):
        elsewhere = Path(tempfile.mkdtemp(prefix="workbench-postgresql-"))
        data.symlink_to(_owned(elsewhere))
    else:
        data.mkdir(mode=0o700)
        _owned(data)


def _make(node: Node, word: str) -> None:
    data = (node.folder / "data").resolve()
    with tempfile.TemporaryDirectory() as folder:
        words = _owned(private(_owned(Path(folder)) / "password", word + "\n"))
        command = [
            *(_program("initdb"), "-D", str(data), "-U", USER, f"--pwfile={words}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ]
        done = subprocess.run(  # noqa: S603 - the project's own command, no shell
            command,
            cwd="/",
            env=basics(data),
            user=_user(),
            group=_user(),
            extra_groups=None if _user() is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ServiceError(f"postgresql cannot make its folder; it said: {done.stdout[-800:]}")
