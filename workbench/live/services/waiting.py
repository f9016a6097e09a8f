"""Waiting until a server answers, and what is said when it does not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workbench.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.live.services.kinds.base import Kind
    from workbench.live.services.state import Node, Service

PAUSE = 0.1
LAST_LINES = 8
_WIDTH = 300


def wait(kind: Kind, service: Service, node: Node, tell: Callable[[str], None]) -> None:
    """Wait until a server answers.

    Raises
    ------
    ServiceError
        If its process ends, or it does not answer within the kind's patience.
    """
    begun = time.monotonic()
    while not kind.answers(service, node):
        passed = time.monotonic() - begun
        if not node.up:
            raise ServiceError(f"{kind.name} ended right after its start. {_last(node)}")
        if passed > kind.patience:
            raise ServiceError(
                f"{kind.name} does not answer at {node.at(kind.ports[0])} after "
                f"{passed:.0f} s. {_last(node)}"
            )
        tell(f"{passed:.0f} s")
        time.sleep(PAUSE)


def _last(node: Node) -> str:
    """Return the last lines of a server's log in one paragraph."""
    lines = node.log.read_text(errors="replace").splitlines() if node.log.exists() else []
    said = " | ".join(line.strip()[:_WIDTH] for line in lines if line.strip()).strip()
    kept = " | ".join(said.split(" | ")[-LAST_LINES:]) or "nothing"
    return f"The last it said, in {node.log}: {kept}"
