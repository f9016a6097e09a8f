"""``search``: the usual questions to the index."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output
from workbench.cli.options import AsJson, CaseName, From, TopicPrefix, Until
from workbench.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence


def search(
    case: CaseName,
    entity: Annotated[
        str | None,
        typer.Option(
            metavar="VALUE",
            help="The history of one card, visitor or patient, the newest first.",
            show_default="give one of the three",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=10_000,
            help="The N alerts with the highest scores.",
            show_default="give one of the three",
        ),
    ] = None,
    by_hour: Annotated[
        bool,
        typer.Option(
            "--by-hour",
            help="Scores and alerts of every hour.",
            show_default="give one of the three",
        ),
    ] = False,
    most: Annotated[
        int,
        typer.Option("--most", metavar="N", min=1, max=10_000, help="The most rows of a history."),
    ] = 100,
    start: From = None,
    until: Until = None,
    topics: TopicPrefix = None,
    json: AsJson = False,
) -> None:
    """Search scores and alerts.

    What is found is what `workbench relay index` has written.
    """
    from workbench.case import get_case
    from workbench.live.index.questions import Questions
    from workbench.live.settings import Settings
    from workbench.moments import ticks

    if (entity is not None) + (top is not None) + by_hour != 1:
        raise ParameterError.of(
            "the question",
            allowed="one of --entity VALUE, --top N and --by-hour",
            hint="ask one at a time",
        )
    first, last = (ticks(time) for time in options.span(start, until))
    found = get_case(case)
    ask = Questions(Settings.load(), topics or found.name)
    numeric: tuple[str, ...] = ("score",)
    if entity is not None:
        rows = ask.history(entity, most, first, last)
        shown = _history(rows)
    elif top is not None:
        rows = ask.top(top, first, last)
        shown = _alerts(rows)
    else:
        rows = ask.by_hour(first, last)
        shown, numeric = _hours(rows), ("scores", "late", "alerts", "mean", "highest")
    if json:
        output.json({"rows": rows})
    elif rows:
        heads = list(shown[0])
        cells = [[output.printable(cell) for cell in row.values()] for row in shown]
        output.table(cells, heads, numeric, whole=("alert", "time"))
    else:
        output.say("nothing was found")


def _history(rows: "Sequence[dict[str, Any]]") -> list[dict[str, str]]:
    return [
        {
            "time": _time(row),
            "event": _text(row, "event_id"),
            "score": _number(row.get("score")),
            "alert": _text(row, "severity"),
            "late": "late" if row.get("late") else "",
        }
        for row in rows
    ]


def _alerts(rows: "Sequence[dict[str, Any]]") -> list[dict[str, str]]:
    return [
        {
            "time": _time(row),
            "entity": _text(row, "entity"),
            "score": _number(row.get("score")),
            "severity": _text(row, "severity"),
            "because of": ", ".join(_text(why, "feature") for why in row.get("reasons", ())[:3]),
            "alert": _text(row, "alert_id"),
        }
        for row in rows
    ]


def _hours(rows: "Sequence[dict[str, Any]]") -> list[dict[str, str]]:
    return [
        {
            "hour": f"{row['hour'][:16]}Z",
            **{name: f"{row[name]:,}" for name in ("scores", "late", "alerts")},
            **{name: _number(row[name]) for name in ("mean", "highest")},
        }
        for row in rows
    ]


def _time(row: "dict[str, Any]") -> str:
    return _text(row, "event_time")[:19] + "Z"


def _text(row: "dict[str, Any]", name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
