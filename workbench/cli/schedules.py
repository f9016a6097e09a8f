"""``schedule run|list|crontab``: reports that are published when they are due."""

from typing import Annotated

import typer

from workbench.cli import output
from workbench.cli.options import AsJson

app = typer.Typer(
    help="Publish reports when they are due: reports/schedule.toml.", rich_markup_mode=None
)


@app.command("run")
def run(
    once: Annotated[
        bool,
        typer.Option(
            "--once", help="Publish what is due now and end.", show_default="go on until Ctrl-C"
        ),
    ] = False,
) -> None:
    """Publish each report when it is due, in the foreground."""
    from workbench.errors import CheckFailed
    from workbench.reports.schedule import Schedule
    from workbench.reports.scheduler import run as follow

    if failed := follow(Schedule.load(), once=once, tell=output.note):
        raise CheckFailed(
            f"{failed} report(s) failed; each says why above, and is tried again at its next time."
        )


@app.command("list")
def list_(json: AsJson = False) -> None:
    """Show the schedule, soonest first."""
    from datetime import UTC, datetime

    from workbench.reports.schedule import Schedule

    schedule = Schedule.load()
    upcoming = schedule.upcoming(datetime.now(UTC))
    if json:
        reports = [
            {"next": time, "name": e.name, "cron": e.cron, "zone": e.zone, "command": e.command}
            for time, e in upcoming
        ]
        output.json({"schedule": str(schedule.file), "reports": reports})
        return
    rows = [
        (f"{time:%Y-%m-%d %H:%M} UTC", e.name, f"{e.cron} {e.zone}", e.command)
        for time, e in upcoming
    ]
    output.table(rows, ("next", "report", "times", "command"))


@app.command("crontab")
def crontab() -> None:
    """Print the schedule as lines for crontab."""
    from workbench.reports.schedule import Schedule

    output.say(Schedule.load().crontab().rstrip())
