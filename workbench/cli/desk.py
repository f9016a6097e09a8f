"""``desk``: alerts in a database, and what analysts say of them."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from workbench.cli import options, output
from workbench.cli.options import AsJson, CaseName, LogLevel, MetricsPort, UntilIdle
from workbench.cli.working import working

KEEP = "CASE"


class Desk(TyperGroup):
    """Takes what is no command of its own for the name of a case: ``desk fraud``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return a command's name, the command, and what it is given."""
        if args[0] in self.commands and args[0] != KEEP:
            return super().resolve_command(ctx, args)
        return "", self.commands[KEEP], args  # its name is the case's, which is an argument


app = typer.Typer(
    cls=Desk,
    help="Keep alerts in a database, and send verdicts on them as labels.",
    rich_markup_mode=None,
    # `desk --database URL fraud`: the options of the command that keeps a case's alerts.
    context_settings={"ignore_unknown_options": True},
)

Database = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="sqlite:///FILE or postgresql+psycopg://user@host:port/database; the password is "
        "WORKBENCH_DATABASE_PASSWORD.",
        show_default="WORKBENCH_DATABASE, or build/desk/desk.sqlite",
    ),
]


@app.command(KEEP)
def keep(
    case: CaseName,
    database: Database = None,
    until_idle: UntilIdle = None,
    metrics_port: MetricsPort = None,
    log_level: LogLevel = "WARNING",
    json: AsJson = False,
) -> None:
    """Keep the alerts of a case: workbench desk fraud.

    Each is in the database once. They come from the queues that workbench relay alerts fills.
    What is no alert is parked in the queue workbench.alerts.CASE.parked, with the reason.
    """
    from dataclasses import asdict

    from workbench.case import get_case
    from workbench.live.desk.keeping import keep as work

    idle, name = options.seconds(until_idle), get_case(case).name
    with working("desk", name, metrics_port, log_level) as (settings, telemetry, stop):
        done = work(
            settings,
            name,
            database=database,
            until_idle=idle,
            stop=stop,
            telemetry=telemetry,
        )
    if json:
        output.json(asdict(done))
        return
    output.say(
        f"{done.alerts:,} alerts are new at the desk; {done.there:,} were there, "
        f"{done.parked:,} messages were parked."
    )


@app.command()
def verdict(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID", help="The alert.")],
    decision: Annotated[
        str, typer.Argument(metavar="true|false", help="Whether the alert was right.")
    ],
    known_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When this became known: 2018-08-08T12:00:00Z.",
            show_default="now, or the newest event among the desk's alerts if that is earlier",
        ),
    ] = None,
    database: Database = None,
    topics: Annotated[
        str | None,
        typer.Option(
            metavar="PREFIX", help="The alert's topics.", show_default="those that it came from"
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Keep a verdict on an alert, and send it as a label.

    The label goes to PREFIX.labels, and the running detector learns from it as from any other.
    Giving the same verdict again does nothing; giving the other one updates it and sends a label
    again, which a detector that has learned the first one leaves aside.
    """
    from workbench.errors import ParameterError
    from workbench.live.desk.database import opened
    from workbench.live.desk.verdicts import give
    from workbench.live.settings import Settings
    from workbench.moments import moment, ticks

    if decision not in ("true", "false"):
        raise ParameterError.of(
            f"the verdict {decision!r}", allowed="true or false", hint="write one of them"
        )
    settings = Settings.load()
    known = ticks(moment(known_at, "--known-at"))
    with opened(settings, database) as engine:
        given = give(settings, engine, alert_id, decision == "true", known_at=known, topics=topics)
    if json:
        output.json({"verdict": given.what, "topic": given.topic, "label": given.label})
        return
    said = {
        "new": f"The verdict on {alert_id} is kept and sent to {given.topic}",
        "updated": f"The verdict on {alert_id} was another one; it is updated and sent to "
        f"{given.topic}",
        "same": f"The verdict on {alert_id} had been given before and sent to {given.topic}; "
        "nothing was done",
    }
    output.say(f"{said[given.what]}: known at {given.label['known_at']}.")


@app.command("alerts")
def alerts(
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="The most that are shown.")
    ] = 20,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Show alerts without a verdict, those of the latest events first."""
    import orjson

    from workbench.live.desk.database import opened, translated
    from workbench.live.desk.tables import open_alerts
    from workbench.live.settings import Settings

    with opened(Settings.load(), database) as engine, translated(engine, "reading alerts"):
        rows = open_alerts(engine, limit)
    found = [{**orjson.loads(row.document), "topics": row.topics} for row in rows]
    if json:
        output.json({"alerts": found})
        return
    if not found:
        output.say("No alert waits for a verdict.")
        return
    output.table(
        [_line(alert) for alert in found],
        ("alert", "time", "severity", "score", "entity", "reasons"),
        numeric=("score",),
        whole=("alert", "time", "severity", "score"),
    )


def _line(alert: dict[str, Any]) -> list[str]:
    reasons = alert.get("reasons")
    named = reasons if isinstance(reasons, list) else []
    texts = [str(r.get("feature")) for r in named if isinstance(r, dict)]
    cells = [
        alert["alert_id"],
        alert["event_time"][:19],
        alert["severity"],
        f"{alert['score']:.4g}",
        alert["entity"],
        ", ".join(texts[:2]),
    ]
    return [output.printable(cell) for cell in cells]
