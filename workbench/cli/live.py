"""``live``: the worker, under its supervisor."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import CaseName

TopicsPrefix = Annotated[
    str | None,
    typer.Option(
        "--topics",
        metavar="PREFIX",
        help="What the topics' names begin with.",
        show_default="the case's name",
    ),
]
UntilIdle = Annotated[
    str | None,
    typer.Option(
        "--until-idle",
        metavar="DURATION",
        help="Leave when nothing has come for so long, for instance 5s.",
        show_default="go on until stopped",
    ),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        metavar="PORT",
        help="Tell metrics and health at this port of 127.0.0.1; 0: any free one.",
        show_default="nowhere",
    ),
]


def live(
    case: CaseName,
    artifact: Annotated[
        Path, typer.Option("--artifact", metavar="ARTIFACT", help="The detector's folder.")
    ],
    state: Annotated[
        Path, typer.Option("--state", metavar="DIR", help="Folder of the worker's checkpoints.")
    ],
    topics: TopicsPrefix = None,
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
    log_level: Annotated[
        str, typer.Option("--log-level", metavar="LEVEL", help="DEBUG, INFO, WARNING or ERROR.")
    ] = "WARNING",
) -> None:
    """Score events from Kafka as they come, exactly once.

    Reads PREFIX.events and PREFIX.labels, drives the exported detector over them in event time,
    and writes PREFIX.scores, .alerts and .quarantine in one transaction with what was read.
    Started again with the same --state it goes on where it ended, however it ended.
    """
    from workbench.durations import SECOND, microseconds
    from workbench.live import logs
    from workbench.live.prepare import prepare
    from workbench.live.settings import Settings
    from workbench.live.stopping import stoppable
    from workbench.live.supervisor import supervise

    prefix, level = topics or case, log_level.upper()
    options = {
        "artifact": str(artifact),
        "state": str(state),
        "topics": prefix,
        "lateness": microseconds(lateness),
        "until_idle": None if until_idle is None else microseconds(until_idle) / SECOND,
        "checkpoint_every": microseconds(checkpoint_every) / SECOND,
        "metrics_port": metrics_port,
        "log_level": level,
    }
    settings = Settings.load()
    logs.set_up("supervisor", level, settings)
    prepare(case, artifact, prefix, settings)
    with stoppable() as stop:
        code = supervise(options, stop)
    if code:
        raise typer.Exit(code)
