"""``report``: a notebook executed into a published account."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import options, output
from workbench.cli.options import AsJson, Parameters


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The report, for instance fraud.")],
    parameter: Parameters = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The folder to publish in.", show_default="reports/NAME/TIME"
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Publish a report as notebook and page.

    The report's notebook is executed; the page is one self-contained .html. A failed cell leaves
    the partial notebook, and exit code 1.
    """
    from workbench.reports.publish import publish

    published = publish(name, options.parameters(parameter), out)
    if json:
        output.json(published.to_dict())
        return
    if published.headline:
        output.say(published.headline)
    output.places(report=published.html, notebook=published.notebook)
