"""What commands print: tables for people, one JSON object for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workbench.replay.estimates import Estimate
    from workbench.replay.evaluation import Measure

#: Width of what is not shown in a terminal: wide enough to keep a table's rows whole.
WIDTH = 110


def say(text: str) -> None:
    """Print lines for people on stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Print a line about the work on stderr."""
    sys.stderr.write(text + "\n")


def json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    import orjson

    option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    say(orjson.dumps(dict(value), option=option, default=str).decode())


def show(renderable: Any) -> None:
    """Print something that rich can draw."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(renderable)


def table(
    rows: Iterable[Sequence[str]],
    heads: Sequence[str],
    numeric: Iterable[str] = (),
    whole: Iterable[str] = (),
) -> None:
    """Print a small table.

    Columns named in ``numeric`` stand to the right; those named in ``whole`` are broken last
    where there is little room.
    """
    from rich.table import Table
    from rich.text import Text

    right, unbroken = set(numeric), set(whole)
    drawn = Table(
        box=None,
        padding=(0, 2, 0, 0),
        header_style="dim",
        pad_edge=False,
        show_header=any(heads),
    )
    for head in heads:
        side: Literal["left", "right"] = "right" if head in right else "left"
        drawn.add_column(head, justify=side, no_wrap=head in unbroken)
    for row in rows:
        # Text and not a string: what stands in square brackets is an interval, not markup.
        drawn.add_row(*(Text(cell) for cell in row))
    show(drawn)


def estimates(
    values: Mapping[str, Estimate],
    measures: Mapping[str, Measure],
    *,
    signed: bool = False,
    verdicts: Mapping[str, str] | None = None,
) -> None:
    """Print metrics with their intervals; of differences also the sign and a verdict."""
    rows = []
    for name, estimate in values.items():
        spec = ("+" if signed else "") + measures[name].spec
        value, _, interval = format(estimate, spec).partition(" [")
        row = [measures[name].title, value, interval.rstrip("]").replace(", ", " to ")]
        rows.append(row + ([verdicts[name]] if verdicts else []))
    heads = ["metric", "difference" if signed else "value", "95 % interval"]
    table(rows, heads + ([""] if verdicts else []), heads[1:2])


def places(**where: object) -> None:
    """Print where each thing lies, whole, for copying."""
    width = max(map(len, where)) + 2
    for name, place in where.items():
        say(f"{name:<{width}}{place}")


def printable(text: str) -> str:
    r"""Return text of others so that it can do nothing to a terminal.

    Examples
    --------
    >>> printable("card\x1b[2J")
    'card\\x1b[2J'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
