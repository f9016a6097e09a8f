"""What every long-running command does around its work: settings, log, metrics, a clean end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.live.settings import Settings
    from workbench.live.stopping import Stop
    from workbench.live.telemetry import Telemetry


class Working(NamedTuple):
    """What the work is given: where servers are, whom to tell, and when to end."""

    settings: Settings
    telemetry: Telemetry
    stop: Stop


@contextmanager
def working(role: str, prefix: str, metrics_port: int | None, log_level: str) -> Iterator[Working]:
    """Set up this process for its work, and tell metrics and listen to signals meanwhile.

    Parameters
    ----------
    role
        Which process, as metrics and log have it: ``desk``, ``recorder``, …
    prefix
        What its topics' names begin with.
    metrics_port
        Where metrics are told; nowhere if not given.
    log_level
        The least that the log tells.
    """
    from workbench.cli import options
    from workbench.live import logs
    from workbench.live.settings import Settings
    from workbench.live.stopping import stoppable
    from workbench.live.telemetry import Telemetry, serve

    settings, telemetry = Settings.load(), Telemetry(role, prefix)
    logs.set_up(role, options.level(log_level), settings)
    with serve(telemetry, metrics_port), stoppable() as stop:
        yield Working(settings, telemetry, stop)
