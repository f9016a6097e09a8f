"""Options that several commands share, and how their texts are read.

Annotations are evaluated by Typer when the program starts, so command modules do without
``from __future__ import annotations`` and import what these name.
"""

import math
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from workbench.durations import SECOND, microseconds
from workbench.errors import ParameterError
from workbench.moments import moment

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="The case, for instance fraud.")]
StreamFolder = Annotated[
    Path, typer.Option("--stream", metavar="DIR", help="The recorded stream's folder.")
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object on stdout.", show_default="off"),
]
AlertSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--alert",
        metavar="NAME=NUMBER",
        help="Say what alerts are to be like, for instance budget=50; may be repeated.",
        show_default="as the case has it",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        "--parameter",
        metavar="KEY=VALUE",
        help="Set a parameter; may be repeated.",
        show_default="every parameter has its own",
    ),
]
LabelDelay = Annotated[
    str | None,
    typer.Option(
        "--label-delay",
        metavar="DURATION",
        help="How late labels come that carry no known_at, for instance 7d.",
        show_default="the case's own",
    ),
]
Deliver = Annotated[
    str,
    typer.Option("--deliver", metavar="DURATION", help="Interval between deliveries of labels."),
]
Encrypt = Annotated[
    bool,
    typer.Option(
        "--encrypt",
        help="Encrypt the stream; it is read with the same key.",
        show_default="plain",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="The key of pseudonyms and encryption; only its owner may read the file.",
        show_default="WORKBENCH_PSEUDONYM_KEY",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="Seed of every random choice.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TIME",
        help="Only events from this time on: 2018-08-08 or 2018-08-08T12:00:00Z, UTC.",
        show_default="the first event",
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="TIME",
        help="Only events before this time.",
        show_default="after the last event",
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on where it was stopped.", show_default="start anew"),
]
TopicPrefix = Annotated[
    str | None,
    typer.Option(
        "--topics",
        metavar="PREFIX",
        help="What the names of the topics begin with: PREFIX.events, PREFIX.labels, …",
        show_default="the case's name",
    ),
]
UntilIdle = Annotated[
    str | None,
    typer.Option(
        "--until-idle",
        metavar="DURATION",
        help="End when all was read and nothing has come for so long, for instance 5s.",
        show_default="go on until stopped",
    ),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        metavar="PORT",
        help="Tell Prometheus metrics, /health and /ready on this port of 127.0.0.1; 0: any free.",
        show_default="nowhere",
    ),
]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LogLevel = Annotated[
    str,
    typer.Option(
        "--log-level", metavar="LEVEL", help=f"The least that is told: {', '.join(LEVELS)}."
    ),
]


def span(start: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Read ``--from`` and ``--until``.

    Raises
    ------
    ParameterError
        If one is no time, or they leave nothing between them.
    """
    times = moment(start, "--from"), moment(until, "--until")
    if times[0] is not None and times[1] is not None and times[0] >= times[1]:
        raise ParameterError.of(
            f"--from {start} with --until {until}",
            allowed="a span that ends after it begins",
            hint="swap or correct them",
        )
    return times


def seconds(duration: str | None) -> float | None:
    """Read a duration as seconds, nothing as ``None``.

    Examples
    --------
    >>> seconds("1.5s"), seconds(None)
    (1.5, None)
    """
    return None if duration is None else microseconds(duration) / SECOND


def level(name: str) -> str:
    """Read ``--log-level``.

    Raises
    ------
    ParameterError
        If there is no such level.

    Examples
    --------
    >>> level("debug")
    'DEBUG'
    """
    if name.upper() not in LEVELS:
        raise ParameterError.of(
            f"--log-level {name!r}", allowed=", ".join(LEVELS), hint="leave it out for WARNING"
        )
    return name.upper()


def parameters(pairs: list[str] | None, option: str = "-p") -> dict[str, str]:
    """Read ``-p key=value`` pairs.

    Raises
    ------
    ParameterError
        If one has no ``=`` or no key, or a key comes twice.

    Examples
    --------
    >>> parameters(["rate=0.1", "note=a=b"])
    {'rate': '0.1', 'note': 'a=b'}
    """
    read: dict[str, str] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not equals or not key or key in read:
            raise ParameterError.of(
                f"{option} {pair!r}",
                allowed="key=value, each key once",
                hint=f"write for instance {option} rate=0.1",
            )
        read[key] = value.strip()
    return read


def numbers(pairs: list[str] | None, option: str) -> dict[str, float]:
    """Read ``key=number`` pairs; whole numbers stay whole.

    Raises
    ------
    ParameterError
        If one is no such pair, or a key comes twice.

    Examples
    --------
    >>> numbers(["budget=50", "days=7.5"], "--alert")
    {'budget': 50, 'days': 7.5}
    """
    read: dict[str, float] = {}
    for key, text in parameters(pairs, option).items():
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ParameterError.of(
                f"{option} {key}={text}",
                allowed="a number",
                hint=f"write for instance {option} {key}=10",
            )
        read[key] = int(value) if value.is_integer() else value
    return read
