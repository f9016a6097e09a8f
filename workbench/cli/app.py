"""The commands, in the order in which they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import (
    desk,
    lab,
    live,
    models,
    reconciling,
    recording,
    relay,
    replaying,
    reporting,
    schedules,
    search,
    services,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: What Typer leaves of Ctrl-C.
STOPPED = 130

# Plain help: Typer's boxes cost half a second of imports, which is longer than all the rest.
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"workbench {version('event-workbench')}")
        raise typer.Exit


@app.callback()
def workbench(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the traceback of an error; at any place."),
    ] = False,
) -> None:
    """Replay months of events in seconds, with labels as late as in life.

    A stream is made or imported, inspected, replayed and tuned; a report is published, and
    exactly the detector that was measured is exported, verified and scored elsewhere.

    Exit codes: 0 done; 1 a check failed; 2 bad input; 130 stopped.
    """


COMMANDS: dict[str, Callable[..., None]] = {
    "simulate": streams.simulate,
    "import": streams.import_,
    "inspect": streams.inspect,
    "replay": replaying.replay,
    "tune": replaying.tune,
    "compare": replaying.compare,
    "report": reporting.report,
    "export": models.export,
    "verify": models.verify,
    "score": models.score,
    "publish": recording.publish,
    "record": recording.record,
    "live": live.live,
    "search": search.search,
    "reconcile": reconciling.reconcile,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(schedules.app, name="schedule")
app.add_typer(services.app, name="services")
app.add_typer(relay.app, name="relay")
app.add_typer(desk.app, name="desk")
# Its options are JupyterLab's.
app.command("lab", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    lab.lab
)


def run(arguments: Sequence[str]) -> int:
    """Run a command; errors are raised, what a command says with an exit code is returned."""
    code = typer.main.get_command(app).main(
        list(arguments), prog_name="workbench", standalone_mode=False
    )
    if code == STOPPED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0
