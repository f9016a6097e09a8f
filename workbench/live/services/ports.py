"""Free ports on the loopback interface."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

HOST = "127.0.0.1"
#: Below the range from which the kernel takes ports of outgoing connections: one of those could
#: hold the port of a server that is down for a moment.
LOWEST, HIGHEST = 10_240, 32_768
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free(count: int) -> list[int]:
    """Return ports that nobody has bound, all different.

    Examples
    --------
    >>> len(set(free(3)))
    3
    """
    chosen: list[int] = []
    draw = random.SystemRandom()
    with ExitStack() as held:
        while len(chosen) < count:
            port = draw.randrange(LOWEST, _end())
            held.enter_context(probe := socket.socket())
            if _bound(probe, port):
                chosen.append(port)
    return chosen


def usable(port: int) -> bool:
    """Tell whether a server could listen on the port."""
    with socket.socket() as probe:
        return _bound(probe, port)


def listening(port: int) -> bool:
    """Tell whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _bound(probe: socket.socket, port: int) -> bool:
    # As servers do: connections of a former one that are not yet forgotten do not matter.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
        probe.listen()
    except OSError:
        return False
    return True


def _end() -> int:
    try:
        first = int(_RANGE.read_text().split()[0])
    except OSError:  # not Linux
        return HIGHEST
    return first if first > LOWEST else HIGHEST
