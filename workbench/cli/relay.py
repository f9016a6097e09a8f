"""``relay``: from Kafka to where others look."""

from typing import Annotated

import typer

from workbench.cli import options, output
from workbench.cli.options import AsJson, CaseName, LogLevel, MetricsPort, TopicPrefix, UntilIdle
from workbench.cli.working import working

app = typer.Typer(
    help="Move scores and alerts from Kafka to where others look.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command()
def alerts(
    case: CaseName,
    topics: TopicPrefix = None,
    until_idle: UntilIdle = None,
    metrics_port: MetricsPort = None,
    log_level: LogLevel = "WARNING",
    json: AsJson = False,
) -> None:
    """Move alerts to RabbitMQ, where other services take them.

    Each goes to the exchange workbench.alerts under the key CASE.SEVERITY, with its alert_id as
    message id, and counts as moved when RabbitMQ has confirmed it. What is no alert goes to
    PREFIX.quarantine. An alert that no queue takes stops the relay.
    """
    from dataclasses import asdict

    from workbench.case import get_case
    from workbench.live.relay_alerts import relay
    from workbench.live.topics import Topics

    idle, name = options.seconds(until_idle), get_case(case).name
    names = Topics(topics or name)
    with working("relay-alerts", names.prefix, metrics_port, log_level) as (
        settings,
        telemetry,
        stop,
    ):
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
    log_level: LogLevel = "WARNING",
    json: AsJson = False,
) -> None:
    """Write scores and alerts into the search engine.

    Reading them again changes nothing. What the index cannot take goes to PREFIX.quarantine.
    """
    from dataclasses import asdict

    from workbench.case import get_case
    from workbench.durations import DAY, microseconds
    from workbench.live.index.relay import relay
    from workbench.live.topics import Topics

    idle, days = options.seconds(until_idle), microseconds(keep) // DAY
    names = Topics(topics or get_case(case).name)
    with working("relay-index", names.prefix, metrics_port, log_level) as (
        settings,
        telemetry,
        stop,
    ):
        done = relay(settings, names, until_idle=idle, keep=days, stop=stop, telemetry=telemetry)
    if json:
        output.json(asdict(done))
        return
    output.say(
        f"{done.taken:,} documents are new in the index; {done.there:,} were there, "
        f"{done.expired:,} are older than {keep}, {done.quarantined:,} went to quarantine."
    )
