"""``publish`` and ``record``: from a recorded stream to topics, and from topics to a stream."""

from typing import Annotated

import typer

from workbench.cli import options, output
from workbench.cli.options import (
    AsJson,
    CaseName,
    LabelDelay,
    MetricsPort,
    StreamFolder,
    TopicPrefix,
)
from workbench.moments import ticks


def publish(
    case: CaseName,
    stream: StreamFolder,
    topics: TopicPrefix = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=1_000,
            help="Partitions of the topics that are made.",
            show_default="6, or what is there",
        ),
    ] = None,
    speed: Annotated[
        str,
        typer.Option(
            metavar="SPEED",
            help="max, a multiple of event time such as 60x, or a rate such as 1000/s.",
        ),
    ] = "max",
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Only what became known from this time on, labels of earlier events too.",
            show_default="the first event",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TIME",
            help="Only what became known before this time.",
            show_default="after the last label",
        ),
    ] = None,
    label_delay: LabelDelay = None,
    metrics_port: MetricsPort = None,
    json: AsJson = False,
) -> None:
    """Publish a stream to Kafka topics, as it became known.

    Events and labels are sent in the order of event_time and known_at; topics that are not there
    are made. Ctrl-C leaves cleanly and says from which time on to go on.

    A stream that is published again is on the topics twice: the worker counts each id once, and
    a recording keeps the first and puts the others into quarantine.
    """
    from workbench.live.publish import publish as send
    from workbench.live.settings import Settings
    from workbench.live.speed import Speed
    from workbench.live.stopping import stoppable
    from workbench.live.telemetry import Telemetry, serve
    from workbench.live.topics import Topics
    from workbench.streams.recorded import Stream

    first, last = (ticks(time) for time in options.span(start, until))
    pace, names = Speed.of(speed), Topics(topics or case)
    recorded = Stream.open(stream, case=case)
    telemetry = Telemetry("publisher", names.prefix)
    with serve(telemetry, metrics_port), stoppable() as stop:
        done = send(
            Settings.load(),
            recorded,
            names,
            speed=pace,
            start=first,
            until=last,
            label_delay=label_delay,
            partitions=partitions,
            stop=stop,
            telemetry=telemetry,
        )
    if json:
        output.json(done.to_dict())
        return
    output.say(str(done))
