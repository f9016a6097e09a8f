"""``live``: the worker, under its supervisor."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import options
from workbench.cli.options import CaseName, LogLevel, MetricsPort, TopicPrefix, UntilIdle


def live(
    case: CaseName,
    artifact: Annotated[
        Path, typer.Option("--artifact", metavar="ARTIFACT", help="The detector's folder.")
    ],
    state: Annotated[
        Path, typer.Option("--state", metavar="DIR", help="Folder of the worker's checkpoints.")
    ],
    topics: TopicPrefix = None,
    lateness: Annotated[
        str,
        typer.Option(
            "--lateness", metavar="DURATION", help="How far the order of arrival may be out."
        ),
    ] = "2s",
    until_idle: UntilIdle = None,
    checkpoint_every: Annotated[
        str,
        typer.Option(
            "--checkpoint-every", metavar="DURATION", help="Between checkpoints of the state."
        ),
    ] = "30s",
    metrics_port: MetricsPort = None,
    log_level: LogLevel = "WARNING",
) -> None:
    """Score events from Kafka as they come, exactly once.

    Reads PREFIX.events and PREFIX.labels, drives the exported detector over them in event time,
    and writes PREFIX.scores, .alerts and .quarantine in one transaction with what was read.
    Started again with the same --state it goes on where it ended, however it ended.
    """
    from workbench.durations import microseconds
    from workbench.live import logs
    from workbench.live.prepare import prepare
    from workbench.live.settings import Settings
    from workbench.live.stopping import stoppable
    from workbench.live.supervisor import supervise

    prefix, level = topics or case, options.level(log_level)
    told = {
        "artifact": str(artifact),
        "state": str(state),
        "topics": prefix,
        "lateness": microseconds(lateness),
        "until_idle": options.seconds(until_idle),
        "checkpoint_every": options.seconds(checkpoint_every),
        "metrics_port": metrics_port,
        "log_level": level,
    }
    settings = Settings.load()
    logs.set_up("supervisor", level, settings)
    prepare(case, artifact, prefix, settings)
    with stoppable() as stop:
        code = supervise(told, stop)
    if code:
        raise typer.Exit(code)
