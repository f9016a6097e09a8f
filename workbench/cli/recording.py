"""``publish`` and ``record``: from a recorded stream to topics, and from topics to a stream."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import options, output
from workbench.cli.options import (
    AsJson,
    CaseName,
    Encrypt,
    KeyFile,
    LabelDelay,
    LogLevel,
    MetricsPort,
    StreamFolder,
    TopicPrefix,
    UntilIdle,
)
from workbench.cli.working import working
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
    log_level: LogLevel = "WARNING",
    json: AsJson = False,
) -> None:
    """Publish a stream to Kafka topics, as it became known.

    Events and labels are sent in the order of event_time and known_at; topics that are not there
    are made. Ctrl-C leaves cleanly and says from which time on to go on.

    A stream that is published again is on the topics twice: the worker counts each id once, and
    a recording keeps the first and puts the others into quarantine.
    """
    from workbench.live.publish import publish as send
    from workbench.live.speed import Speed
    from workbench.live.topics import Topics
    from workbench.streams.recorded import Stream

    first, last = (ticks(time) for time in options.span(start, until))
    pace, names = Speed.of(speed), Topics(topics or case)
    recorded = Stream.open(stream, case=case)
    with working("publisher", names.prefix, metrics_port, log_level) as (settings, telemetry, stop):
        done = send(
            settings,
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


def record(
    case: CaseName,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The stream's folder to write.")
    ],
    topics: TopicPrefix = None,
    until_idle: UntilIdle = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME|OFFSETS",
            help="Only what became known from this time on; or offsets of partitions, for instance "
            "events/0=120,labels/0=7, where a partition that is not named begins at its first.",
            show_default="everything that is there",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TIME|OFFSETS",
            help="Only what became known before this time, and end when it has passed; or offsets, "
            "where a partition that is not named ends where it is now.",
            show_default="runs until stopped or idle",
        ),
    ] = None,
    encrypt: Encrypt = False,
    key_file: KeyFile = None,
    metrics_port: MetricsPort = None,
    log_level: LogLevel = "WARNING",
    json: AsJson = False,
) -> None:
    """Record Kafka topics as a stream for replay and tuning.

    Each event and each label is kept once; what is bad or comes again goes to quarantine.parquet
    with its place and the reason. Ctrl-C and SIGTERM end the recording and write the stream.

    While it runs, what was read lies in DIR.recording with its offsets. After a crash the same
    command goes on there, with nothing lost or doubled.

    A time has passed when every partition has come to it, or when `workbench publish` promises
    that nothing older is to come.
    """
    from workbench.live.record import record as read
    from workbench.live.topics import Topics

    idle, names = options.seconds(until_idle), Topics(topics or case)
    with working("recorder", names.prefix, metrics_port, log_level) as (settings, telemetry, stop):
        done = read(
            settings,
            case,
            names,
            out,
            start=start,
            until=until,
            idle=idle,
            stop=stop,
            telemetry=telemetry,
            encrypt=encrypt,
            key_file=key_file,
        )
    if json:
        output.json(done.to_dict())
        return
    output.say(str(done))
    output.places(stream=out)
    output.say(f"The next recording goes on with --from {done.offsets}")
