"""Whether a process goes on and is ready, and the address where that and its metrics are told.

``/metrics`` is for Prometheus; ``/health`` answers 200 while the process gives signs of life and
503 when it has stopped doing so; ``/ready`` answers 200 while it does its work. On this machine
only: who wants them elsewhere puts something in front that knows its callers.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.live.telemetry import Telemetry

LOG = logging.getLogger(__name__)
HOST = "127.0.0.1"
#: Seconds without a heartbeat after which a process counts as stuck.
STUCK = 60.0


class Health:
    """Signs of life of one process.

    Parameters
    ----------
    stuck
        Seconds without a sign after which it does not count as alive.

    Attributes
    ----------
    last
        When the last sign was given, in seconds since 1970.
    ready
        Whether the process does its work: set by the process itself.

    Examples
    --------
    >>> health = Health()
    >>> health.beat()
    >>> health.alive, health.ready
    (True, False)
    """

    def __init__(self, stuck: float = STUCK) -> None:
        self.ready = False
        self._stuck = stuck
        self.beat()

    def beat(self) -> None:
        """Say that the process goes on; once a batch, and while it waits."""
        self.last = time.time()
        self._beat = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the last sign is young enough."""
        return time.monotonic() - self._beat <= self._stuck


@contextmanager
def serve(telemetry: Telemetry, port: int | None) -> Iterator[str | None]:
    """Tell metrics and health over HTTP on this machine while the block runs.

    Parameters
    ----------
    telemetry
        Of this process.
    port
        Where; ``0`` for any port that is free (the log says which), ``None`` for nowhere.

    Yields
    ------
    str or None
        The address, ``http://127.0.0.1:PORT``; ``None`` if there is none.

    Raises
    ------
    ParameterError
        If the port is another program's.
    """
    if port is None:
        yield None
        return
    try:
        server = ThreadingHTTPServer((HOST, port), _handler(telemetry))
    except (OSError, OverflowError) as error:
        raise ParameterError.of(
            f"--metrics-port {port} ({error})",
            allowed="a port of this machine that no other program has",
            hint="take another one, or 0 for any that is free",
        ) from error
    address = f"http://{HOST}:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    LOG.info("metrics at %s/metrics", address)
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()


def _handler(telemetry: Telemetry) -> type[BaseHTTPRequestHandler]:
    class Bound(_Handler):
        asked = telemetry

    return Bound


class _Handler(BaseHTTPRequestHandler):
    asked: ClassVar[Telemetry]

    def do_GET(self) -> None:
        """Answer one of the three questions."""
        health = self.asked.health
        match self.path.partition("?")[0]:
            case "/metrics":
                from prometheus_client.exposition import choose_encoder

                encode, kind = choose_encoder(self.headers.get("Accept") or "")
                self._answer(200, kind, encode(self.asked.registry))
            case "/health":
                self._say(health.alive, "alive", "no sign of life")
            case "/ready":
                self._say(health.ready, "ready", "not ready")
            case _:
                self._answer(404, "text/plain", b"/metrics, /health or /ready\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        """Log nothing: a scrape every few seconds is no news."""

    def _say(self, good: bool, yes: str, no: str) -> None:
        self._answer(200 if good else 503, "text/plain", f"{yes if good else no}\n".encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
