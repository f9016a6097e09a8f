"""Commands for the servers that live processes need."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import output
from workbench.cli.options import AsJson

if TYPE_CHECKING:
    from workbench.live.services import Services

app = typer.Typer(
    help="Servers for live processes, without Docker.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="Which: kafka, rabbitmq, opensearch, elasticsearch, redis, prometheus, postgresql.",
        show_default="all that can be had",
    ),
]
Dir = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        metavar="DIR",
        help="Where their settings, data and logs lie.",
        show_default="build/services",
    ),
]


@app.command()
def up(
    names: Names = None,
    folder: Dir = None,
    brokers: Annotated[
        int, typer.Option("--brokers", metavar="N", help="Brokers of Kafka: 1, or 3.")
    ] = 1,
    nodes: Annotated[
        int, typer.Option("--nodes", metavar="N", help="Nodes of RabbitMQ: 1, or 3.")
    ] = 1,
    secure: Annotated[
        bool,
        typer.Option(
            "--secure", help="With encryption, users, passwords and rights.", show_default="off"
        ),
    ] = False,
    topics: Annotated[
        list[str] | None,
        typer.Option(
            "--topics",
            metavar="PREFIX",
            help="With --secure, also give rights for topics of this prefix; may be repeated.",
            show_default="the names of the cases",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Start servers, and wait until they answer."""
    services = _services(folder)
    wanted = tuple(names or ())
    if not wanted:
        wanted, missing = services.to_be_had(secure=secure)
        for reason in missing:
            output.note(reason)
    started = services.up(*wanted, brokers=brokers, nodes=nodes, secure=secure)
    if secure and topics and "kafka" in wanted:
        services.grant(*topics)
    before = [name for name in wanted if name not in {service.name for service in started}]
    if before:
        output.note(f"{', '.join(before)}: already up")
    for remark in services.remarks(*wanted, secure=secure):
        output.note(remark)
    _show(services, wanted, json)


@app.command()
def down(
    names: Names = None,
    folder: Dir = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Also remove their data.", show_default="keep it")
    ] = False,
    json: AsJson = False,
) -> None:
    """Stop servers."""
    services = _services(folder)
    stopped = services.down(*(names or ()))
    if remove:
        services.remove(*(names or ()))
    if json:
        output.json({"stopped": stopped})
    else:
        output.say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was up")


@app.command()
def status(names: Names = None, folder: Dir = None, json: AsJson = False) -> None:
    """Show what is up and answers, where it listens and where its log lies."""
    _show(_services(folder), tuple(names or ()), json)


@app.command()
def env(
    names: Names = None,
    folder: Dir = None,
    principal: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="PRINCIPAL",
            help="The process whose users are wanted, for instance worker.",
            show_default="the administrator",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Print the settings with which clients reach what is up.

    They are made for the shell, with passwords: eval "$(workbench services env)".
    """
    import shlex

    settings = _services(folder).environment(principal, *(names or ()))
    if json:
        output.json(settings)
        return
    for name, value in settings.items():
        output.say(f"export {name}={shlex.quote(value)}")


@app.command()
def secrets(
    folder: Dir = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace passwords that exist.", show_default="refuse"),
    ] = False,
) -> None:
    """Draw passwords, for servers here and in Docker.

    They go to secrets.env in DIR and to .env beside compose.yaml, for their owner alone.
    """
    output.places(**{path.name: path for path in _services(folder).secrets(force=force)})


def _services(folder: Path | None) -> "Services":
    from workbench.live.services import Services

    return Services(folder)


def _show(services: "Services", names: tuple[str, ...], json: bool) -> None:
    rows = [
        {
            "name": service.name if len(service.nodes) == 1 else f"{service.name} {node.index + 1}",
            "address": node.at(next(iter(node.ports))),
            "state": services.state(service, node),
            "pid": node.server.pid if node.up and node.server else None,
            "log": str(node.log),
        }
        for service in services.status()
        if not names or service.name in names
        for node in service.nodes
    ]
    if json:
        output.json({"servers": rows})
    elif rows:
        shown = [[str(value or "") for value in row.values()] for row in rows]
        output.table(shown, list(rows[0]))
    else:
        output.say("nothing was set up here")
