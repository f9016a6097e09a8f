"""``report``: a notebook executed into a published account."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output
from workbench.cli.options import AsJson, Parameters

if TYPE_CHECKING:
    from workbench.replay.run import Run
    from workbench.replay.setup import Setup


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The report, for instance fraud.")],
    parameter: Parameters = None,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Report on what this run replayed: its stream, detector and settings.",
            show_default="the notebook's parameters",
        ),
    ] = None,
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
    given = options.parameters(parameter)
    from workbench.replay.run import Run
    from workbench.reports.publish import publish

    replayed = {} if run is None else _replayed(Run.open(run))
    published = publish(name, {**replayed, **given}, out)
    if json:
        output.json(published.to_dict())
        return
    if published.headline:
        output.say(published.headline)
    output.places(report=published.html, notebook=published.notebook)


def _replayed(run: "Run") -> dict[str, Any]:
    """Return what a report's notebook takes to replay the same again."""
    from workbench.replay.setup import Setup

    setup, delay = run.setup, run.label_delay
    plain = _settings(Setup.of(setup.case, setup.detector))
    changed = {name: v for name, v in _settings(setup).items() if plain.get(name) != v}
    return {
        "stream": str(run.stream.path),
        "detector": setup.detector,
        "parameters": changed,
        **({} if delay is None else {"label_delay": delay}),
    }


def _settings(setup: "Setup") -> dict[str, Any]:
    """Return what ``-p`` may set, with its values."""
    from workbench.durations import spell
    from workbench.replay.setup import PACE_SETTINGS

    pace = {name: getattr(setup.pace, name) for name in PACE_SETTINGS}
    return {**setup.parameters, **pace, "warm_up": spell(setup.pace.warm_up)}
