"""``relay``: from Kafka to where others look."""

from typing import Annotated

import typer

from workbench.cli import output
from workbench.cli.options import AsJson, CaseName, MetricsPort, TopicPrefix

app = typer.Typer(
    help="Move scores and alerts from Kafka to where others look.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

UntilIdle = Annotated[
    str | None,
    typer.Option(
        "--until-idle",
        metavar="DURATION",
        help="End when nothing has come for so long, for instance 5s.",
        show_default="go on until stopped",
    ),
]


@app.command()
def alerts(
    case: CaseName,
    topics: TopicPrefix = None,
    until_idle: UntilIdle = None,
    metrics_port: MetricsPort = None,
    json: AsJson = False,
) -> None:
    """Move alerts to RabbitMQ, where other services take them.

    Each goes to the exchange workbench.alerts under the key CASE.SEVERITY, with its alert_id as
    message id, and counts as moved when RabbitMQ has confirmed it. What is no alert goes to
    PREFIX.quarantine. An alert that no queue takes stops the relay.
    """
    from dataclasses import asdict

    from workbench.case import get_case
    from workbench.durations import SECOND, microseconds
    from workbench.live import logs
    from workbench.live.relay_alerts import relay
    from workbench.live.settings import Settings
    from workbench.live.stopping import stoppable
    from workbench.live.telemetry import Telemetry, serve
    from workbench.live.topics import Topics

    idle = None if until_idle is None else microseconds(until_idle) / SECOND
    name = get_case(case).name
    names = Topics(topics or name)
    settings, telemetry = Settings.load(), Telemetry("relay-alerts", names.prefix)
    logs.set_up(telemetry.role, settings=settings)
    with serve(telemetry, metrics_port), stoppable() as stop:
        done = relay(settings, name, names, until_idle=idle, stop=stop, telemetry=telemetry)
    if json:
        output.json(asdict(done))
        return
    output.say(
        f"{done.alerts:,} alerts are confirmed by RabbitMQ; {done.quarantined:,} messages went to "
        "quarantine."
    )


@app.command()
def index(
    case: CaseName,
    topics: TopicPrefix = None,
    until_idle: UntilIdle = None,
    keep: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="For how long before the newest event daily indices are kept.",
        ),
    ] = "400d",
    metrics_port: MetricsPort = None,
    json: AsJson = False,
) -> None:
    """Write scores and alerts into the search engine.

    Reading them again changes nothing. What the index cannot take goes to PREFIX.quarantine.
    """
    from dataclasses import asdict

    from workbench.case import get_case
    from workbench.durations import DAY, SECOND, microseconds
    from workbench.live import logs
    from workbench.live.index.relay import relay
    from workbench.live.settings import Settings
    from workbench.live.stopping import stoppable
    from workbench.live.telemetry import Telemetry, serve
    from workbench.live.topics import Topics

    idle = None if until_idle is None else microseconds(until_idle) / SECOND
    days = microseconds(keep) // DAY
    found = get_case(case)
    names = Topics(topics or found.name)
    settings, telemetry = Settings.load(), Telemetry("relay-index", names.prefix)
    logs.set_up(telemetry.role, settings=settings)
    with serve(telemetry, metrics_port), stoppable() as stop:
        done = relay(settings, names, until_idle=idle, keep=days, stop=stop, telemetry=telemetry)
    if json:
        output.json(asdict(done))
        return
    output.say(
        f"{done.taken:,} documents are new in the index; {done.there:,} were there, "
        f"{done.expired:,} are older than {keep}, {done.quarantined:,} went to quarantine."
    )
