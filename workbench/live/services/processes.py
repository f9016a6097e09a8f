"""Processes of servers: started in a session of their own, ended by their own id and no other."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: How far two readings of one process's start time may lie apart, in seconds.
TOLERANCE = 1.5
#: Seconds between the request to end and the order.
PATIENCE = 30.0

# Those that this process started itself: they must be waited for, or they stay as zombies.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Launch:
    """How a server's process is started.

    Parameters
    ----------
    command
        Program and arguments. Everybody on the machine can read them: no passwords.
    environment
        Variables beside the few that every server gets.
    user
        The unprivileged user to run as, for servers that refuse to run as root.
    farewell
        The signal that asks it to end soon.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    farewell: int = signal.SIGTERM


class Process(BaseModel):
    """A process on this machine: its id and when it started, since ids are used again."""

    model_config = ConfigDict(frozen=True)

    pid: int
    born: float
    farewell: int = signal.SIGTERM

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return self._found() is not None

    def kill(self) -> None:
        """End it at once (SIGKILL), and wait until it is gone."""
        if (found := self._found()) is not None:
            _end([(found, signal.SIGKILL)], 0.0)

    def _found(self) -> psutil.Process | None:
        child = _children.get(self.pid)
        if child is not None and child.poll() is not None:
            del _children[self.pid]
            return None
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.born) < TOLERANCE
            running = same and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return found if running else None


def start(launch: Launch, folder: Path, log: Path) -> Process:
    """Start a server's process; what it prints goes to ``log``.

    Raises
    ------
    OSError
        If the program cannot be run.
    """
    with log.open("ab") as out:
        child = subprocess.Popen(  # noqa: S603 - the project's own commands, no shell
            launch.command,
            cwd=folder,
            env=basics(folder) | dict(launch.environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            # Ctrl-C in this terminal is not meant for the server.
            start_new_session=True,
            user=launch.user,
            group=launch.user,
            extra_groups=None if launch.user is None else [],
        )
    _children[child.pid] = child
    try:
        born = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        born = 0.0  # gone already; whoever waits for its answer will see that
    return Process(pid=child.pid, born=born, farewell=launch.farewell)


def stop(processes: Iterable[Process], patience: float = PATIENCE) -> None:
    """End processes and their children: all are asked, and killed when they take too long."""
    found = [
        (one, process.farewell) for process in processes if (one := process._found()) is not None
    ]
    _end(found, patience)


def basics(folder: Path) -> dict[str, str]:
    """Return the few variables that every server gets; none of this process's secrets."""
    return {
        "PATH": os.environ.get("PATH", os.defpath)
        + os.pathsep
        + "/usr/sbin"
        + os.pathsep
        + "/sbin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
    }


def _end(leaders: list[tuple[psutil.Process, int]], patience: float) -> None:
    family = [leader for leader, _ in leaders]
    for leader, farewell in leaders:
        with suppress(psutil.NoSuchProcess):
            family += leader.children(recursive=True)
            if patience > 0:
                leader.send_signal(farewell)  # psutil looks at the start time first
    left = psutil.wait_procs(family, timeout=patience)[1] if patience > 0 else family
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=PATIENCE)
    for leader, _ in leaders:
        child = _children.pop(leader.pid, None)
        if child is not None:
            child.wait()
