"""Passwords of the services: random, in one file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Self

from workbench.atomic import partial_of, publish
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "secrets.env"
OWNER_ONLY = 0o600

#: One for each process that speaks to Kafka.
PRINCIPALS = (
    "publisher",
    "recorder",
    "worker",
    "relay-alerts",
    "relay-index",
    "desk",
    "reconcile",
    "tail",
)
#: Who has a password: by server, its users.
USERS = {
    "kafka": ("admin", "controller", *PRINCIPALS),
    "rabbitmq": ("workbench", "relay-alerts", "desk", "reconcile"),
    "search": ("elastic", "kibana", "relay-index", "reconcile", "tail"),
    "redis": ("workbench",),
    "postgresql": ("workbench",),
    "grafana": ("admin",),
}


class Passwords:
    """Passwords by server and user; showing the object shows none of them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> made = Passwords.make(Path(tempfile.mkdtemp()) / "secrets.env")
    >>> len(made.of("kafka", "worker"))
    32
    >>> made
    Passwords(22 of them)
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    @classmethod
    def make(cls, path: Path, *, force: bool = False) -> Self:
        """Draw new passwords and write them to a file that only its owner can read.

        Raises
        ------
        ParameterError
            If the file exists and ``force`` is not given.
        """
        refuse(path, force=force)
        made = cls(
            {
                variable(server, user): secrets.token_urlsafe(24)
                for server, users in USERS.items()
                for user in users
            }
        )
        made.write(path)
        return made

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file.

        Raises
        ------
        ParameterError
            If it is not there.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            raise ParameterError.of(
                f"{path} (no such file)",
                allowed="the file that `workbench services secrets` writes",
                hint="make it with that command, or name another --dir",
            ) from None
        pairs = (line.partition("=") for line in lines if "=" in line and line[0] != "#")
        return cls({name: value for name, _, value in pairs})

    def write(self, path: Path, beside: Mapping[str, str] | None = None) -> None:
        """Write them, and what belongs to them, where only the owner can read it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {**self._values, **(beside or {})}
        text = "".join(f"{name}={value}\n" for name, value in values.items())
        private(partial_of(path), "# Made by `workbench services secrets`.\n" + text)
        publish(partial_of(path), path)

    def of(self, server: str, user: str) -> str:
        """Return a user's password.

        Raises
        ------
        ParameterError
            If there is no such user.
        """
        try:
            return self._values[variable(server, user)]
        except KeyError:
            raise ParameterError.of(
                f"{user!r} as a user of {server}",
                allowed=f"one of {', '.join(USERS.get(server, ()))}",
                hint="choose one, or make new passwords with `workbench services secrets --force`",
            ) from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self._values)} of them)"


def refuse(path: Path, *, force: bool) -> None:
    """Do not replace passwords that servers may know, unless it is ordered.

    Raises
    ------
    ParameterError
        If the file exists and ``force`` is not given.
    """
    if path.exists() and not force:
        raise ParameterError.of(
            f"{path}, which exists,",
            allowed="a new file, since servers know the passwords in the old one",
            hint="keep it, or replace it with --force and set the servers up anew",
        )


def variable(server: str, user: str) -> str:
    """Return the variable that holds a user's password.

    Examples
    --------
    >>> variable("kafka", "relay-alerts")
    'KAFKA_RELAY_ALERTS_PASSWORD'
    """
    return f"{server}_{user}_password".upper().replace("-", "_")


def private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(text)
    return path
